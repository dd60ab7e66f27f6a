"""What every check keeps to, whatever it looks for. A new check is tested here by its line in ``CHECKS`` alone."""

import dataclasses
import inspect
import json
import math
import re

import numpy as np
import pytest

from auditor.checks import CHECKS, Wording, parameters, run_checks
from auditor.cli import cli
from auditor.evidence import Evidence
from auditor.finding import EXAMPLE_COLUMNS, Effect, Finding, Severity
from tests.checks.plants import collect_plants
from tests.checks.shapes import shape_scan, shapes
from tests.evidence.scenes import encoded, scan_of, scene

#: Checks about files that cannot be read, which therefore count them.
ABOUT_FILES = {
    "unreadable",
    "truncated",
    "wrong-extension",
    "decoder-mismatch",
    "privacy",
    "empty-class",
    "label-names",
    "group-names",
    "unlabelled",
}

every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)


class Runs:
    """Runs each check once on each scan, so that expensive evidence is made once for each scan and not for each test."""

    def __init__(self):
        self.known = {}

    def __call__(self, name, scan, check):
        if (name, check.code) not in self.known:
            self.known[name, check.code] = run_checks(scan, [check()])
        return self.known[name, check.code]


@pytest.fixture(scope="module")
def run():
    return Runs()


def fresh(scan, order=None):
    """The same scan with nothing computed yet, its rows perhaps in another order."""
    order = np.arange(len(scan.images)) if order is None else order
    return Evidence(
        scan.images.iloc[order].reset_index(drop=True),
        scan.signatures[order],
        empty=scan.empty,
        seed=scan.seed,
    )


def plain(finding: Finding):
    """A finding as plain data; its evidence in the order of paths, for ties are in no order."""
    examples = [] if finding.examples is None else finding.examples.astype(object).to_dict("records")
    text = json.dumps([finding.details, finding.parameters], sort_keys=True, default=_rounded)
    rows = sorted(tuple((k, _rounded(v)) for k, v in row.items()) for row in examples)
    return (
        finding.id, finding.severity, finding.title, finding.summary, finding.why, finding.affected, finding.total, finding.effect,
        finding.fix, finding.q_value, finding.classes, finding.splits, json.loads(text, parse_float=_rounded), rows,
    )  # fmt: skip


def _rounded(value):
    return (
        float(f"{float(value):.5g}")
        if isinstance(value, str | float | np.floating) and str(value).replace(".", "").isdigit()
        else value
    )


@pytest.fixture(scope="module")
def mixed():
    """Three classes in three splits with copies across them, one odd picture, an unlabelled one and files that cannot be read."""
    counts = {
        f"{s}/{k}": n
        for s, n in (("train", 24), ("val", 10), ("test", 12))
        for k in ("cross", "disc", "ring")
    }
    files = shapes(counts)
    paths = sorted(files)
    files["test/disc/copy.png"] = files[next(p for p in paths if p.startswith("train/disc"))]
    files["test/ring/copy.jpg"] = encoded(scene(1), "JPEG")
    files["train/ring/twin.png"] = encoded(scene(1))
    files["train/cross/broken.png"] = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
    files["val/cross/short.png"] = files[paths[0]][:200]
    files["val/ring/empty.png"] = b""
    return scan_of(files)


@pytest.fixture(scope="module")
def pristine(mixed):
    return mixed.images.copy(deep=True), mixed.signatures.array.copy()


def test_the_mixed_scan_has_what_it_is_meant_to_have(mixed):
    assert (~mixed.readable).sum() == 3
    assert len(mixed.classes) == 3
    assert mixed.split_names == ("train", "val", "test")


@pytest.fixture(scope="module")
def others(mixed):
    """The mixed scan again: as it is with evidence made in another order, shuffled, and parts of it."""
    again = fresh(mixed)
    again.neighbours(30)
    assert again.probabilities is not None
    return {
        "again": again,
        "shuffled": fresh(mixed, np.random.default_rng(4).permutation(len(mixed.images))),
        "nothing": fresh(mixed, np.arange(0)),
        "one image": fresh(mixed, np.flatnonzero(mixed.readable)[:1]),
        "one class": fresh(mixed, np.flatnonzero(mixed.labels == "disc")),
        "unreadable": fresh(mixed, np.flatnonzero(~mixed.readable)),
        "bare": Evidence(mixed.images.assign(label="", split=""), mixed.signatures),
    }


@every_check
def test_findings_are_well_formed(check, mixed, run):
    findings = run("mixed", mixed, check)
    assert findings
    assert len({f.id for f in findings}) == len(findings)
    for f in findings:
        assert f.code == check.code
        assert f.title.strip()
        assert f.summary.strip()
        assert f.severity in (Severity.SKIPPED, Severity.PASS, Severity.INFO) or f.why.strip()
        assert 0 <= f.affected <= f.total <= len(mixed.images)
        assert f.parameters == parameters(check())
        json.dumps([f.details, f.classes, f.splits], allow_nan=False)
        assert set(f.splits) <= set(mixed.split_names)
        assert set(f.classes) <= set(mixed.classes)
        assert f.fix is None or f.fix.text.strip()
        if isinstance(f.effect, Effect):
            assert all(math.isfinite(v) for v in (f.effect.value, f.effect.low, f.effect.high))
        if f.examples is not None:
            assert set(f.examples.columns) <= set(EXAMPLE_COLUMNS)
            assert set(f.examples["path"]) <= set(mixed.images["path"])
            assert f.examples["score"].is_monotonic_decreasing, "worst first"


