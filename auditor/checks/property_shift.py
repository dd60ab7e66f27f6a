"""Measured properties whose distribution differs between splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from auditor.checks.domain_classifier import Domain, tell_apart
from auditor.checks.shift_pairs import (
    Distance,
    Pair,
    advice,
    compare,
    detectable,
    exhibit,
    explaining,
    in_words,
    matched,
    pairs,
    undecided_because,
)  # fmt: skip
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, Severity, grade, percent
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES, Measure

if TYPE_CHECKING:
    import pandas as pd

#: Properties named beside the worst, and images shown as evidence.
SHOWN, EXHIBITS = 3, 200

#: A classifier on all properties: what no single one shows, such as less noise than a picture this sharp
#: should have.
TOGETHER = Measure(
    name="together",
    title="All properties together",
    unit="log odds",
    text="score of a classifier on all properties",
)
#: Ratios of properties tell how a picture was processed, so the classifier gets logarithms; this keeps them
#: finite at 0.
SMALL = 1e-3

Compared = tuple[Measure, Distance]


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyShift:
    """Brightness, sharpness, noise, size and the like that differ between two splits."""

    code: ClassVar[str] = "property-shift"
    needs: ClassVar[frozenset[str]] = frozenset({"splits"})
    about_splits: ClassVar[bool] = True

    #: Above 1,000 images a largest KS distance below 0.05 is found everywhere and changes nothing.
    warn_distance: float = 0.05
    #: Three images in ten lie where the other split has none.
    error_distance: float = 0.3

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per pair of splits, about the property that differs most."""
        for pair in pairs(evidence):
            yield self._compare(evidence, pair)

    def _compare(self, evidence: Evidence, pair: Pair) -> Finding:
        measures = [m for m in (*MEASURES, *SHAPE_MEASURES) if m.name in evidence.images.columns]
        weights = matched(evidence.labels[pair.rows], evidence.labels[pair.other_rows])
        table = evidence.images[[m.name for m in measures]].to_numpy(dtype=float)
        alpha = pair.alpha / 2 / len(measures)  # the other half of the error is for all properties together
        found: list[Compared] = [
            (m, compare(pair, table[pair.rows, k], table[pair.other_rows, k], alpha, weights))
            for k, m in enumerate(measures)
        ]
        domain = tell_apart(pair, np.log(np.abs(table) + SMALL), evidence.generator(self.code, pair.scope))
        if domain is not None:
            found.append((TOGETHER, compare(pair, *domain.held_scores, pair.alpha / 2, weights)))
        found = [
            f for f in found if min(f[1].sizes) > 0
        ] or found  # a property that nothing was measured for says nothing
        found.sort(key=lambda f: (-f[1].low, -f[1].value))
        measure, worst = found[0]
        effect = Effect(
            name=f"largest Kolmogorov-Smirnov distance of a property ({measure.title.lower()})",
            value=worst.value, low=worst.low, high=max(d.high for _, d in found),
            warn_at=self.warn_distance, error_at=self.error_distance,
            detectable=detectable(self.warn_distance, worst.half_width, *worst.sizes) if pair.decidable else None,
        )  # fmt: skip
        severity = grade(effect)
        between = f"between {pair.first} and {pair.second}"
        shifted = [(m, d) for m, d in found if d.low > self.warn_distance]
        titles = {
            Severity.PASS: f"Brightness, sharpness, noise and other properties agree {between}",
            Severity.UNDECIDED: f"Too few images to say whether properties agree {between}",
        }
        single = [(m, d) for m, d in shifted if m is not TOGETHER]
        summary = _sentence(*(single or found)[0], pair)
        if measure is TOGETHER and shifted and domain is not None:
            if single:
                summary += f" All properties together differ by {worst.value:.2f} ({in_words(worst.low, worst.high)})."
            explained = explaining(evidence, pair, domain.scores, domain.other_scores)
            summary += (
                f" The difference goes along most with {explained[0]} (rank correlation {explained[1]:+.2f})."
                if explained
                else ""
            )
        if single[1:]:
            rest = ", ".join(f"{m.title.lower()} ({d.value:.2f})" for m, d in single[1 : 1 + SHOWN])
            summary += f" Also {rest}" + (
                f" and {len(single) - 1 - SHOWN} more." if len(single) > 1 + SHOWN else "."
            )
        if severity is Severity.UNDECIDED:
            summary += undecided_because(effect, pair)
        if pair.sampled:
            summary += f" Measured on a random sample of {max(len(pair.rows), len(pair.other_rows)):,} images of a split."
        return Finding(
            code=self.code,
            scope=pair.scope,
            title=f"{_names(single)} {between}" if shifted else titles[severity],
            summary=summary,
            why="A model can take such a property for the class, and is measured on pictures that are not like those it learned from.",
            affected=round(worst.value * len(pair.other_rows)),
            total=len(pair.other_rows),
            effect=effect,
            fix=advice(
                effect,
                pair,
                worst.sizes,
                Fix(
                    text=f"Find out how the pictures of {pair.second} were made differently (camera, compression, resizing); process "
                    f"all alike, or split again at random, or augment training with the range seen in {pair.second}.",
                    command=None if "field" in (pair.first, pair.second) else "auditor split DATA --replace",
                ),
            ),
            examples=_exhibits(evidence, pair, measure, worst, domain) if shifted else None,
            splits=(pair.first, pair.second),
            details={
                "properties": [
                    {"name": m.name, "title": m.title, "unit": m.unit, **asdict(d)} for m, d in found
                ],
                "p_value": min(min(d.p_value for _, d in found) * len(found), 1.0),
            },
        )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _sentence(measure: Measure, d: Distance, pair: Pair) -> str:
    interval = f"Kolmogorov-Smirnov distance {d.value:.2f} ({in_words(d.low, d.high)})"
    remaining = (
        f", of which {d.remaining:.2f} remains once classes are weighted to the same mix"
        if d.remaining is not None
        else ""
    )
    if measure is TOGETHER:
        taken = d.shares if d.rises else (1 - d.shares[0], 1 - d.shares[1])
        return (
            f"By all properties together a classifier takes {percent(taken[0])} of {pair.first} and "
            f"{percent(taken[1])} of {pair.second} for {pair.second}; {interval}{remaining}."
        )
    unit = f" {measure.unit}" if measure.unit and "/" not in measure.unit else ""
    return (
        f"{measure.title} differs most: above {_number(d.at)}{unit} are {percent(d.shares[0])} of {pair.first} and "
        f"{percent(d.shares[1])} of {pair.second} (medians {_number(d.medians[0])} and {_number(d.medians[1])}); {interval}{remaining}."
    )


