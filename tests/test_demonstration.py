"""The demonstration plants what it says, and counts honestly."""

import hashlib

import pandas as pd
import pytest
from PIL import Image

import auditor
from auditor.commands.demo import demo
from auditor.commands.demonstration import count, make_data
from auditor.errors import OutputError
from auditor.finding import Effect, Finding


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "digits"
    return folder, make_data(folder, seed=0)


def test_what_is_said_to_be_planted_is_there(made):
    folder, planted = made
    by_kind = {p.kind: p.paths for p in planted}
    for path in by_kind["truncated files"]:
        with pytest.raises(OSError, match=r"truncated|broken|image file"), Image.open(folder / path) as image:
            image.load()
    for path in by_kind["JPEG files named .png"]:
        with Image.open(folder / path) as image:
            assert path.endswith(".png") and image.format == "JPEG"
    for path in by_kind["text files named .png"]:
        assert (folder / path).read_bytes().isascii()
    train = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (folder / "train").rglob("*.png")}
    copied = [
        hashlib.sha256((folder / p).read_bytes()).hexdigest() in train
        for p in by_kind["exact copies of training images in test"]
    ]
    assert len(copied) == 8 and all(copied)
    moved = by_kind["mislabelled training images"]
    assert len(moved) == 12
    counts = {p.name: sum(1 for _ in p.iterdir()) for p in (folder / "train").iterdir()}
    assert counts["0"] / counts["9"] > 10


def test_the_same_seed_writes_the_same_files_and_another_one_does_not(made, tmp_path):
    folder, planted = made
    again = make_data(tmp_path / "again", seed=0)
    assert again == planted
    assert {p.relative_to(tmp_path / "again"): p.read_bytes() for p in (tmp_path / "again").rglob("*.*")} == {
        p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.*")
    }
    assert make_data(tmp_path / "other", seed=1) != planted


def audit_with(*findings):
    class Record:
        pass

    record = Record()
    record.findings = findings
    return auditor.Audit(record)


def finding(code, paths, value):
    examples = pd.DataFrame({"path": paths})
    return Finding(
        code=code, title="t", summary="s", effect=Effect.counted("n", value, warn_at=0), examples=examples
    )


def test_what_was_missed_is_counted_as_missed_and_what_is_named_besides_too(made):
    _, planted = made
    truncated = next(p for p in planted if p.code == "truncated")
    outcome = {
        o.planted.kind: o
        for o in count(
            audit_with(finding("truncated", [*truncated.paths[:4], "train/0/innocent.png"], 5)), planted
        )
    }
    assert (outcome["truncated files"].found, outcome["truncated files"].expected) == (4, 6)
    assert outcome["truncated files"].missed == tuple(sorted(truncated.paths[4:]))
    assert outcome["truncated files"].others == 1
    assert outcome["mislabelled training images"].found == 0
    assert outcome["a brightness shift in test"].found == 0


def test_a_finding_that_passed_finds_nothing(made):
    _, planted = made
    passed = finding("truncated", list(next(p for p in planted if p.code == "truncated").paths), 0)
    assert all(o.found == 0 for o in count(audit_with(passed), planted))


def test_the_scan_finds_what_was_planted(made):
    folder, planted = made
    outcomes = {o.planted.kind: o for o in count(auditor.scan(folder, images=False), planted)}
    assert sum(o.found for o in outcomes.values()) >= 38, {
        k: o.missed for k, o in outcomes.items() if o.missed
    }
    assert outcomes["exact copies of training images in test"].found == 8
    assert outcomes["truncated files"].found == 6


def test_a_folder_of_somebody_else_is_not_overwritten(tmp_path):
    (tmp_path / "out" / "digits").mkdir(parents=True)
    (tmp_path / "out" / "digits" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="which holds 'digits'"):
        demo(output=tmp_path / "out")
    assert (tmp_path / "out" / "digits" / "mine.txt").read_text() == "mine"