@every_check
def test_a_check_is_frozen_and_documented(check):
    assert check.__doc__.strip().endswith(".")
    assert all(isinstance(v, bool | int | float | str) for v in parameters(check()).values()), (
        "thresholds can be set on the command line"
    )
    with pytest.raises((AttributeError, TypeError)):
        check().code = "another"


@every_check
def test_the_input_is_left_unchanged(check, mixed, run, pristine):
    run("mixed", mixed, check)
    assert mixed.images.equals(pristine[0])
    assert (mixed.signatures.array == pristine[1]).all()


@every_check
def test_the_same_scan_gives_the_same_findings(check, mixed, others, run):
    """Also where evidence was made earlier, and more of it."""
    assert [plain(f) for f in run("again", others["again"], check)] == [
        plain(f) for f in run("mixed", mixed, check)
    ]


@every_check
def test_the_order_of_rows_is_irrelevant(check, mixed, others, run):
    """But for which of two equals is named (and its class and split): data sets are sorted by path, and ties go to the first."""

    def judged(findings):
        return [(f.id, f.severity, f.title, f.effect, f.affected, f.total) for f in findings]

    assert judged(run("shuffled", others["shuffled"], check)) == judged(run("mixed", mixed, check))


@every_check
@pytest.mark.parametrize("name", ["nothing", "unreadable"])
def test_without_a_picture_nothing_is_found_in_pictures(check, name, others, run):
    findings = run(name, others[name], check)
    assert findings
    if name == "nothing" or check.code not in ABOUT_FILES:
        assert all(f.severity in (Severity.SKIPPED, Severity.PASS, Severity.INFO) for f in findings)


@every_check
def test_one_image_accuses_nobody(check, others, run):
    findings = run("one image", others["one image"], check)
    assert findings
    bad = [f.id for f in findings if f.severity in (Severity.WARNING, Severity.ERROR)]
    assert not bad or check.code in ("test-too-small", "rare-class", "unlabelled")


@every_check
def test_one_class_is_no_crash(check, others, run):
    assert run("one class", others["one class"], check)


@every_check
def test_what_a_check_needs_is_asked_for(check, others, run):
    findings = run("bare", others["bare"], check)
    assert findings
    if "labels" in check.needs or "splits" in check.needs:
        assert [f.severity for f in findings] == [Severity.SKIPPED]


NAMES = ("حلقة", "Ünï çødé \u202egnp", "<script>alert(1)<\u2215script>", "=1+1", "猫 🐈", 'O\'Brien "x"')


@pytest.fixture(scope="module")
def named():
    files = {}
    for i, name in enumerate(NAMES):
        for split, count in (("train", 6), ("test", 4)):
            for path, data in shapes({f"{split}/{('disc', 'ring')[i % 2]}": count}, seed=i).items():
                files[f"{split}/{name}/{path.rsplit('/', 1)[1]}"] = data
    return scan_of(files)


@every_check
def test_names_in_any_script_are_kept(check, named, run):
    for f in run("named", named, check):
        assert set(f.classes) <= set(NAMES)
        if f.examples is not None:
            assert set(f.examples["path"]) <= set(named.images["path"])


@pytest.fixture(scope="module")
def marred(mixed):
    """The mixed scan with a fifth of its pictures made unreadable, and the same with these left out."""
    lost = np.arange(len(mixed.images)) % 5 == 0
    images = mixed.images.copy()
    images.loc[lost, images.select_dtypes(float).columns] = np.nan
    images.loc[lost, ["status", "reason"]] = ["unreadable", "truncated"]
    images.loc[lost, ["pixel_digest", "phash", "format", "mode"]] = ""
    images.loc[lost, ["width", "height", "bits"]] = 0
    signatures = mixed.signatures.array.copy()
    signatures[lost] = 0
    return Evidence(images, signatures), fresh(mixed, np.flatnonzero(~lost))


@every_check
def test_unreadable_images_are_left_out(check, marred, run):
    if check.code in ABOUT_FILES:
        pytest.skip("it is about unreadable files")
    broken, without = marred
    found = run("marred", broken, check)
    assert [(f.id, f.severity, f.effect, f.affected) for f in found] == [
        (f.id, f.severity, f.effect, f.affected) for f in run("without", without, check)
    ]
    unreadable = set(broken.images["path"][~broken.readable])
    for f in found:
        assert f.examples is None or not unreadable & set(f.examples["path"])


