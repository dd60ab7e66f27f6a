import json

import pandas as pd
import pytest
from PIL import Image

from auditor.dataset import Dataset, LocalFiles
from auditor.errors import DataError, OutputError, UsageError
from auditor.reports.decisions import (
    apply_decisions,
    quarantine,
    read_decisions,
    undo_quarantine,
    write_manifest,
)
from auditor.reports.reviewed import note_decisions


@pytest.fixture
def data(tmp_path):
    root = tmp_path / "data"
    names = ["hat/a.png", "hat/b.png", "shoe/c.png", "shoe/=d.png"]
    for i, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (40 * i, 0, 0)).save(root / name)
    samples = pd.DataFrame({"path": names, "label": ["hat", "hat", "shoe", "shoe"], "split": "", "group": ""})
    return Dataset(
        name="data", kind="class folders", location=str(root), samples=samples, source=LocalFiles(str(root))
    )


def written(file, *rows, fingerprint="f" * 64):
    decisions = [dict(zip(("path", "decision", "new_label"), row, strict=False)) for row in rows]
    file.write_text(
        json.dumps(
            {"schema": 1, "kind": "auditor-decisions", "fingerprint": fingerprint, "decisions": decisions}
        )
    )
    return file


def test_dropped_images_leave_and_relabelled_ones_change_class(data, tmp_path):
    before = data.samples.copy()
    decisions = read_decisions(
        written(
            tmp_path / "d.json",
            ("hat/a.png", "drop"),
            ("hat/b.png", "relabel", "shoe"),
            ("shoe/c.png", "keep"),
        )
    )
    made = apply_decisions(data, decisions, fingerprint="f" * 64)
    assert made[["path", "label"]].to_numpy().tolist() == [
        ["hat/b.png", "shoe"],
        ["shoe/c.png", "shoe"],
        ["shoe/=d.png", "shoe"],
    ]
    pd.testing.assert_frame_equal(data.samples, before)


def test_csv_and_json_say_the_same(tmp_path):
    (tmp_path / "d.csv").write_text(
        "path,label,split,decision,new_label,fingerprint\n'=x.png,a,,drop,,abc\n\"b\n.png\",a,,relabel,'-y,abc\n"
    )
    from_csv = read_decisions(tmp_path / "d.csv")
    from_json = read_decisions(
        written(tmp_path / "d.json", ("=x.png", "drop"), ("b\n.png", "relabel", "-y"), fingerprint="abc")
    )
    assert [(d.path, d.decision, d.new_label) for d in from_csv.items] == [
        (d.path, d.decision, d.new_label) for d in from_json.items
    ]
    assert from_csv.fingerprint == from_json.fingerprint == "abc"
    assert from_csv.decided() == {"=x.png", "b\n.png"}


def test_decisions_for_other_data_are_refused(data, tmp_path):
    decisions = read_decisions(written(tmp_path / "d.json", ("hat/a.png", "drop")))
    with pytest.raises(DataError, match="decisions for ffffffffffff"):
        apply_decisions(data, decisions, fingerprint="0" * 64)
    with pytest.raises(DataError, match="that it lacks"):
        apply_decisions(data, read_decisions(written(tmp_path / "e.json", ("nowhere.png", "keep"))))


def test_decisions_answer_whether_the_labels_as_they_stand_are_right(tmp_path):
    """They say nothing where the label has changed since, or the decision was carried out."""
    rows = [
        {"path": "a", "decision": "keep", "label": "hat"},
        {"path": "b", "decision": "relabel", "label": "hat", "new_label": "shoe"},
        {"path": "c", "decision": "drop", "label": "hat"},
        {"path": "d", "decision": "cannot-tell", "label": "hat"},
        {"path": "e", "decision": "keep", "label": "shoe"},
        {"path": "f", "decision": "relabel", "label": "", "new_label": "hat"},
        {"path": "elsewhere", "decision": "keep", "label": "hat"},
    ]
    (tmp_path / "d.json").write_text(
        json.dumps({"schema": 1, "kind": "auditor-decisions", "fingerprint": "", "decisions": rows})
    )
    samples = pd.DataFrame({"path": list("abcdefg"), "label": "hat", "auditor_decision": [""] * 6 + ["keep"]})
    noted = note_decisions(samples, read_decisions(tmp_path / "d.json"))
    assert noted["auditor_label_answer"].tolist() == ["right", "wrong", "unclear", "unclear", "", "", ""]
    assert noted["auditor_decision"].tolist() == ["keep", "relabel", "drop", "cannot-tell", "", "", "keep"]
    assert "auditor_label_answer" not in samples


