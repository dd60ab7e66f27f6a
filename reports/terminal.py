"""What a terminal is shown at the end of a command: tables of one line per finding, and what to type next."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from auditor.finding import Finding, fold_unproven
from auditor.record import SPLITS, Record
from auditor.reports.sections.overview import first_things, overview
from auditor.reports.text import described
from auditor.reports.thresholds import threshold_of, value_of
from auditor.reports.wording import count, interval, plural, scope_beside, share, shortened, visible

if TYPE_CHECKING:
    from auditor.reports.compare import Comparison

#: Colours of severities and outcomes, as SGR codes: red, yellow, magenta and green.
COLOURS = {
    "error": "31",
    "warning": "33",
    "undecided": "35",
    "pass": "32",
    "new": "31",
    "worse": "31",
    "not checked any more": "33",
    "resolved": "32",
    "better": "32",
}
BOLD = "1"
#: Letters that a column keeps however narrow the terminal is.
NARROWEST = 24
#: Rows of a comparison that are printed; all stand in its file.
ROWS = 40
#: Names of the split's parts and classes in one line.
NAMED = 6


def conclusion(
    record: Record, *, width: int = 0, colour: bool = False, paragraphs: bool = False
) -> list[str]:
    """Return what is printed after an audit: open findings, what to type, what was trained, the verdict.

    Parameters
    ----------
    record : Record
    width : int
        Columns of the terminal; 0 where lines may be of any length.
    colour : bool
        Colour severities.
    paragraphs : bool
        Say each finding in full below the table.
    """
    opened = first_things(fold_unproven(record.findings))
    lines = table(
        ("severity", "finding", "images", "measured", "threshold"),
        [_row(f) for f in opened],
        width=width,
        colour=colour,
    )
    if paragraphs:
        for finding in opened:
            lines += [
                "",
                _painted(f"{finding.severity.value}  {visible(finding.id)}", finding.severity, colour),
            ]
            lines += [f"  {line}" for line in described(finding).split("\n")]
    trained = list(_trained(record))
    lines += [*([""] if lines else []), *trained] if trained else []
    screen = overview(record)
    commands = [(s.command, s.by_hand) for s in screen.steps if s.command]
    if commands:
        lines += [*([""] if lines else []), "Type next:"]
    for command, before in commands:
        lines += [f"  # {visible(before)}"] if before else []
        lines.append(f"  {visible(command)}")
    verdict = _painted(visible(screen.headline), record.verdict, colour)
    lines += [""] if lines else []
    return [*lines, verdict, f"{visible(record.dataset.name)}: {screen.tally}"]


def comparison_table(comparison: Comparison, *, width: int = 0, colour: bool = False) -> list[str]:
    """Return what is printed after a comparison."""
    from auditor.reports.compare_views import build_compare_page

    page = build_compare_page(comparison)
    lines = [_painted(visible(page.headline), page.level, colour), page.tally]
    lines += [f"{when}: {visible(name)}, {facts}, {verdict}" for when, name, facts, verdict in page.sides]
    rows = [
        (outcome, change.title, change.id, change.before, change.after)
        for outcome, changes in page.findings
        if outcome != "unchanged"
        for change in changes
    ]
    if rows:
        heads = ("outcome", "finding", "check", "before", "after")
        lines += ["", *table(heads, rows[:ROWS], width=width, colour=colour)]
    if len(rows) > ROWS:
        lines.append(f"{plural(len(rows) - ROWS, 'more finding')}: write them with -o compare.html")
    same = sum(len(changes) for outcome, changes in page.findings if outcome == "unchanged")
    return [*lines, f"{plural(same, 'finding is', 'findings are')} unchanged"] if same else lines


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, width: int = 0, colour: bool = False
) -> list[str]:
    """Return rows below their heads, columns in line; the second column gives way on a narrow terminal.

    Examples
    --------
    >>> table(("severity", "finding"), [("error", "Dark images")])
    ['severity  finding', 'error     Dark images']
    """
    if not rows:
        return []
    shown = [[visible(cell) for cell in row] for row in rows]
    columns = list(zip(heads, *shown, strict=True))
    wide = [max(map(_columns, column)) for column in columns]
    room = width - sum(wide) + wide[1] - 2 * (len(wide) - 1)
    if width and wide[1] > room:
        wide[1] = max(room, NARROWEST)
        shown = [[*row[:1], shortened(row[1], wide[1]), *row[2:]] for row in shown]
    lines = []
    for number, row in enumerate([list(heads), *shown]):
        padded = [cell + " " * (size - _columns(cell)) for cell, size in zip(row, wide, strict=True)]
        if colour:
            code = BOLD if number == 0 else COLOURS.get(row[0], "")
            padded[0] = f"\x1b[{code}m{padded[0]}\x1b[0m" if code else padded[0]
        lines.append("  ".join(padded).rstrip())
    return lines


def _row(finding: Finding) -> tuple[str, ...]:
    beside = scope_beside(finding.title, finding.scope)
    scope = f" ({beside})" if beside else ""
    images = f"{count(finding.affected)} of {count(finding.total)}" if finding.total else ""
    return (
        finding.severity.value,
        f"{finding.title}{scope}",
        images,
        value_of(finding.effect),
        threshold_of(finding.effect, finding.severity),
    )


def _trained(record: Record) -> Iterator[str]:
    """Yield what a run adds: the parts of the split, what was augmented, the score and the diagnosis."""
    if record.split is not None:
        counts = record.split.get("counts", {})
        names = [*(p for p in SPLITS if p in counts), *(p for p in counts if p not in SPLITS)]
        parts = [f"{visible(p)} {count(sum(counts[p].values()))}" for p in names]
        yield f"Split: {', '.join(parts)}"
    budgets = [b for b in (record.augmentation or {}).get("budgets", []) if b["made"]]
    if record.augmentation is not None:
        named = ", ".join(f"{visible(b['label'])} {count(b['made'])}" for b in budgets[:NAMED])
        more = (
            f" and {plural(len(budgets) - NAMED, 'more class', 'more classes')}"
            if len(budgets) > NAMED
            else ""
        )
        made = plural(sum(b["made"] for b in budgets), "image")
        yield f"Augmentation: {made} more: {named}{more}" if budgets else "Augmentation: none was needed"
    baseline = record.baseline or {}
    for part, name in (("test", "test"), ("val", "validation")):
        score = baseline.get("scores", {}).get(part, {}).get("balanced_accuracy")
        if score is not None:
            value = interval(score["value"], score["low"], score["high"])
            yield f"Baseline: balanced accuracy {value} on {name}; guessing gets {_chance(record)}"
            break
    for answer in baseline.get("diagnosis", []):
        if answer["verdict"] == "yes":
            yield f"Diagnosis: {visible(answer['question'])}. {visible(answer.get('text', ''))}"


def _chance(record: Record) -> str:
    """Return the balanced accuracy of guessing."""
    return share(1 / max(len((record.baseline or {}).get("labels", [])), 1))


def _painted(text: str, level: str, colour: bool) -> str:
    return f"\x1b[{COLOURS[level]}m{text}\x1b[0m" if colour and level in COLOURS else text


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
