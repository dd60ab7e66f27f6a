"""The output folder: nothing of the user's is replaced, results of two data sets never mix."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import auditor
from auditor.errors import DataError, OutputError
from auditor.outputs import (
    MARKER,
    csv_bytes,
    escape_cell,
    make_folder,
    prepare_folder,
    read_csv,
    read_marker,
    round_number,
    round_numbers,
    unescape_cell,
    write_file,
    write_set,
)
from tests.conftest import encoded, picture, write_tree

FAST = auditor.Config(select=("unreadable", "class-imbalance"))
#: Ends of lines for one program or another, signs of formulas, and what looks escaped.
TEXTS = st.text(alphabet="a,\"' \r\n\t\x0b\x0c\x85\u2028\u2029=+-@＝－1;", max_size=8)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_any_text_comes_back_from_csv(tmp_path_factory, rows):
    file = tmp_path_factory.mktemp("csv") / "t.csv"
    table = pd.DataFrame([("x", *row) for row in rows], columns=["path", "label", "=name"])
    file.write_bytes(csv_bytes(table))
    pd.testing.assert_frame_equal(read_csv(file), table, check_dtype=False)


@given(TEXTS)
def test_no_cell_is_a_formula_and_escaping_is_undone(text):
    cell = escape_cell(text)
    assert unescape_cell(cell) == text
    assert cell[:1] not in tuple("=+-@\t\r\n＝＋－＠") or float(cell) == float(text)


def test_a_bare_carriage_return_ends_no_row():
    """Python's csv module and spreadsheets end a row at an unquoted carriage return."""
    table = pd.DataFrame({"path": ["x\r=HYPERLINK(1).png"], "label": ["a\rb"], "score": [0.5]})
    text = csv_bytes(table).decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["path", "label", "score"], ["x\r=HYPERLINK(1).png", "a\rb", "0.5"]]
    assert text.count("\n") == 2 and '"x\r=' in text


def test_numbers_and_missing_cells_are_written_plainly():
    table = pd.DataFrame({"a": [1.5, np.nan], "b": [-3, 4], "c": ["-1", None], "d": [True, False]})
    assert csv_bytes(table) == b"a,b,c,d\n1.5,-3,-1,True\n,4,,False\n"


@given(st.floats(-1e20, 1e20))
def test_arrays_round_as_numbers_do(number):
    """But for ties, which one rounds up and the other to even."""
    (found,) = round_numbers(np.array([number]))
    assert found == pytest.approx(round_number(number), rel=1.01e-5, abs=1e-22)
    assert float(f"{found:.6g}") == pytest.approx(found, rel=1e-12, abs=1e-22)


@pytest.mark.parametrize("kind", ["file", "link", "folder", "broken link"])
def test_what_auditor_did_not_write_is_not_replaced(kind, tmp_path):
    target, mine = tmp_path / "x.csv", tmp_path / "mine.csv"
    mine.write_text("path,label\na,b\n")
    if kind == "file":
        target.write_text("path,label\na,b\n")
    elif kind == "folder":
        target.mkdir()
    else:
        target.symlink_to(mine if kind == "link" else tmp_path / "nowhere")
    with pytest.raises(OutputError, match="nothing of yours"):
        write_file(target, b"new")
    assert (
        mine.read_text() == "path,label\na,b\n"
        and [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []
    )


def test_notes_of_the_user_in_an_output_folder_are_not_replaced(tmp_path):
    make_folder(tmp_path / "out")
    notes, own = tmp_path / "out" / "my-notes.md", tmp_path / "out" / "report.md"
    for file in (notes, own):
        file.write_text("mine")
    with pytest.raises(OutputError, match="nothing of yours"):
        write_file(notes, b"new")
    write_file(own, b"new")
    assert notes.read_text() == "mine" and own.read_text() == "new"


@pytest.mark.parametrize("ending", ["html", "json", "md", "xml"])
def test_a_report_can_be_written_again_and_in_place_of_nothing_else(ending, tmp_path):
    audit = auditor.scan(write_tree(tmp_path / "data", {"red": 6, "blue": 6}), config=FAST)
    other = auditor.scan(write_tree(tmp_path / "other", {"red": 7, "blue": 6}), config=FAST)
    audit.report(tmp_path / f"r.{ending}")
    before = (tmp_path / f"r.{ending}").read_bytes()
    other.report(tmp_path / f"r.{ending}")
    assert (tmp_path / f"r.{ending}").read_bytes() != before
    (tmp_path / f"mine.{ending}").write_text("mine")
    with pytest.raises(OutputError):
        audit.report(tmp_path / f"mine.{ending}")
    assert (tmp_path / f"mine.{ending}").read_text() == "mine"


@pytest.mark.parametrize("name", ["data/red", "data", "data/red/000.png", "project"])
def test_an_output_folder_among_the_users_files_is_refused(name, tmp_path):
    data = write_tree(tmp_path / "data", {"red": 6, "blue": 6})
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "thesis.tex").write_text("mine")
    before = {p: p.stat().st_mtime_ns for p in sorted(tmp_path.rglob("*"))}
    with pytest.raises(OutputError):
        auditor.scan(data, output=tmp_path / name, config=FAST)
    assert {p: p.stat().st_mtime_ns for p in sorted(tmp_path.rglob("*"))} == before


