"""The one order of findings: on the page, in its first steps, on the terminal, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.finding import Finding, Severity

#: With one of these nothing that is measured later means what it says: mend them before all else.
ABOVE_ALL = (
    "unlabelled",
    "unreadable",
    "truncated",
    "split-leak",
    "group-leak",
    "source-leak",
)
#: Among equally severe findings: what the data can be read as, then what is in it several times, then its
#: quality.
THEN = (
    "empty-class",
    "unseen-class",
    "label-names",
    "group-names",
    "wrong-extension",
    "decoder-mismatch",
    "animated",
    "conflicting-labels",
    "exact-duplicate",
    "near-duplicate",
    "class-imbalance",
)
#: Severities at which a finding of `ABOVE_ALL` is certain enough to stand there.
CERTAIN = (Severity.ERROR, Severity.WARNING)


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in the order in which a reader should take them; waived ones last.

    Examples
    --------
    >>> from auditor.finding import Effect
    >>> made = [Finding(code=c, title="", summary="", effect=Effect.counted("e", v, warn_at=0, error_at=9))
    ...         for c, v in (("dark", 99), ("exact-duplicate", 99), ("split-leak", 1), ("blurry", 1))]
    >>> [f.code for f in ranked(made)]
    ['split-leak', 'exact-duplicate', 'dark', 'blurry']
    """
    return sorted(findings, key=_rank)


def _rank(finding: Finding) -> tuple[bool, bool, int, int]:
    first = finding.code in ABOVE_ALL and finding.severity in CERTAIN
    order = (*ABOVE_ALL, *THEN)
    place = order.index(finding.code) if finding.code in order else len(order)
    return finding.waiver is not None, not first, finding.severity.rank, place
