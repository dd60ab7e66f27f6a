"""The first screen: the verdict in a sentence, the data set in numbers, and what to do first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.finding import Finding, Severity
from auditor.record import SPLITS, Record
from auditor.reports.ranking import ranked
from auditor.reports.sections.findings import anchor
from auditor.reports.sections.fixes import by_hand, find_command
from auditor.reports.understood import understood
from auditor.reports.wording import count, joined, plural, share
from auditor.stats.imbalance import evenness

#: Classes whose sizes a tile draws as bars.
BARS = 24
#: Width and height of that drawing, in its own units.
BAR_WIDTH, BAR_HEIGHT = 120.0, 24.0
#: A classifier tells at least two classes apart.
FEWEST_CLASSES = 2
#: Things to do first.
STEPS = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """A number about the data set, what it counts, and bars (x, y, width, height) where it has parts."""

    number: str
    text: str
    bars: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One of the things to do first."""

    title: str
    text: str
    command: str
    by_hand: str
    anchor: str
    severity: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first screen says."""

    level: str
    headline: str
    tally: str
    understood: tuple[tuple[str, str], ...]
    facts: tuple[Fact, ...]
    steps: tuple[Step, ...]
    steps_title: str
    otherwise: str
    sample: str


def overview(record: Record) -> Overview:
    """Return the first screen."""
    ordered = first_things(record.findings)
    steps = _steps(ordered)
    return Overview(
        record.verdict.value,
        _headline(record, ordered),
        _tally(record),
        understood(record),
        _facts(record),
        steps,
        {0: "What next", 1: "Do this first"}.get(len(steps), "Do these first"),
        "" if steps else _otherwise(record, ordered),
        sample_in_words(record),
    )


def first_things(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that ask for something, the most urgent first."""
    return ranked(f for f in findings if f.is_open)


def _headline(record: Record, ordered: Sequence[Finding]) -> str:
    trainable = len(record.dataset.classes) >= FEWEST_CLASSES
    passed = sum(f.severity is Severity.PASS for f in record.findings)
    if not ordered:
        return _headline_of_a_pass(record, trainable, passed)
    worst = next(f for f in ordered if f.severity is record.verdict)
    title = _continued(worst.title.rstrip("."))
    if worst.severity is Severity.UNDECIDED and trainable:
        rest = f", and {plural(len(ordered) - 1, 'more question')}" if len(ordered) > 1 else ""
        return f"Nothing is shown to be wrong, but not everything could be decided: {title}{rest}."
    if worst.severity is Severity.ERROR:
        return f"Not fit to train on yet: {title}."
    start = "Fit to train on with care" if trainable else "No classifier can be trained on this yet"
    return f"{start}: {title}."


def _headline_of_a_pass(record: Record, trainable: bool, passed: int) -> str:
    if not trainable:
        having = "one class alone" if record.dataset.classes else "no labels"
        checks = plural(passed, "other check")
        return f"No classifier can be trained on this data, which has {having}: {checks} passed."
    waived = sum(f.waiver is not None for f in record.findings)
    if waived:
        agreed = plural(waived, "finding is", "findings are")
        return f"Fit to train on, as agreed: {plural(passed, 'check')} passed, {agreed} waived."
    if not passed:
        return "Nothing was checked."
    return f"Fit to train on: {plural(passed, 'check')} passed, none failed."


def _continued(title: str) -> str:
    """Return a title as the second half of a sentence; an abbreviation at its head stays as it is."""
    return f"{title[:1].lower()}{title[1:]}" if title[1:2].islower() else title


def _otherwise(record: Record, ordered: Sequence[Finding]) -> str:
    """Return what to do where no finding says what to do."""
    if ordered:
        return "No command helps here: the findings below say what was found."
    if len(record.dataset.classes) < FEWEST_CLASSES:
        return (
            "Name the labels, then scan again: without two classes nothing can be split by class or trained."
        )
    if record.baseline is None:
        return (
            "Run `auditor run`: it plans the split, trains a baseline and says what that shows about the "
            "data."
        )
    return "Train the model that you want; it has to beat the baseline below."


def sample_in_words(record: Record) -> str:
    """Return what it means that not all images were read; blank where all were."""
    facts = record.dataset
    if not facts.unmeasured:
        return ""
    measured = facts.images - facts.unmeasured
    return (
        f"The time budget let {count(measured)} of {plural(facts.images, 'image')} be read "
        f"({share(measured / facts.images)}), drawn at random from each class and split. "
        "Rates and differences are estimated from them; duplicates, leaks and damaged files among the others "
        "are not seen. Audit without a time budget before you rely on their absence."
    )


