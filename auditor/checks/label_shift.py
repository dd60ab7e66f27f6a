"""Class shares that differ between splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.checks.shift_pairs import (
    Pair,
    advice,
    class_codes,
    detectable,
    in_words,
    pairs,
    undecided_because,
)
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, Severity, grade, percent
from auditor.stats.clusters import effective_size_of_classes
from auditor.stats.distance import (
    chi_squared,
    chi_squared_p_value,
    cramers_v,
    total_variation,
    total_variation_half_width,
)

#: Classes named in the summary.
SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelShift:
    """Class shares that differ between two splits."""

    code: ClassVar[str] = "label-shift"
    needs: ClassVar[frozenset[str]] = frozenset({"labels", "splits"})
    about_splits: ClassVar[bool] = True

    #: Total variation bounds how far accuracy can move from the label mix alone: five points would change
    #: which model is chosen.
    warn_distance: float = 0.05
    #: A fifth of the images would have to change class: the two splits answer different questions.
    error_distance: float = 0.2

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per pair of splits with classes."""
        compared = False
        for pair in pairs(evidence, labelled=True):
            compared = True
            yield self._compare(evidence, pair)
        if not compared:
            yield Finding(
                code=self.code,
                title="Label shift was not checked",
                summary="There are not two splits with classes.",
            )

    def _compare(self, evidence: Evidence, pair: Pair) -> Finding:
        classes, codes, other = class_codes(evidence, pair)
        counts = tuple(np.bincount(side, minlength=len(classes)) for side in (codes, other))
        sizes = [
            effective_size_of_classes(c, g, pair.alpha)
            for c, g in ((codes, pair.groups), (other, pair.other_groups))
        ]
        distance = total_variation(*counts)
        shares = [c / c.sum() for c in counts]
        low, high, least = 0.0, 1.0, None
        if pair.decidable:
            half = total_variation_half_width(
                counts[0],
                counts[1],
                sizes[0],
                sizes[1],
                pair.alpha,
                evidence.generator(self.code, pair.scope),
            )
            low, high = max(distance - half, 0.0), min(distance + half, 1.0)
            least = detectable(self.warn_distance, half, sizes[0], sizes[1])
        effect = Effect(
            name="total variation distance of class shares", value=distance, low=low, high=high,
            warn_at=self.warn_distance, error_at=self.error_distance, unit="share", detectable=least,
        )  # fmt: skip
        worst = np.argsort(-np.abs(shares[1] - shares[0]), kind="stable")
        shown = [k for k in worst[:SHOWN] if shares[0][k] != shares[1][k]]
        named = ", ".join(
            f"{classes[k]} {percent(shares[0][k], 1)} of {pair.first} and {percent(shares[1][k], 1)} of {pair.second}"
            for k in shown
        )
        association = cramers_v(np.stack(counts))
        deff = max(len(codes) / sizes[0], len(other) / sizes[1])
        statistic = chi_squared(np.stack(counts)) / deff
        severity = grade(effect)
        titles = {
            Severity.PASS: "Class shares agree",
            Severity.UNDECIDED: "Too few images to say whether class shares agree",
        }
        summary = (
            f"{percent(distance, 1)} of the images would have to change class to make the shares alike "
            f"({in_words(low, high, digits=0)}; Cramér's V {association:.2f})"
        )
        summary += f": {named}." if named else "."
        if severity is Severity.UNDECIDED:
            summary += undecided_because(effect, pair)
        return Finding(
            code=self.code,
            scope=pair.scope,
            title=f"{titles.get(severity, 'Class shares differ')} between {pair.first} and {pair.second}",
            summary=summary,
            why=f"Accuracy on {pair.second} is an average over its label mix: with that of {pair.first} it can differ by up to "
            f"{percent(distance)}, the model being the same.",
            affected=round(distance * len(other)),
            total=len(other),
            effect=effect,
            fix=advice(
                effect,
                pair,
                (sizes[0], sizes[1]),
                Fix(
                    text=f"Split again, stratified by class; where {pair.second} has the mix of the field, keep it and weight the classes "
                    f"of {pair.first} instead.",
                    command="auditor split DATA --replace",
                ),
            ),
            classes=tuple(classes[shown].tolist()),
            splits=(pair.first, pair.second),
            details={
                "shares": {
                    name: dict(zip(classes.tolist(), part.tolist(), strict=True))
                    for name, part in zip((pair.first, pair.second), shares, strict=True)
                },
                "counts": {
                    name: dict(zip(classes.tolist(), part.tolist(), strict=True))
                    for name, part in zip((pair.first, pair.second), counts, strict=True)
                },
                "cramers_v": association,
                "effective_images": dict(zip((pair.first, pair.second), sizes, strict=True)),
                "p_value": chi_squared_p_value(statistic, len(classes) - 1),
            },
        )