def _names(shifted: list[Compared]) -> str:
    names = [m.title if i == 0 else m.title.lower() for i, (m, _) in enumerate(shifted[:SHOWN])]
    if not names:
        return "Properties, taken together, differ"
    if len(names) == 1:
        return f"{names[0]} differs"
    return f"{', '.join(names[:-1])} and {names[-1]} differ"


def _exhibits(
    evidence: Evidence, pair: Pair, measure: Measure, worst: Distance, domain: Domain | None
) -> pd.DataFrame:
    """Images of the second split on its side of the threshold, those farthest out among the first split first."""
    if measure is TOGETHER and domain is not None:
        mine, theirs = domain.scores, domain.other_scores
    else:
        values = evidence.images[measure.name].to_numpy(dtype=float)
        mine, theirs = values[pair.rows], values[pair.other_rows]
    mine = np.sort(mine[np.isfinite(mine)])
    if worst.rises:
        beyond, depth = theirs > worst.at, np.searchsorted(mine, theirs, side="left") / len(mine)
    else:
        beyond, depth = theirs <= worst.at, 1 - np.searchsorted(mine, theirs, side="right") / len(mine)
    return exhibit(evidence, pair.other_rows[beyond], depth[beyond], pair.second, pair.first).head(EXHIBITS)
