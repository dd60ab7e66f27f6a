import json

import pandas as pd
import pytest
from PIL import Image

from auditor.dataset import Dataset, LocalFiles
from auditor.errors import DataError, OutputError, UsageError
from auditor.reports.decisions import (
    apply_decisions,
    read_decisions,
    write_manifest,
)
from auditor.reports.quarantine import quarantine, undo_quarantine
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
    import auditor.reports.quarantine as module

    real, calls = module._move, []

    def breaks(*move):
        if calls:
            raise OutputError(expected="x", received="y", hint="z")
        calls.append(move)
        real(*move)

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
    with pytest.raises(OutputError, match="which holds 'hat'"):
        quarantine(data, decisions, tmp_path / "aside")
    assert (tmp_path / "aside" / "hat" / "a.png").read_text() == "mine"
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
    assert "Not asked again: 2 rows decided in an earlier review" in text
    asked = [p for p in again["path"] if p.endswith(("c.png", "=d.png"))]
    card = text[text.index('id="finding-dark"') : text.index("</details>", text.index('id="finding-dark"'))]
    assert [p for p in again["path"] if p in card] == asked
    assert wanted(replace(made, images=table.assign(label=""))) == asked
    later = apply_decisions(
        replace(data, samples=again), read_decisions(written(tmp_path / "e.json", (asked[0], "keep")))
    )
    assert later["auditor_decision"].tolist().count("") == 1


def tabled(root, *paths):
    samples = pd.DataFrame({"path": list(paths), "label": "hat", "split": "", "group": ""})
    return Dataset(name="t", kind="table", location="t.csv", samples=samples, source=LocalFiles(str(root)))


def files_of(folder):
    """Every entry of a folder: its bytes, or where it points to."""
    return {
        p.relative_to(folder): p.readlink() if p.is_symlink() else p.read_bytes()
        for p in folder.rglob("*")
        if p.is_symlink() or p.is_file()
    }


def put_aside(root, dataset, aside, *dropped):
    aside.parent.mkdir(exist_ok=True)
    decisions = read_decisions(written(aside.with_name("d.json"), *((p, "drop") for p in dropped)))
    return quarantine(dataset, decisions, aside)


@pytest.mark.parametrize("spelling", ["../a/x.png", "./../a/x.png", "../work/../a/x.png", "../a/X.png"])
def test_files_of_one_name_are_both_kept(spelling, tmp_path):
    root = tmp_path / "work"
    for place, text in ((root / "a" / "x.png", "one"), (root / spelling, "two")):
        place.resolve().parent.mkdir(parents=True, exist_ok=True)
        place.resolve().write_text(text)
    (tmp_path / "work").mkdir(exist_ok=True)
    before = files_of(tmp_path)
    data = tabled(root, "a/x.png", spelling)
    put_aside(root, data, tmp_path / "aside", "a/x.png", spelling)
    assert {p.read_text() for p in (tmp_path / "aside").rglob("*.png")} == {"one", "two"}
    assert undo_quarantine(tmp_path / "aside") == 2
    (tmp_path / "d.json").unlink()
    assert before.items() <= files_of(tmp_path).items()


def test_a_file_that_a_kept_image_needs_stays(tmp_path):
    root = tmp_path / "data"
    (root / "sub").mkdir(parents=True)
    (root / "a.png").write_text("one")
    (root / "link.png").symlink_to("a.png")
    (root / "b.png").write_text("two")
    names = {"a.png#row=3.png": "a.png"}
    data = tabled(root, "a.png", "link.png", "b.png")
    twice = tabled(root, "a.png", "a.png#row=3.png", "b.png")
    twice = Dataset(
        name="t", kind="table", location="t", samples=twice.samples, source=LocalFiles(str(root), names)
    )
    before = files_of(root)
    for number, (dataset, dropped) in enumerate(
        [(data, "a.png"), (twice, "a.png"), (twice, "a.png#row=3.png")]
    ):
        aside = tmp_path / f"aside{number}"
        put_aside(root, dataset, aside, dropped, "b.png")
        assert (root / "a.png").read_text() == "one" and not (root / "b.png").exists()
        assert undo_quarantine(aside) == 1
        assert files_of(root) == before


