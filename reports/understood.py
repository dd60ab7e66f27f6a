"""What was read, as the first screen, the data card and Markdown say it: layout, splits, classes, groups."""

from __future__ import annotations

from auditor.reading import listed
from auditor.record import SPLITS, Record
from auditor.reports.wording import count, plural

#: Names of classes and notes that are shown; all stand in ``audit.json``.
CLASSES, NOTES = 8, 5


def understood(record: Record) -> tuple[tuple[str, str], ...]:
    """Return what was read, as names and sentences' ends."""
    facts, reading = record.dataset, record.dataset.reading
    layout = reading.layout or facts.kind
    lines = [
        ("Layout", f"{layout}, {plural(facts.images, 'image')}"),
        ("Splits", _splits(record)),
        ("Classes", _classes(record)),
        ("Groups", _groups(record)),
        ("Left out", _left_out(record)),
        *(("Note", note) for note in reading.notes[:NOTES]),
    ]
    more = len(reading.notes) - NOTES
    return (*lines, ("Note", f"{plural(more, 'more note')} in audit.json")) if more > 0 else tuple(lines)


def _splits(record: Record) -> str:
    given, where = record.dataset.splits, dict(record.dataset.reading.splits_from)
    named = [s for s in (*SPLITS, *sorted(set(given) - set(SPLITS))) if s and given.get(s)]
    if not named:
        return "none"
    found = [
        f"{s} {count(given[s])}" + (f" (from {where[s]})" if where.get(s, s) != s else "") for s in named
    ]
    return ", ".join([*found, *([f"in no split {count(given[''])}"] if given.get("") else [])])


def _classes(record: Record) -> str:
    facts = record.dataset
    if not facts.classes:
        return "no labels, as you said" if facts.reading.unlabelled else "no labels were found"
    blank = int((record.images["label"] == "").sum())
    without = f"; {plural(blank, 'image has', 'images have')} no label" if blank else ""
    names = listed(facts.classes, shown=CLASSES)
    source = f" from {facts.reading.labels_from}" if facts.reading.labels_from else ""
    return f"{count(len(facts.classes))}{source}: {names}{without}"


def _groups(record: Record) -> str:
    facts = record.dataset
    if not facts.groups:
        return "none were named"
    source = f" from {facts.reading.groups_from}" if facts.reading.groups_from else ""
    return f"{count(facts.groups)}{source}"


def _left_out(record: Record) -> str:
    facts = record.dataset
    if facts.reading.left_out:
        return "; ".join(map(str, facts.reading.left_out))
    if facts.ignored:
        return f"{plural(facts.ignored, 'file')} (no images: {listed(facts.ignored_examples, facts.ignored)})"
    return "nothing"
