"""After an audit: other formats, comparisons, decisions, and the check at the head of a training script."""

import json
import shutil

import pandas as pd
import pytest

import auditor
from auditor.errors import DataError, NotFitError, UsageError
from tests.checks.shapes import shapes
from tests.conftest import encoded, picture, write_tree

FAST = auditor.Config(select=("unreadable", "exact-duplicate", "class-imbalance"))


@pytest.fixture
def data(tmp_path):
    return write_tree(tmp_path / "data", {"red": 8, "blue": 6})


@pytest.fixture
def audited(data, tmp_path):
    auditor.scan(data, output=tmp_path / "old", config=FAST)
    return tmp_path / "old"


def test_several_formats_go_into_a_folder_and_one_into_a_file(audited, tmp_path):
    files = auditor.report(audited, output=tmp_path / "all", formats=["markdown", "junit", "json"])
    assert [f.name for f in files] == ["report.md", "junit.xml", "audit.json"]
    (file,) = auditor.report(audited, output=tmp_path / "note.md", formats=["markdown"])
    assert file == tmp_path / "note.md" and file.read_text() == files[0].read_text()
    with pytest.raises(UsageError, match="formats"):
        auditor.report(audited, formats=["pdf"])


def test_a_comparison_names_what_was_added_removed_and_relabelled(audited, data, tmp_path):
    (data / "red" / "new.png").write_bytes(encoded(picture("red", 99)))
    (data / "blue" / "001.png").unlink()
    (data / "red" / "000.png").rename(data / "blue" / "moved.png")
    auditor.scan(data, output=tmp_path / "new", config=FAST)
    comparison = auditor.compare(audited, tmp_path / "new", output=tmp_path / "diff.html")
    assert not comparison.same_data
    assert (
        comparison.images.counts["added"]
        + comparison.images.counts["removed"]
        + comparison.images.counts["relabelled"]
        >= 3
    )
    assert "<!doctype html>" in (tmp_path / "diff.html").read_text().lower()


def test_a_comparison_shows_files_that_are_still_what_they_were(audited, data, tmp_path):
    for name in ("blue/001.png", "red/000.png"):
        (data / name).unlink()
    (data / "red" / "new.png").write_bytes(encoded(picture("red", 99)))
    auditor.scan(data, output=tmp_path / "new", config=FAST, images=False)
    (data / "red" / "new.png").write_bytes(encoded(picture("blue", 98)))
    comparison = auditor.compare(audited, tmp_path / "new")
    assert comparison.images.counts["removed"] == 2
    auditor.compare(audited, tmp_path / "new", output=tmp_path / "diff.html")
    page = (tmp_path / "diff.html").read_text()
    added = page[page.index("<h3>1 added") :]
    assert "red/new.png" in added and "<use" not in added  # its bytes are others now: the name alone
    (data / "red" / "new.png").write_bytes(encoded(picture("red", 99)))
    auditor.compare(audited, tmp_path / "new", output=tmp_path / "diff.html")
    assert "<use" in (tmp_path / "diff.html").read_text().partition("<h3>1 added")[2]


def test_a_finding_that_is_new_got_worse_and_the_way_back_did_not(audited, data, tmp_path):
    shutil.copy(data / "red" / "000.png", data / "red" / "copy.png")
    auditor.scan(data, output=tmp_path / "new", config=FAST)
    assert auditor.compare(audited, tmp_path / "new").got_worse
    assert not auditor.compare(tmp_path / "new", audited).got_worse


def decisions(tmp_path, audited, items):
    fingerprint = json.loads((audited / "audit.json").read_text())["dataset"]["fingerprint"]
    rows = [
        {"path": p, "decision": d, "new_label": n, "label": "", "fingerprint": fingerprint}
        for p, d, n in items
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "decisions.csv", index=False)
    return tmp_path / "decisions.csv"


def test_decisions_make_a_manifest_that_is_data_again(audited, data, tmp_path):
    file = decisions(
        tmp_path,
        audited,
        [("red/000.png", "drop", ""), ("red/001.png", "relabel", "blue"), ("red/002.png", "keep", "")],
    )
    manifest, journal = auditor.apply(file, data, output=tmp_path / "clean.csv")
    assert journal is None
    again = auditor.open(manifest)
    assert again.samples["label"].value_counts().to_dict() == {"red": 6, "blue": 7}
    assert sum(1 for _ in data.rglob("*.png")) == 14
    assert auditor.scan(again, config=FAST, images=False).record.dataset.unreadable == 0


def test_a_quarantine_can_be_undone(audited, data, tmp_path):
    file = decisions(tmp_path, audited, [("red/000.png", "drop", "")])
    before = (data / "red" / "000.png").read_bytes()
    _, journal = auditor.apply(file, data, output=tmp_path / "clean.csv", quarantine=tmp_path / "aside")
    assert not (data / "red" / "000.png").exists()
    assert auditor.undo(journal) == 1
    assert (data / "red" / "000.png").read_bytes() == before