@pytest.fixture(scope="module")
def alone_and_grouped():
    """120 images, and the same in 24 groups of five."""
    alone = shape_scan({f"{s}/{k}": 30 for s in ("train", "test") for k in ("disc", "ring")})
    groups = [f"{s}-{i // 5}" for i, s in enumerate(alone.splits)]
    return alone, Evidence(alone.images.assign(group=groups), alone.signatures)


@every_check
def test_groups_never_narrow_an_interval(check, alone_and_grouped, run):
    """Images of one patient say less than as many of several; a little room is left for intervals read off a grid."""
    alone, grouped = alone_and_grouped
    before = {
        f.id: f.effect
        for f in run("alone", alone, check)
        if f.effect is not None and f.effect.low < f.effect.high
    }
    for f in run("grouped", grouped, check):
        if f.id in before and f.effect is not None and f.effect.low < f.effect.high:
            assert f.effect.high - f.effect.low >= 0.8 * (before[f.id].high - before[f.id].low)


PLANTS = collect_plants()
ALARMS = (Severity.WARNING, Severity.ERROR)
SEEDS = 3


@pytest.fixture(scope="module")
def planted():
    """Findings of a check where its fault was planted, each made once."""
    known = {}

    def find(check, strength, seed):
        if (check.code, strength, seed) not in known:
            known[check.code, strength, seed] = run_checks(PLANTS[check.code](strength, seed), [check()])
        return known[check.code, strength, seed]

    return find


def test_there_is_a_fault_for_every_check_and_no_other():
    """``PLANTS`` of the check's own test, as `tests/checks/plants.py` says."""
    assert sorted(PLANTS) == sorted(check.code for check in CHECKS)


@every_check
def test_data_without_the_fault_raises_no_alarm(check, planted):
    """Counted facts never; estimated ones at most once in twenty audits, and in none of these."""
    assert not [f.summary for seed in range(SEEDS) for f in planted(check, 0, seed) if f.severity in ALARMS]


@every_check
def test_the_planted_fault_raises_an_alarm(check, planted):
    for seed in range(SEEDS):
        assert [f for f in planted(check, 1, seed) if f.severity in ALARMS]


@every_check
def test_the_effect_grows_with_the_fault(check, planted):
    """On average over seeds; once it cannot grow further it stays."""

    def worst(strength, seed):
        effects = [e for f in planted(check, strength, seed) if (e := f.effect) is not None]
        return max((e.value if e.worse == "higher" else -e.value for e in effects), default=0.0)

    grown = [np.mean([worst(strength, seed) for seed in range(SEEDS)]) for strength in (0, 0.5, 1)]
    assert grown[0] < grown[2]
    assert grown[0] <= grown[1] + 1e-9 and grown[1] <= grown[2] + 1e-9


#: Idiom that a reader in a hurry stumbles over, and names of statistics, which go to the details.
FORBIDDEN = re.compile(
    r"flatter|beyond doubt|for a person|\btold\b|so many|is there twice|kolmogorov|cram[eé]r|shannon|p-value|\bV\b",
    re.I,
)
#: A number that does not agree with its noun.
WRONG_PLURAL = re.compile(r"(?<![\d.,])1 (images|sets|classes|groups|files|more images|are|have)\b")


@every_check
@pytest.mark.parametrize("strength", [0, 1])
def test_a_finding_is_said_in_plain_words(check, strength, planted, mixed, run):
    for f in [*planted(check, strength, 0), *run("mixed", mixed, check)]:
        assert len(f.title.split()) <= 8, f.title
        assert f.summary.endswith("."), f.summary
        for text in (f.title, f.summary, f.why, f.fix.text if f.fix else ""):
            assert not FORBIDDEN.search(text), text
            assert not WRONG_PLURAL.search(text), text
            assert "  " not in text and "{" not in text, text


@every_check
def test_titles_have_at_most_eight_words(check):
    wordings = [value for value in vars(check).values() if isinstance(value, Wording)]
    assert wordings
    for words in wordings:
        for title in (words.found, words.fine, words.undecided):
            assert len(title.split()) <= 8, title


@every_check
def test_each_command_can_be_typed(check, planted, mixed, run):
    """The command line takes every command once its placeholders are filled in; no other word in capitals is left."""
    found = [*planted(check, 1, 0), *run("mixed", mixed, check)]
    commands = {f.fix.command for f in found if f.fix} | {
        value.command for value in vars(check).values() if isinstance(value, Wording)
    }
    for command in commands - {None}:
        program, verb, *arguments = command.replace("DATA", "flowers").replace("OUT", "out").split()
        assert program == "auditor" and verb in cli.commands
        assert not any(word.isupper() for word in arguments), "a command runs as it is printed"
        cli.commands[verb].make_context(verb, arguments)


@every_check
def test_help_says_what_every_threshold_is(check):
    section = inspect.getdoc(check).partition("Parameters\n----------\n")[2]
    documented = re.findall(r"^(\w+) : (\w+)$", section, flags=re.MULTILINE)
    assert documented == [(f.name, type(f.default).__name__) for f in dataclasses.fields(check)]
