"""What the command line says of the data before anything is measured, and of data that is not there."""

import json

import pytest

from tests.conftest import write_tree
from tests.test_cli import command as command


def test_what_was_understood_comes_first_and_stands_in_the_audit(command, tmp_path):
    write_tree(tmp_path / "discs", {"train_set/red": 4, "train_set/blue": 4, "test/red": 3, "test/blue": 3})
    (tmp_path / "discs/docs").mkdir()
    (tmp_path / "discs/docs/notes.md").write_text("x")
    status, out, _ = command("scan", "discs", "-q")
    assert status == 0
    assert out.splitlines()[:3] == [
        "discs: split folders with class folders, 14 images; train 8 (from train_set), test 6",
        "2 classes from folder names: blue, red",
        "left out: 1 folder (without an image: docs); 1 file (no images: docs/notes.md)",
    ]
    reading = json.loads(next(tmp_path.rglob("audit.json")).read_text())["dataset"]["reading"]
    assert reading["splits_from"] == [["test", "test"], ["train", "train_set"]]
    assert reading["labels_from"] == "folder names"
    assert [part["examples"] for part in reading["left_out"]] == [["docs"], ["docs/notes.md"]]


@pytest.mark.parametrize("options", [["--path", "file", "--root", "discs"], ["--root", "discs"]])
def test_column_and_root_are_options(command, tmp_path, options):
    write_tree(tmp_path / "discs", {"red": 4, "blue": 4})
    lines = [f"{c}/{i:03d}.png,{c}" for c in ("red", "blue") for i in range(4)]
    (tmp_path / "t.csv").write_text("\n".join(["file,label", *lines]))
    assert command("scan", "t.csv", *options, "-q")[0] == 0
    assert command("scan", "t.csv", "-q")[0] == 2


def test_unlabelled_is_an_option(command, tmp_path):
    write_tree(tmp_path / "discs", {"red": 4})
    assert "warning  unlabelled\n" in command("scan", "discs", "-q", "-v")[1]
    _, out, _ = command("scan", "discs", "--unlabelled", "-q", "-v")
    assert "warning  unlabelled\n" not in out and "no labels" in out


@pytest.mark.parametrize("name", ["discs", "discs/", "t.csv"])
def test_data_in_place_of_a_command_is_answered_with_the_command(command, tmp_path, name):
    write_tree(tmp_path / "discs", {"red": 1})
    (tmp_path / "t.csv").write_text("path,label\n")
    status, _, err = command(name, "-q")
    assert status == 2 and f"auditor scan {name} -q" in err


def test_what_is_no_data_is_no_command(command):
    status, _, err = command("scam")
    assert status == 2 and "No such command" in err


@pytest.mark.parametrize(
    ("wrong", "right"), [("flower", "flowers"), ("Flowers", "flowers"), ("tabel.csv", "table.csv")]
)
def test_a_wrong_path_is_answered_with_its_neighbour_first(command, tmp_path, wrong, right):
    (tmp_path / "flowers").mkdir()
    (tmp_path / "table.csv").write_text("x")
    status, _, err = command("scan", wrong)
    assert status == 2 and err.startswith(f"auditor: expected '{right}'")