def test_decisions_for_other_data_are_refused(audited, data, tmp_path):
    file = decisions(tmp_path, audited, [("red/000.png", "drop", "")])
    (data / "red" / "003.png").unlink()
    with pytest.raises(DataError, match="fingerprint"):
        auditor.apply(file, data, output=tmp_path / "clean.csv")
    assert not (tmp_path / "clean.csv").exists()


def test_the_check_lets_audited_data_pass_and_stops_other_data_and_open_findings(audited, data, tmp_path):
    auditor.check(data, audited)
    auditor.check(data, audited / "audit.json", fail_on="warning")
    shutil.copy(data / "red" / "000.png", data / "red" / "copy.png")
    with pytest.raises(NotFitError, match="fingerprint"):
        auditor.check(data, audited)
    strict = auditor.Config(select=("exact-duplicate",), checks={"exact-duplicate": {"warn-share": 0.0}})
    auditor.scan(data, output=tmp_path / "strict", config=strict)
    with pytest.raises(NotFitError, match="exact-duplicate"):
        auditor.check(data, tmp_path / "strict", fail_on="warning")
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(DataError):
        auditor.check(data, tmp_path / "no.json")


def test_the_next_audit_does_not_ask_again_about_what_was_kept(audited, data, tmp_path):
    shutil.copy(data / "red" / "000.png", data / "red" / "copy.png")
    strict = auditor.Config(select=("exact-duplicate",))
    first = auditor.scan(data, output=tmp_path / "first", config=strict)
    (finding,) = [f for f in first.record.findings if f.code == "exact-duplicate"]
    listed = {*finding.examples["path"], *finding.examples["other_path"]}
    assert listed
    file = decisions(tmp_path, tmp_path / "first", [(p, "keep", "") for p in sorted(listed)])
    again = auditor.scan(data, output=tmp_path / "again", config=strict, decisions=file)
    cleaned = auditor.scan(
        auditor.apply(file, data, output=tmp_path / "clean.csv")[0],
        output=tmp_path / "cleaned",
        config=strict,
    )
    for audit, folder in ((again, "again"), (cleaned, "cleaned")):
        (finding,) = [f for f in audit.record.findings if f.code == "exact-duplicate"]
        assert finding.effect.value > 0  # the copies are still counted
        assert "decided in an earlier review" in (tmp_path / folder / "report.html").read_text()
    assert "decided in an earlier review" not in (tmp_path / "first" / "report.html").read_text()


def looked_at(folder, decisions, truth):
    """Decisions of a reviewer who knows the truth, about what the report asks for, after those of earlier
    looks.
    """
    audit = json.loads((folder / "audit.json").read_text())
    (finding,) = [f for f in audit["findings"] if f["code"] == "label-error"]
    for path in finding["details"]["review"]["images"]:
        label, right = path.split("/")[0], truth[path]
        kind = "keep" if label == right else "relabel"
        decisions.append(
            {"path": path, "label": label, "decision": kind, "new_label": "" if kind == "keep" else right}
        )
    content = {"schema": 1, "kind": "auditor-decisions", "decisions": decisions}
    (folder / "decisions.json").write_text(
        json.dumps(content | {"fingerprint": audit["dataset"]["fingerprint"]})
    )
    return finding


def test_looks_turn_a_bound_into_a_measurement(tmp_path):
    """In the same output folder, where the scan is used again and the findings are not."""
    truth = {}
    for number, (place, content) in enumerate(shapes({f"{kind}": 60 for kind in ("disc", "ring")}).items()):
        kind, name = place.split("/")
        label = {"disc": "ring", "ring": "disc"}[kind] if number % 6 == 0 else kind
        (tmp_path / "data" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / label / name).write_bytes(content)
        truth[f"{label}/{name}"] = kind
    config, decisions, out = auditor.Config(select=("label-error",)), [], tmp_path / "out"
    auditor.scan(tmp_path / "data", output=out, config=config)
    first = looked_at(out, decisions, truth)
    assert first["severity"] == "undecided"
    assert len(decisions) == 20
    auditor.scan(tmp_path / "data", output=out, config=config, decisions=out / "decisions.json")
    second = looked_at(out, decisions, truth)
    review, wrong = second["details"]["review"], sum(d["decision"] == "relabel" for d in decisions[:20])
    assert review["listed"]["seen"] + review["rest"]["seen"] == 20
    assert review["found"] == review["listed"]["wrong"] + review["rest"]["wrong"] == wrong > 0
    assert second["severity"] == "warning"
    assert second["effect"]["low"] <= 1 / 6 <= second["effect"]["high"]
    made, _ = auditor.apply(out / "decisions.json", tmp_path / "data", output=tmp_path / "clean.csv")
    third = auditor.scan(made, config=config).record.findings[0]
    assert third.details["review"]["found"] == 0
    asked = {"/".join(path.split("/")[-2:]) for path in third.details["review"]["images"]}
    assert asked <= truth.keys()
    assert not asked & {d["path"] for d in decisions}
