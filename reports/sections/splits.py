"""The split: the certificate, and the split checks once more on what was planned."""

from __future__ import annotations

import math
from dataclasses import dataclass

from auditor.finding import Finding, Severity
from auditor.record import Record
from auditor.reports.charts.bars import Bars, draw_bars
from auditor.reports.sections.classes import split_names
from auditor.reports.sections.findings import FindingView, view
from auditor.reports.sections.pictures import Pictures
from auditor.reports.sections.plain_table import PlainTable, plain_table
from auditor.reports.wording import joined, plural, share

ORIGINS = {
    "kept": "The split is kept as it was published.",
    "planned": "The split was planned.",
    "carved": "A part was missing and was cut from training.",
    "repaired": "The published split was repaired.",
}


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim of the certificate."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Splits:
    """The section about the split."""

    words: str
    claims: tuple[ClaimView, ...]
    failing: int
    agreement: str
    bars: Bars | None
    checks: tuple[FindingView, ...]
    passed: tuple[FindingView, ...]
    as_before: int
    trade_off: PlainTable | None
    notes: tuple[str, ...]


def splits(record: Record, pictures: Pictures) -> Splits | None:
    """Return the section, or ``None`` where no split was planned."""
    facts = record.split
    if facts is None:
        return None
    parts = [ORIGINS.get(facts.get("origin", ""), "")]
    ratios = facts.get("ratios", {})
    if ratios:
        reason = facts.get("ratios_reason", "").rstrip(".")
        shares = " / ".join(f"{name} {share(r)}" for name, r in ratios.items())
        parts.append(f"Asked: {shares}{f' ({reason})' if reason else ''}.")
    kept = [
        plural(facts[key], *words)  # type: ignore[literal-required]
        for key, words in (("groups", ("group",)), ("clusters", ("duplicate set",)))
        if facts.get(key)
    ]
    if kept:
        parts.append(f"{joined(kept)} stay whole.")
    if "largest_deviation" in facts:
        bound = (
            f", and no assignment could be closer than {share(facts['deviation_bound'])}"
            if facts.get("deviation_bound")
            else ""
        )
        parts.append(
            f"A class's share of a part is at most {share(facts['largest_deviation'])} from the ratio{bound}."
        )
    if facts.get("left_out"):
        parts.append(
            f"Training leaves out {plural(facts['left_out'], 'image')} that leak into validation or test."
        )
    counts: dict[str, dict[str, int]] = {}
    for part, by_class in facts.get("counts", {}).items():
        for label, n in by_class.items():
            counts.setdefault(label, {})[part] = n
    names = split_names(list(facts.get("counts", {})))
    claims = tuple(
        ClaimView(c["name"].replace("-", " "), c["holds"], c["detail"]) for c in facts.get("claims", [])
    )
    before = {f.id: (f.severity, f.effect) for f in record.findings}
    differing = [f for f in record.split_findings if before.get(f.id) != (f.severity, f.effect)]
    views = [view(f, pictures, prefix="planned") for f in differing]
    opened = [f.is_shown and not _unproven(f) for f in differing]
    return Splits(
        " ".join(p for p in parts if p),
        claims,
        sum(not c.holds for c in claims),
        say_agreement(record.split_findings),
        draw_bars(counts, names) if counts and facts.get("origin") != "kept" else None,
        tuple(v for v, o in zip(views, opened, strict=True) if o),
        tuple(v for v, o in zip(views, opened, strict=True) if not o),
        len(record.split_findings) - len(differing),
        plain_table("Ways to repair it, and what they cost", facts.get("trade_off", [])),
        tuple(facts.get("notes", [])),
    )


def say_agreement(findings: tuple[Finding, ...]) -> str:
    """Return one sentence about all distances between parts; blank where one is proven or none measured.

    The largest upper end of several distances is that of the largest distance, at the same confidence.
    """
    distances = [f.effect for f in findings if f.effect is not None and f.effect.accept_at is not None]
    if not distances or any(f.severity.rank < Severity.UNDECIDED.rank for f in findings):
        return ""
    high = math.ceil(100 * max(e.high for e in distances) - 1e-6) / 100  # up, for no more is excluded
    unproven = sorted({f.code for f in findings if _unproven(f)})
    if not unproven:
        return f"The parts agree to within {high:.2f} (95 %)."
    return f"No shift between the parts is proven. Too few images to say more by {joined(unproven)}."


def _unproven(finding: Finding) -> bool:
    """Whether a distance is undecided that has a margin: a row, not a card."""
    effect = finding.effect
    return finding.severity is Severity.UNDECIDED and effect is not None and effect.accept_at is not None