def test_answers_about_labels_do_not_outlive_their_being_put_right(data, tmp_path):
    decisions = read_decisions(written(tmp_path / "d.json", ("hat/a.png", "relabel", "shoe")))
    asked = data.with_samples(note_decisions(data.samples, decisions))
    assert "auditor_label_answer" in asked.samples
    made = apply_decisions(asked, decisions)
    assert "auditor_label_answer" not in made
    assert made.set_index("path").loc["hat/a.png", ["label", "auditor_decision"]].tolist() == [
        "shoe",
        "relabel",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", "{"),
        ("x.json", "[]"),
        ("x.json", '{"schema": 1, "kind": "other", "fingerprint": "", "decisions": []}'),
        (
            "x.json",
            '{"schema": 1, "kind": "auditor-decisions", "fingerprint": "",'
            '"decisions": [{"path": "a", "decision": "burn"}]}',
        ),
        (
            "x.json",
            '{"schema": 1, "kind": "auditor-decisions", "fingerprint": "",'
            '"decisions": [{"path": "a", "decision": "relabel"}]}',
        ),
        ("x.json", '{"schema": 1, "kind": "auditor-decisions", "fingerprint": "", "decisions": [1]}'),
        ("x.csv", "path,decision\na,keep\na,drop\n"),
        ("x.csv", "path,decision,fingerprint\na,keep,1\nb,drop,2\n"),
    ],
)
def test_what_is_no_file_of_decisions_is_refused(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError):
        read_decisions(tmp_path / name)


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_decisions(tmp_path / "none.json")


def test_the_manifest_is_data_again(data, tmp_path):
    from auditor.readers import open_dataset

    file = write_manifest(data.samples, tmp_path / "elsewhere.csv", data)
    again = open_dataset(file)
    assert sorted(again.samples["label"]) == ["hat", "hat", "shoe", "shoe"]
    assert all(again.source.read(p) for p in again.samples["path"])


def test_a_quarantine_can_be_undone(data, tmp_path):
    decisions = read_decisions(written(tmp_path / "d.json", ("hat/a.png", "drop"), ("shoe/=d.png", "drop")))
    root = tmp_path / "data"
    before = {f: f.read_bytes() for f in root.rglob("*.png")}
    journal = quarantine(data, decisions, tmp_path / "aside")
    assert {f.name for f in root.rglob("*.png")} == {"b.png", "c.png"}
    assert (tmp_path / "aside" / "hat" / "a.png").exists()
    with pytest.raises(UsageError, match="without a journal"):
        quarantine(data, decisions, tmp_path / "aside")
    assert undo_quarantine(journal) == 2
    assert {f: f.read_bytes() for f in root.rglob("*.png")} == before
    assert not journal.exists()


def test_a_broken_off_quarantine_can_be_undone(data, tmp_path, monkeypatch):
    decisions = read_decisions(written(tmp_path / "d.json", ("hat/a.png", "drop"), ("hat/b.png", "drop")))
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / "hat").mkdir()
    import auditor.reports.decisions as module

    real, calls = module._move, []

    def breaks(moves):
        first, *_ = moves
        calls.append(first)
        real([first])
        raise OutputError(expected="x", received="y", hint="z")

    monkeypatch.setattr(module, "_move", breaks)
    with pytest.raises(OutputError):
        quarantine(data, decisions, tmp_path / "aside")
    monkeypatch.setattr(module, "_move", real)
    assert len(calls) == 1
    assert undo_quarantine(tmp_path / "aside") == 1
    assert len(list((tmp_path / "data").rglob("*.png"))) == 4


def test_nothing_is_overwritten(data, tmp_path):
    decisions = read_decisions(written(tmp_path / "d.json", ("hat/a.png", "drop")))
    (tmp_path / "aside" / "hat").mkdir(parents=True)
    (tmp_path / "aside" / "hat" / "a.png").write_text("mine")
    with pytest.raises(OutputError, match="there is one"):
        quarantine(data, decisions, tmp_path / "aside")
    journal = quarantine(data, decisions, tmp_path / "other")
    (tmp_path / "data" / "hat" / "a.png").write_text("came later")
    with pytest.raises(DataError, match="another file"):
        undo_quarantine(journal)
    with pytest.raises(DataError, match="journal of a quarantine"):
        undo_quarantine(tmp_path / "nowhere")


def test_the_next_audit_does_not_ask_again(data, tmp_path):
    from dataclasses import replace

    from auditor.finding import Effect, Finding
    from auditor.readers import open_dataset
    from auditor.reports.html import render_html
    from auditor.reports.thumbnails import wanted
    from tests.reports.examples import images, record

    decisions = read_decisions(
        written(tmp_path / "d.json", ("hat/a.png", "keep"), ("hat/b.png", "relabel", "shoe"))
    )
    again = open_dataset(
        write_manifest(apply_decisions(data, decisions), tmp_path / "clean.csv", data)
    ).samples
    assert again["auditor_decision"].tolist().count("") == 2
    table = pd.concat(
        [again, images(len(again)).drop(columns=["path", "label", "split", "group"])], axis=1
    ).assign(status="ok")
    examples = again[["path"]].assign(score=1.0)
    finding = Finding(
        code="dark", title="t", summary="s", effect=Effect.counted("e", 1.0, warn_at=0.5), examples=examples
    )
    made = replace(
        record(),
        images=table,
        findings=(finding,),
        split_findings=(),
        baseline=None,
        augmentation=None,
        exhibits={},
        thumbnails={},
    )
    text = render_html(made)
    assert "2 rows of evidence decided in an earlier review, not asked again" in text
    asked = [p for p in again["path"] if p.endswith(("c.png", "=d.png"))]
    card = text[text.index('id="finding-dark"') : text.index("</article>")]
    assert [p for p in again["path"] if p in card] == asked
    assert wanted(replace(made, images=table.assign(label=""))) == asked
    later = apply_decisions(
        replace(data, samples=again), read_decisions(written(tmp_path / "e.json", (asked[0], "keep")))
    )
    assert later["auditor_decision"].tolist().count("") == 1
