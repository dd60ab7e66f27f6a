"""The self-test is given an auditor that is perfect, blind or hysterical, and must tell them apart."""

import pandas as pd
import pytest

from auditor.commands.planted_faults import selftest
from auditor.errors import DataError
from auditor.finding import Effect, Finding
from auditor.readers import open_dataset
from tests.conftest import write_tree


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("selftest") / "discs", {"red": 50, "green": 40, "blue": 10})


def finding(code, paths, scope="", value=0.0):
    examples = pd.DataFrame({"path": sorted(paths), "score": 1.0})
    effect = Effect.counted("share", value, warn_at=0.5)
    return Finding(
        code=code,
        scope=scope,
        title="t",
        summary="s",
        affected=len(examples),
        total=len(examples),
        effect=effect,
        examples=examples,
    )


class Auditor:
    """Knows the clean copy, and answers as it is told."""

    def __init__(self, answer):
        self.answer, self.tables, self.contents = answer, {}, {}

    def __call__(self, table):
        name = table.parent.name
        self.tables[name] = pd.read_csv(table, keep_default_na=False)
        self.contents[name] = {p: (table.parent / p).read_bytes() for p in self.tables[name]["path"]}
        return self.answer(self, name)


def perfect(auditor, name):
    if name == "clean":
        return []
    alarm = {"shortcut": ("shortcut", "picture"), "shift": ("property-shift", "train-test")}.get(name)
    if alarm:
        return [finding(alarm[0], [], alarm[1], value=1.0)]
    if name == "plain":
        return [finding("shortcut", [], "picture"), finding("property-shift", [], "train-test")]
    clean, faulty = auditor.tables["clean"].set_index("path"), auditor.tables["images"].set_index("path")
    was, now = auditor.contents["clean"], auditor.contents["images"]
    added = [p for p in now if p not in was]
    return [
        finding("exact-duplicate", [p for p in added if now[p] in was.values()]),
        finding("near-duplicate", [p for p in added if now[p] not in was.values()]),
        finding("unreadable", [p for p in was if now[p] != was[p]]),
        finding("label-error", [p for p in was if clean["label"][p] != faulty["label"][p]]),
    ]


def test_a_perfect_auditor_finds_everything(data):
    result = selftest(open_dataset(data), Auditor(perfect), sample=100)
    assert result.images == 100
    assert [s.recall for s in result.scores] == [1.0] * 6
    assert [s.planted for s in result.scores] == [5, 5, 5, 5, 1, 1]
    assert [s.false_alarms for s in result.scores] == [0] * 6
    assert "5 of 5 found" in str(result)
    assert list(result.table()["recall"]) == [1.0] * 6


def test_a_blind_auditor_finds_nothing(data):
    result = selftest(open_dataset(data), Auditor(lambda auditor, name: []), sample=100)
    assert [s.found for s in result.scores] == [0] * 6


def test_an_auditor_that_accuses_everybody_is_found_out(data):
    def hysterical(auditor, name):
        paths = auditor.tables[name]["path"] if name == "images" else []
        codes = ("exact-duplicate", "near-duplicate", "unreadable", "label-error")
        whole = [finding("shortcut", [], "picture", 1.0), finding("property-shift", [], "train-test", 1.0)]
        return [*(finding(code, paths) for code in codes), *whole]

    result = selftest(open_dataset(data), Auditor(hysterical), sample=100)
    assert all(s.recall == 1 for s in result.scores)
    assert all(s.false_alarms > 0.7 * s.clean for s in result.scores)


def test_the_users_files_are_left_alone_and_nothing_is_left_behind(data, tmp_path):
    before = {p: p.read_bytes() for p in sorted(data.rglob("*.png"))}
    selftest(open_dataset(data), Auditor(perfect), sample=60, folder=tmp_path)
    assert {p: p.read_bytes() for p in sorted(data.rglob("*.png"))} == before
    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_plants_the_same_faults(data):
    first, second = Auditor(perfect), Auditor(perfect)
    selftest(open_dataset(data), first, sample=60, seed=3)
    selftest(open_dataset(data), second, sample=60, seed=3)
    assert first.contents == second.contents
    assert all(first.tables[name].equals(second.tables[name]) for name in first.tables)


def test_one_class_or_too_few_images_are_refused(tmp_path):
    with pytest.raises(DataError, match="two classes"):
        selftest(open_dataset(write_tree(tmp_path / "one", {"red": 50})), Auditor(perfect))
    with pytest.raises(DataError, match="at least 40"):
        selftest(open_dataset(write_tree(tmp_path / "few", {"red": 5, "blue": 5})), Auditor(perfect))