def test_the_folder_of_a_table_is_no_output_folder(tmp_path):
    data = write_tree(tmp_path / "data", {"red": 6, "blue": 6})
    rows = [(f"{label}/{i:03d}.png", label) for label in ("red", "blue") for i in range(6)]
    pd.DataFrame(rows, columns=["path", "label"]).to_csv(data / "images.parquet.csv", index=False)
    with pytest.raises(OutputError, match="among your files"):
        auditor.scan(data / "images.parquet.csv", output=data, config=FAST)


def test_an_output_folder_inside_the_data_is_not_read_as_data(tmp_path):
    data = write_tree(tmp_path / "data", {"red": 6, "blue": 6})
    first = auditor.scan(data, output=data / "auditor-out", config=FAST)
    again = auditor.scan(data, output=data / "auditor-out", config=FAST)
    assert len(first.images) == len(again.images) == 12 and auditor.open(data).classes == ("blue", "red")


def test_results_of_other_data_are_moved_aside_and_never_used(tmp_path):
    one = write_tree(tmp_path / "one", {"red": 10, "blue": 10})
    two = write_tree(tmp_path / "two", {"red": 8, "blue": 8}, seed=9)
    out, said = tmp_path / "auditor-out", []
    auditor.scan(one, output=out, config=FAST)
    auditor.split(one, output=out)
    before = {p.name: p.read_bytes() for p in out.iterdir() if p.is_file() and p.name != MARKER}
    auditor.scan(two, output=out, config=FAST, listeners=auditor.Listeners(notice=said.append))
    assert any("Moved the results of one" in s and "auditor-out.old-1" in s for s in said)
    assert not (out / "split.csv").exists() and auditor.load(out).record.dataset.images == 16
    aside = tmp_path / "auditor-out.old-1"
    assert {p.name: p.read_bytes() for p in aside.iterdir() if p.is_file() and p.name != MARKER} == before
    auditor.scan(one, output=out, config=FAST, listeners=auditor.Listeners(notice=said.append))
    assert (tmp_path / "auditor-out.old-2").is_dir() and auditor.load(out).record.dataset.images == 20


def test_saving_over_results_of_other_data_warns_and_loses_nothing(tmp_path):
    one = auditor.scan(write_tree(tmp_path / "one", {"red": 6, "blue": 6}), config=FAST)
    two = auditor.scan(write_tree(tmp_path / "two", {"red": 7, "blue": 6}), config=FAST)
    one.save(tmp_path / "out")
    with pytest.warns(UserWarning, match="Moved the results of one to .*out.old-1"):
        two.save(tmp_path / "out")
    assert auditor.load(tmp_path / "out.old-1").record.dataset.images == 12
    assert auditor.load(tmp_path / "out").record.dataset.images == 13


def test_a_project_that_was_moved_keeps_its_results(tmp_path):
    project = tmp_path / "project"
    data = write_tree(project / "data", {"red": 6, "blue": 6})
    auditor.scan(data, output=project / "out", config=FAST)
    project.rename(tmp_path / "elsewhere")
    auditor.scan(tmp_path / "elsewhere" / "data", output=tmp_path / "elsewhere" / "out", config=FAST)
    assert sorted(p.name for p in (tmp_path / "elsewhere").iterdir()) == ["data", "out"]


def test_data_that_lies_in_an_output_folder_is_not_moved_away(tmp_path):
    first = write_tree(tmp_path / "first", {"red": 6, "blue": 6})
    out = tmp_path / "out"
    auditor.scan(first, output=out, config=FAST)
    auditor.split(first, output=out, export="csv")
    with pytest.raises(OutputError, match="also holds the data"):
        auditor.scan(out / "manifest.csv", output=out, config=FAST)
    assert (out / "manifest.csv").exists() and (out / "audit.json").exists()


def test_parts_of_an_older_version_of_the_data_do_not_join_its_audit(tmp_path):
    data = write_tree(tmp_path / "data", {"red": 10, "blue": 10})
    auditor.scan(data, output=tmp_path / "out", config=FAST)
    (data / "red" / "000.png").unlink()
    auditor.split(data, output=tmp_path / "out")
    assert auditor.load(tmp_path / "out").record.split is None
    auditor.scan(data, output=tmp_path / "out", config=FAST)
    auditor.split(data, output=tmp_path / "out")
    record = auditor.load(tmp_path / "out").record
    assert record.split is not None and len(record.split_table) == 19