def _tally(record: Record) -> str:
    counted = [(s, sum(f.severity is s and f.waiver is None for f in record.findings)) for s in Severity]
    words = {
        Severity.ERROR: ("error", "errors"),
        Severity.WARNING: ("warning", "warnings"),
        Severity.UNDECIDED: ("undecided", "undecided"),
        Severity.INFO: ("note", "notes"),
        Severity.PASS: ("check passed", "checks passed"),
        Severity.SKIPPED: ("not checked", "not checked"),
    }
    parts = [plural(n, *words[s]) for s, n in counted if n]
    waived = sum(f.waiver is not None for f in record.findings)
    return " · ".join(
        [
            *parts,
            *([plural(waived, "waived", "waived")] if waived else []),
            plural(record.dataset.unreadable, "unreadable file"),
        ]
    )


def _facts(record: Record) -> tuple[Fact, ...]:
    facts = record.dataset
    read = "all read" if not facts.unreadable else f"{count(facts.unreadable)} unreadable"
    if facts.unmeasured:
        read = f"a sample of {count(facts.images - facts.unmeasured)} read in the time there was"
    found = [Fact(count(facts.images), f"{'image' if facts.images == 1 else 'images'}, {read}")]
    if facts.unique:
        repeats = facts.images - facts.unmeasured - facts.unreadable - facts.unique
        again = plural(repeats, "image repeats", "images repeat")
        text = f"unique; {again} another" if repeats > 0 else "unique, no copies"
        found.append(Fact(count(facts.unique), text))
    if facts.classes:
        sizes = record.images.loc[record.images["label"] != "", "label"].value_counts().to_numpy()
        even = f", evenness {evenness(sizes):.2f}" if len(sizes) > 1 else ""
        noun = "class" if len(facts.classes) == 1 else "classes"
        found.append(Fact(count(len(facts.classes)), f"{noun}{even}", _bars([int(n) for n in sizes])))
    if facts.groups:
        found.append(Fact(count(facts.groups), "group" if facts.groups == 1 else "groups"))
    named = [s for s in (*SPLITS, *sorted(set(facts.splits) - set(SPLITS))) if s and facts.splits.get(s)]
    if named:
        shown = named[:4]
        numbers = " / ".join(count(facts.splits[s]) for s in shown)
        found.append(Fact(numbers, " / ".join(shown) + (" …" if len(named) > 4 else "")))
    return (*found, *_quality(record))


def _bars(sizes: Sequence[int]) -> tuple[tuple[float, float, float, float], ...]:
    """Return the sizes of classes, largest first, as bars that stand side by side."""
    shown = sizes[:BARS] if len(sizes) > 1 else []
    step = BAR_WIDTH / max(len(shown), 1)
    heights = [max(round(BAR_HEIGHT * n / shown[0], 1), 1.0) for n in shown]
    width = round(min(0.75 * step, 12.0), 1)
    return tuple(
        (round(i * min(step, 16.0), 1), round(BAR_HEIGHT - h, 1), width, h) for i, h in enumerate(heights)
    )


def _quality(record: Record) -> list[Fact]:
    """Return what is known about the labels, and how well a small network learned them."""
    found = []
    labels = next((f for f in record.findings if f.code == "label-error" and f.effect is not None), None)
    if labels is not None and labels.effect is not None:
        effect = labels.effect
        bound = effect.name.endswith("at most")  # in one direction: it says nothing about the other
        value = share(effect.value)
        found.append(Fact(f"≤ {value}" if bound else value, "of labels are wrong"))
    scores = (record.baseline or {}).get("scores", {})
    part = next((p for p in ("test", "val") if "balanced_accuracy" in scores.get(p, {})), None)
    if part is not None:
        score = scores[part]["balanced_accuracy"]
        diagnosis = (record.baseline or {}).get("diagnosis", [])
        answers = [d["question"] for d in diagnosis if d["verdict"] == "yes"]
        seen = f"; {joined(answers[:2])}" if answers else ""
        low, high = (f"{100 * score[end]:.0f}" for end in ("low", "high"))
        name = {"test": "test", "val": "validation"}[part]
        text = f"balanced accuracy of the baseline on {name} ({low} to {high}){seen}"
        found.append(Fact(f"{100 * score['value']:.0f} %", text))
    return found


def _steps(ordered: Sequence[Finding]) -> tuple[Step, ...]:
    steps: list[Step] = []
    said: set[str] = set()
    for finding in ordered:
        command = find_command(finding)
        settled = finding.severity is Severity.UNDECIDED and not command  # more data alone would settle it
        if finding.fix is None or settled or finding.code in said or (command and command in said):
            continue
        if len(steps) == STEPS:
            break
        said |= {finding.code, command} - {""}
        steps.append(
            Step(
                finding.title,
                finding.fix.text,
                command,
                by_hand(finding),
                anchor(finding),
                finding.severity.value,
            )
        )
    return tuple(steps)


def listed(names: Sequence[str], most: int = 8) -> str:
    """Return names as a list that ends, with a count of what it leaves out."""
    return (
        joined(names)
        if len(names) <= most
        else f"{', '.join(names[:most])} and {count(len(names) - most)} more"
    )
