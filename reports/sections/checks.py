"""The table of checks: one line per check, whatever the number of its scopes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.finding import Finding, Severity
from auditor.reports.ranking import ranked
from auditor.reports.sections.findings import anchor
from auditor.reports.thresholds import threshold_of, value_of
from auditor.reports.wording import count, shortened


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check: its worst finding, and how many others it made."""

    severity: str
    code: str
    title: str
    value: str
    threshold: str
    others: str
    anchor: str
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks that found something, those that passed, and those that could not run."""

    open: tuple[CheckRow, ...]
    passed: tuple[CheckRow, ...]
    skipped: tuple[CheckRow, ...]


def checks(findings: Iterable[Finding]) -> Checks:
    """Return the table, in the order of `ranked`."""
    by_code: dict[str, list[Finding]] = {}
    for finding in ranked(findings):
        by_code.setdefault(finding.code, []).append(finding)
    rows = [(found, _row(found)) for found in by_code.values()]
    return Checks(
        tuple(row for found, row in rows if any(f.is_shown for f in found)),
        tuple(row for _, row in rows if row.severity == Severity.PASS),
        tuple(row for _, row in rows if row.severity == Severity.SKIPPED),
    )


def _row(found: list[Finding]) -> CheckRow:
    worst = found[0]
    tally = {s: sum(f.severity is s for f in found[1:]) for s in Severity}
    words = {Severity.PASS: "passed", Severity.INFO: "noted", Severity.SKIPPED: "not checked"}
    others = ", ".join(f"{count(n)} {words.get(s, s.value)}" for s, n in tally.items() if n)
    return CheckRow(
        worst.severity.value,
        worst.code,
        shortened(worst.summary if worst.effect is None else worst.title, 160),
        value_of(worst.effect),
        threshold_of(worst.effect, worst.severity),
        f"elsewhere {others}" if others else "",
        anchor(worst),
        tuple(anchor(f) for f in found if not f.is_shown),
    )