def test_an_image_listed_twice_and_dropped_twice_comes_back(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    (root / "a.png").write_text("one")
    source = LocalFiles(str(root), {"a.png#row=2.png": "a.png"})
    samples = pd.DataFrame({"path": ["a.png", "a.png#row=2.png"], "label": "x", "split": "", "group": ""})
    data = Dataset(name="t", kind="table", location="t", samples=samples, source=source)
    put_aside(root, data, tmp_path / "aside", "a.png", "a.png#row=2.png")
    assert files_of(root) == {}
    assert undo_quarantine(tmp_path / "aside") == 1
    assert (root / "a.png").read_text() == "one"


@pytest.mark.parametrize("link", ["../store/a.png", "b.png"])
def test_a_relative_link_comes_back(link, tmp_path):
    root = tmp_path / "data"
    (tmp_path / "store").mkdir()
    root.mkdir()
    (root / link).write_text("one")
    (root / "a.png").symlink_to(link)
    before = files_of(tmp_path)
    put_aside(root, tabled(root, "a.png"), tmp_path / "deep" / "aside", "a.png")
    assert not (root / "a.png").is_symlink() and (root / link).read_text() == "one"
    assert undo_quarantine(tmp_path / "deep" / "aside") == 1
    (tmp_path / "deep" / "d.json").unlink()
    assert before.items() <= files_of(tmp_path).items()


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m[0].update(origin="/tmp/elsewhere.png"),
        lambda m: m[0].update(place="../victim.png"),
        lambda m: m[0].update(content=m[1]["content"]),
        lambda m: m.pop(),
        lambda m: m.append(m[0]),
    ],
)
def test_an_edited_journal_moves_nothing(edit, data, tmp_path):
    journal = put_aside(tmp_path / "data", data, tmp_path / "aside", "hat/a.png", "hat/b.png")
    (tmp_path / "victim.png").write_text("mine")
    content = json.loads(journal.read_text())
    edit(content["moves"])
    journal.write_text(json.dumps(content))
    before = files_of(tmp_path)
    with pytest.raises(DataError, match="as auditor wrote it"):
        undo_quarantine(journal)
    assert files_of(tmp_path) == before


def test_undo_is_rehearsed_before_anything_is_moved(data, tmp_path):
    journal = put_aside(tmp_path / "data", data, tmp_path / "aside", "hat/a.png", "hat/b.png", "shoe/c.png")
    (tmp_path / "data" / "shoe" / "c.png").write_text("came later")
    before = files_of(tmp_path)
    with pytest.raises(DataError, match="another file"):
        undo_quarantine(journal)
    assert files_of(tmp_path) == before


def test_a_changed_file_in_the_quarantine_is_not_moved_back(data, tmp_path):
    journal = put_aside(tmp_path / "data", data, tmp_path / "aside", "hat/a.png")
    (tmp_path / "aside" / "hat" / "a.png").write_text("changed")
    with pytest.raises(DataError, match="other content"):
        undo_quarantine(journal)


def test_a_copy_to_another_disk_is_checked_before_the_source_goes(data, tmp_path, monkeypatch):
    import errno
    import shutil

    def no_link(*_, **__):
        raise OSError(errno.EXDEV, "another disk")

    def broken(source, target, **_):
        target.write_bytes(b"cut off")

    monkeypatch.setattr("os.link", no_link)
    real = shutil.copy2
    monkeypatch.setattr("shutil.copy2", broken)
    before = files_of(tmp_path / "data")
    with pytest.raises(OutputError):
        put_aside(tmp_path / "data", data, tmp_path / "aside", "hat/a.png")
    assert files_of(tmp_path / "data") == before
    monkeypatch.setattr("shutil.copy2", real)
    put_aside(tmp_path / "data", data, tmp_path / "other", "hat/a.png")
    assert undo_quarantine(tmp_path / "other") == 1 and files_of(tmp_path / "data") == before


def test_a_quarantine_inside_the_data_is_no_class_and_moves_with_its_folder(tmp_path):
    import auditor
    from tests.conftest import write_tree

    root = write_tree(tmp_path / "data", {"red": 4, "blue": 4})
    put_aside(root, auditor.open(root), root / "aside", "red/000.png")
    assert auditor.open(root).classes == ("blue", "red") and len(auditor.open(root)) == 7
    (root / "aside").rename(tmp_path / "moved")
    assert undo_quarantine(tmp_path / "moved") == 1 and len(auditor.open(root)) == 8


@pytest.mark.parametrize("ending", ["\u2028", "\x85", "\x0b", "\x0c", "\r", "\r=1+1"])
def test_names_with_odd_line_ends_come_back_from_csv(ending, tmp_path):
    from auditor.outputs import csv_bytes

    rows = pd.DataFrame({"path": [f"a{ending}b.png", "c.png"], "decision": ["drop", "keep"]})
    (tmp_path / "d.csv").write_bytes(csv_bytes(rows))
    assert read_decisions(tmp_path / "d.csv").paths("drop") == [f"a{ending}b.png"]


def test_a_class_that_the_data_lacks_is_asked_about(data, tmp_path):
    file = tmp_path / "d.json"
    decisions = read_decisions(written(file, ("hat/a.png", "drop")))
    from dataclasses import replace as changed

    from auditor.reports.decisions import Decision

    misspelt = changed(decisions, items=(Decision(path="hat/a.png", decision="relabel", new_label="sheo"),))
    with pytest.raises(DataError, match="--new-classes"):
        apply_decisions(data, misspelt)
    made = apply_decisions(data, misspelt, new_classes=True)
    assert made.set_index("path")["label"]["hat/a.png"] == "sheo"