KILLED = """
import os, signal, sys
from pathlib import Path
from auditor import outputs
real = Path.replace
def kill(self, target):
    if Path(target).name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, target)
Path.replace = kill
outputs.write_set(Path(sys.argv[1]), {name: (lambda: b"new") for name in ("a.json", "b.csv", "c.csv")})
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize(
    ("killed_before", "whole"), [(MARKER, b"old"), *((n, b"new") for n in ("a.json", "b.csv", "c.csv"))]
)
def test_a_set_of_files_is_the_old_one_or_the_new_one_wherever_it_was_killed(killed_before, whole, tmp_path):
    write_set(tmp_path / "out", {name: (lambda: b"old") for name in ("a.json", "b.csv", "c.csv")})
    command = [sys.executable, "-c", KILLED, str(tmp_path / "out"), killed_before]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    with pytest.raises(DataError):  # whoever reads it first finishes it; these are no audit
        auditor.load(tmp_path / "out")
    assert {(tmp_path / "out" / n).read_bytes() for n in ("a.json", "b.csv", "c.csv")} == {whole}
    assert "pending" not in read_marker(tmp_path / "out")


def test_a_marker_names_no_file_outside_its_folder(tmp_path):
    make_folder(tmp_path / "out")
    (tmp_path / ".victim.part").write_text("bad")
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "out" / MARKER).write_text(json.dumps({"pending": ["../victim", 7]}))
    write_set(tmp_path / "out", {"a": lambda: b"x"})
    assert (tmp_path / "victim").read_text() == "mine"


def test_an_empty_or_hidden_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".gitignore").write_text("*")
    prepare_folder(tmp_path / "out", str(tmp_path), print)
    assert read_marker(tmp_path / "out")["data"] == ".."


@pytest.mark.parametrize("label", ["-1", "=x", "'-1", "a\rb", "a\u2028b", "a\x0bb", "＝x"])
def test_every_label_comes_back_from_a_manifest(label, tmp_path):
    data = write_tree(tmp_path / "data", {"red": 10, "blue": 10})
    names = {"red": label, "blue": "other"}
    rows = [(str(data / c / f"{i:03d}.png"), name) for c, name in names.items() for i in range(10)]
    plan = auditor.split(pd.DataFrame(rows, columns=["path", "label"]))
    file = auditor.export(plan, "csv", tmp_path / "m.csv")
    assert set(auditor.open(file).classes) == {label, "other"}
    plan = auditor.split(file, output=tmp_path / "out")
    assert all(claim["holds"] for claim in auditor.verify(tmp_path / "out" / "split.csv", file))


def test_a_link_or_pipe_under_a_temporary_name_is_not_followed(tmp_path):
    make_folder(tmp_path / "out")
    (tmp_path / "mine").write_text("mine")
    for name in (".a.part", f"{MARKER}.part", ".b.part"):
        (tmp_path / "out" / name).symlink_to(tmp_path / "mine")
    write_set(tmp_path / "out", {"a": lambda: b"x"})
    write_file(tmp_path / "out" / "b", b"y")
    assert (tmp_path / "mine").read_text() == "mine"
    assert (tmp_path / "out" / "a").read_bytes() == b"x"


def test_two_writers_of_one_folder_do_not_mix_their_sets(tmp_path):
    """The second waits: in between, the first one's temporary files would be its own."""
    begun, order = threading.Event(), []

    def slowly():
        begun.set()
        time.sleep(0.3)
        order.append("first")
        return b"first"

    first = threading.Thread(target=write_set, args=(tmp_path / "out", {"a": slowly, "b": lambda: b"first"}))
    first.start()
    begun.wait()
    write_set(tmp_path / "out", {"a": lambda: order.append("second") or b"second", "b": lambda: b"second"})
    first.join()
    assert order == ["first", "second"]
    assert (tmp_path / "out" / "a").read_bytes() == (tmp_path / "out" / "b").read_bytes() == b"second"


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("moved", [False, True])
def test_files_whose_names_are_no_utf8_come_back_from_every_table(ending, moved, tmp_path):
    for i in range(4):
        folder = tmp_path / "data" / os.fsdecode(b"caf\xe9" if i % 2 else b"tea")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / os.fsdecode(b"\xff%d.png" % i)).write_bytes(encoded(picture("red", i)))
    table = tmp_path / f"t.{ending}"
    auditor.export(auditor.scan(tmp_path / "data", config=FAST), ending, table)
    if moved:
        (tmp_path / "elsewhere").mkdir()
        table = table.rename(tmp_path / "elsewhere" / table.name)
    again = auditor.open(table)
    assert len({again.source.read(path) for path in again.samples["path"]}) == 4
