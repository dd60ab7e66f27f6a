"""The first screen: the verdict in a sentence, the data set in numbers, and what to do first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.finding import Finding, Severity
from auditor.record import SPLITS, Record
from auditor.reports.sections.findings import anchor
from auditor.reports.sections.fixes import by_hand, command_of
from auditor.reports.wording import count, joined, plural, share
from auditor.stats.imbalance import evenness

#: Faults that make every other number of an evaluation meaningless: among equally severe findings they come
#: first.
FIRST = (
    "unlabelled",
    "split-leak",
    "group-leak",
    "conflicting-labels",
    "empty-class",
    "unseen-class",
    "unreadable",
    "truncated",
    "class-imbalance",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A number about the data set, and what it counts."""

    number: str
    text: str


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
    facts: tuple[Fact, ...]
    steps: tuple[Step, ...]
    steps_title: str
    otherwise: str
    sample: str


def overview(record: Record) -> Overview:
    """Return the first screen."""
    ordered = first_things(record.findings)
    steps = _steps(ordered)
    titles = {
        0: "Nothing needs doing first",
        1: "Do this first",
        2: "Do these two first",
        3: "Do these three first",
    }
    return Overview(
        record.verdict.value,
        _headline(record, ordered),
        _tally(record),
        _facts(record),
        steps,
        titles[len(steps)],
        "" if steps else _otherwise(record, ordered),
        sample_in_words(record),
    )


def first_things(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that ask for something, the most urgent first."""
    return sorted(
        (f for f in findings if f.is_open),
        key=lambda f: (f.severity.rank, FIRST.index(f.code) if f.code in FIRST else len(FIRST)),
    )


#: A classifier tells at least two classes apart.
FEWEST_CLASSES = 2


def _headline(record: Record, ordered: Sequence[Finding]) -> str:
    trainable = len(record.dataset.classes) >= FEWEST_CLASSES
    if not ordered and not trainable:
        having = "one class alone" if record.dataset.classes else "no labels"
        checked = sum(f.severity is Severity.PASS for f in record.findings)
        return f"No classifier can be trained on this data, which has {having}: {plural(checked, 'other check')} passed."
    if not ordered:
        checked = sum(f.severity is Severity.PASS for f in record.findings)
        waived = sum(f.waiver is not None for f in record.findings)
        if waived:
            return f"Fit to train on, as agreed: {plural(checked, 'check')} passed, and what else was found is waived ({count(waived)})."
        return (
            f"Fit to train on: {plural(checked, 'check')} passed, none failed."
            if checked
            else "Nothing was checked."
        )
    if ordered[0].severity is Severity.UNDECIDED:
        title = ordered[0].title.rstrip(".")
        rest = f", and {plural(len(ordered) - 1, 'more question')}" if len(ordered) > 1 else ""
        return (
            f"Nothing wrong was shown, but this much data leaves something open: {_continued(title)}{rest}."
        )
    words = {
        Severity.ERROR: "Not fit to train on yet",
        Severity.WARNING: "Fit to train on with care"
        if trainable
        else "No classifier can be trained on this yet",
    }
    worst = ordered[0]
    return f"{words[worst.severity]}: {_continued(worst.title.rstrip('.'))}."


def _continued(title: str) -> str:
    """Return a title as the second half of a sentence; an abbreviation at its head stays as it is."""
    return f"{title[:1].lower()}{title[1:]}" if title[1:2].islower() else title


def _otherwise(record: Record, ordered: Sequence[Finding]) -> str:
    """Return what to do where no finding says what to do."""
    if ordered:
        return "The findings below say what was found; none of them names a remedy."
    if record.baseline is None:
        return (
            "Go on: plan the split, train a baseline and see what it says about the data, with `auditor run`."
        )
    return "Go on to the model that you want; the baseline below is what it has to beat."


def sample_in_words(record: Record) -> str:
    """Return what it means that not all images were read; blank where all were."""
    facts = record.dataset
    if not facts.unmeasured:
        return ""
    measured = facts.images - facts.unmeasured
    return (
        f"The time budget let {count(measured)} of {plural(facts.images, 'image')} be read ({share(measured / facts.images)}), drawn at "
        "random from each class and split. Rates and differences are estimated from them; duplicates, leaks and damaged files among the "
        "others are not seen. Audit without a time budget before you rely on their absence."
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
    found = [Fact(count(facts.images), f"images, {read}")]
    if facts.unique:
        measured = facts.images - facts.unmeasured
        copies = measured - facts.unreadable - facts.unique
        found.append(
            Fact(
                count(facts.unique),
                f"unique images, {share(copies / measured)} copies"
                if copies > 0
                else "unique images, no copies",
            )
        )
    if facts.classes:
        sizes = record.images.loc[record.images["label"] != "", "label"].value_counts()
        even = f", evenness {evenness(sizes.to_numpy()):.2f}" if len(sizes) > 1 else ""
        found.append(
            Fact(count(len(facts.classes)), f"{'class' if len(facts.classes) == 1 else 'classes'}{even}")
        )
    if facts.groups:
        found.append(Fact(count(facts.groups), "groups"))
    named = [s for s in (*SPLITS, *sorted(set(facts.splits) - set(SPLITS))) if s and facts.splits.get(s)]
    if named:
        shown = named[:4]
        found.append(
            Fact(
                " / ".join(count(facts.splits[s]) for s in shown),
                " / ".join(shown) + (" …" if len(named) > 4 else ""),
            )
        )
    return tuple(found)


def _steps(ordered: Sequence[Finding]) -> tuple[Step, ...]:
    steps: list[Step] = []
    said: set[str] = set()
    for finding in ordered:
        if finding.fix is None or len(steps) == 3:
            continue
        command = command_of(finding)
        if finding.code in said or (command and command in said):
            continue
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
