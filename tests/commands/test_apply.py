"""`auditor apply` from outside: it says what it did, and replaces nothing of the user's."""

import json
import shutil

import pandas as pd
import pytest

from tests.conftest import write_tree
from tests.test_cli import call


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A table of pictures, and the decisions of a review of it."""
    folder = tmp_path_factory.mktemp("apply")
    tree = write_tree(folder / "discs", {"red": 6, "blue": 6})
    rows = [(p.relative_to(folder).as_posix(), p.parent.name) for p in sorted(tree.rglob("*.png"))]
    pd.DataFrame(rows, columns=["path", "label"]).to_csv(folder / "discs.csv", index=False)
    decided = [
        {"path": "discs/red/000.png", "decision": "drop"},
        {"path": "discs/red/001.png", "decision": "relabel", "new_label": "blue"},
        {"path": "discs/red/002.png", "decision": "keep"},
        {"path": "discs/blue/000.png", "decision": "keep"},
    ]
    content = {"schema": 1, "kind": "auditor-decisions", "fingerprint": "", "decisions": decided}
    (folder / "decisions.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def everything(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def apply(monkeypatch, capsys, *args):
    return call(monkeypatch, capsys, "apply", *args, "-q", "--jobs", "1")


def test_it_says_what_it_did(place, monkeypatch, capsys):
    status, out, _ = apply(monkeypatch, capsys, "decisions.json", "discs.csv")
    assert status == 0 and out.splitlines() == [
        "1 dropped, 1 relabelled, 2 kept as they are",
        "manifest: clean.csv",
    ]
    clean = pd.read_csv("clean.csv").set_index("path")["label"]
    assert len(clean) == 11 and clean[str(place / "discs/red/001.png")] == "blue"


@pytest.mark.parametrize(
    "output", ["discs.csv", "discs/red/000.png", "discs", "decisions.json", "thesis.csv", "link.csv"]
)
def test_nothing_of_the_users_is_replaced(place, output, monkeypatch, capsys):
    (place / "thesis.csv").write_text("path,label\nmine,mine\n")
    (place / "link.csv").symlink_to("discs.csv")
    before = everything(place)
    status, _, err = apply(monkeypatch, capsys, "decisions.json", "discs.csv", "-o", output)
    assert status == 2 and err.count("\n") == 1 and "nothing of yours is overwritten" in err
    assert everything(place) == before


def test_its_own_input_is_not_replaced_by_the_default(place, monkeypatch, capsys):
    apply(monkeypatch, capsys, "decisions.json", "discs.csv")
    second = json.loads((place / "decisions.json").read_text())
    second["decisions"] = [{"path": str(place / "discs/red/003.png"), "decision": "drop"}]
    (place / "d2.json").write_text(json.dumps(second))
    before = everything(place)
    status, _, err = apply(monkeypatch, capsys, "d2.json", "clean.csv")
    assert status == 2 and "which is an input" in err and everything(place) == before
    assert apply(monkeypatch, capsys, "d2.json", "clean.csv", "-o", "clean2.csv")[0] == 0
    assert len(pd.read_csv("clean2.csv")) == 10
    # Its own earlier manifest may be written again.
    assert apply(monkeypatch, capsys, "decisions.json", "discs.csv", "-o", "clean2.csv")[0] == 0
    assert len(pd.read_csv("clean2.csv")) == 11


def test_a_manifest_is_not_written_into_a_folder_of_data(place, monkeypatch, capsys):
    decided = json.loads((place / "decisions.json").read_text())
    decided["decisions"] = [{"path": "red/000.png", "decision": "drop"}]
    (place / "d.json").write_text(json.dumps(decided))
    status, _, err = apply(monkeypatch, capsys, "d.json", "discs", "-o", "discs/clean.csv")
    assert status == 2 and "outside the data" in err and not (place / "discs/clean.csv").exists()


def test_a_new_class_is_asked_about(place, monkeypatch, capsys):
    decided = json.loads((place / "decisions.json").read_text())
    decided["decisions"] = [{"path": "discs/red/000.png", "decision": "relabel", "new_label": "bleu"}]
    (place / "d.json").write_text(json.dumps(decided))
    status, _, err = apply(monkeypatch, capsys, "d.json", "discs.csv")
    assert status == 2 and "'bleu'" in err and "--new-classes" in err and not (place / "clean.csv").exists()
    status, out, _ = apply(monkeypatch, capsys, "d.json", "discs.csv", "--new-classes")
    assert status == 0 and "1 relabelled" in out


@pytest.mark.parametrize("quarantine", ["discs", "discs/red", "discs/red/003.png", "."])
def test_a_quarantine_among_the_users_files_is_refused(place, quarantine, monkeypatch, capsys):
    before = everything(place)
    status, _, err = apply(
        monkeypatch, capsys, "decisions.json", "discs.csv", "-o", "new.csv", "--quarantine", quarantine
    )
    assert status == 2 and err.count("\n") == 1
    after = everything(place)
    after.pop(next((p for p in after if p.name == "new.csv"), None), None)
    assert after == before


@pytest.mark.parametrize("command", [["report", "out", "-o"], ["compare", "out", "out", "-o"]])
@pytest.mark.parametrize("target", ["discs.csv", "discs/red/000.png", "page.html"])
def test_reports_replace_nothing_of_the_users(place, command, target, monkeypatch, capsys):
    call(monkeypatch, capsys, "scan", "discs.csv", "-o", "out", "-q", "--select", "unreadable", "--no-images")
    (place / "page.html").write_text("<p>mine")
    before = everything(place)
    status, _, err = call(monkeypatch, capsys, *command, target)
    assert status == 2 and "nothing of yours is overwritten" in err and everything(place) == before


def test_help_is_in_whole_sentences(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = call(monkeypatch, capsys, "--help")
    listed = out.split("Commands:\n")[1].strip().splitlines()
    assert len(listed) >= 11 and all(line.endswith(".") and not line.endswith("...") for line in listed)


def test_a_selftest_shows_what_it_is_doing(tmp_path, monkeypatch, capsys):
    data = write_tree(tmp_path / "discs", {"red": 30, "blue": 30})
    status, out, err = call(monkeypatch, capsys, "selftest", data, "--sample", "40")
    assert status == 0 and "found" in out and err.count("Scanning") == 5
    status, _, err = call(monkeypatch, capsys, "selftest", data, "--sample", "40", "-q")
    assert status == 0 and err == ""
