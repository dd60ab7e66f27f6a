"""Measured properties whose distribution differs between splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from auditor.checks.base import Check, Wording
from auditor.checks.domain_classifier import Domain, compare_domain, tell_apart
from auditor.checks.examples import join_sides, list_examples, name_some
from auditor.checks.shift_pairs import (
    Distance,
    Floats,
    Pair,
    advice,
    compare,
    conclude,
    detectable,
    explaining,
    joint_band,
    matched,
    pairs,
)
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, percent
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES, Measure

#: Properties named beside the worst, and images shown.
SHOWN, EXAMPLES = 3, 200
#: A classifier on all properties: what no single one shows, such as less noise than a picture this sharp has.
TOGETHER = Measure(
    name="together",
    title="All properties together",
    unit="log odds",
    text="score of a classifier on all properties",
)
#: A fact of the header that nobody can act on: it leads a sentence only where nothing else differs. Files
#: without compression have 3.0001 or 3.0002, which two significant digits make alike.
HEADER, DIGITS = "bytes_per_pixel", 2
#: Keeps logarithms finite at 0; the classifier gets logarithms, for ratios say how a picture was made.
SMALL = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """How far the properties of two splits are apart.

    Attributes
    ----------
    found : list of (Measure, Distance)
        Each property, and all `TOGETHER` where there are enough images; worst first.
    shifted : list of (Measure, Distance)
        The single properties whose whole interval is beyond the threshold; worst first.
    together : Distance or None
        That of all together, where it is the worst and beyond the threshold.
    domain : Domain or None
        The classifier's scores.
    """

    found: list[tuple[Measure, Distance]]
    shifted: list[tuple[Measure, Distance]]
    together: Distance | None
    domain: Domain | None

    @property
    def leading(self) -> tuple[Measure, Distance]:
        """The property that is named first: the worst that a person can act on."""
        ranked = self.shifted or self.found
        return next((f for f in ranked if f[0].name != HEADER), ranked[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyShift(Check):
    """Brightness, sharpness, noise, size and the like that differ between two splits.

    Parameters
    ----------
    warn_distance : float
        Kolmogorov-Smirnov distance over which it is a warning: above 1,000 images a largest distance below
        0.05 is found everywhere and changes nothing.
    error_distance : float
        The same distance over which it is an error: three images in ten lie where the other split has none.
    accept_distance : float
        The largest distance that may remain unproven in a pass. Deepchecks' default condition calls a
        property drifted above 0.2; this stays below it.
    """

    code = "property-shift"
    family = "Mismatch between splits"
    needs = frozenset({"splits"})
    about_splits = True
    measured = (
        "Two-sample Kolmogorov-Smirnov distance of every measure, and Youden's J of a classifier of all of "
        "them together on the held-out half. Lower ends hold for all at once (multiplier bootstrap of "
        "groups); the upper end is that of the largest. Graded is the largest. Classes are then weighted to "
        "one mix to say how much remains."
    )
    limits = (
        "It sees what is measured: a change of subject with the same light, size and sharpness goes by "
        "unseen."
    )
    words = Wording(
        found="Pictures were made differently in {0} and {1}",
        fine="Picture properties agree between {0} and {1}",
        undecided="Too few images to compare picture properties",
        why=(
            "A model can take such a property for the class, and is measured on pictures that are not like "
            "those it learned from."
        ),
        fix=(
            "Find out how the pictures of the two splits were made differently (camera, compression, "
            "resizing). Process all alike, or split again at random, or augment training with the range seen "
            "in the other split."
        ),
        command="auditor split DATA --replace -o OUT",
    )

    warn_distance: float = 0.05
    error_distance: float = 0.3
    accept_distance: float = 0.15

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per pair of splits, about the property that differs most."""
        for pair in pairs(evidence, self.code):
            yield self._compare(evidence, pair)

    def _measure(self, evidence: Evidence, pair: Pair) -> Properties:
        measures = [m for m in (*MEASURES, *SHAPE_MEASURES) if m.name in evidence.images.columns]
        weights = matched(evidence.labels[pair.rows], evidence.labels[pair.other_rows])
        table = evidence.images[[m.name for m in measures]].to_numpy(dtype=float, copy=True)
        for k in (k for k, m in enumerate(measures) if m.name == HEADER):
            table[:, k] = _round(table[:, k])
        sides = table[pair.rows], table[pair.other_rows]
        alpha = pair.alpha / 2  # the other half of the error is for all properties together
        band = joint_band(pair, *sides, alpha, evidence.generator(self.code, "band", pair.scope))
        found = [
            (m, compare(pair, sides[0][:, k], sides[1][:, k], band, weights)) for k, m in enumerate(measures)
        ]
        domain = tell_apart(pair, np.log(np.abs(table) + SMALL), evidence.generator(self.code, pair.scope))
        if domain is not None:
            found.append((TOGETHER, compare_domain(pair, domain, alpha, weights)))
        # A property that nothing was measured for says nothing.
        found = [f for f in found if min(f[1].sizes) > 0] or found
        found.sort(key=lambda f: (-f[1].low, -f[1].value))
        beyond = [f for f in found if f[1].low > self.warn_distance]
        together = beyond[0][1] if beyond and beyond[0][0] is TOGETHER else None
        return Properties(
            found=found, shifted=[f for f in beyond if f[0] is not TOGETHER], together=together, domain=domain
        )

    def _compare(self, evidence: Evidence, pair: Pair) -> Finding:
        numbers = self._measure(evidence, pair)
        measure, worst = numbers.found[0]
        least = detectable(self.warn_distance, worst.half_width, *worst.sizes)
        effect = Effect(
            name=f"largest Kolmogorov-Smirnov distance of a property ({measure.title.lower()})",
            value=worst.value, low=worst.low, high=max(d.high for _, d in numbers.found),
            warn_at=self.warn_distance, error_at=self.error_distance,
            detectable=least if pair.decidable else None, accept_at=self.accept_distance,
        )  # fmt: skip
        shifted = bool(numbers.shifted or numbers.together)
        name = numbers.leading[0].title if numbers.shifted else ""
        return self.make_finding(
            conclude(_summarise(numbers, evidence, pair), effect, pair, "No property differs"),
            effect,
            scope=pair.scope,
            title=f"{name} differs between {{0}} and {{1}}" if name else "",
            fix=advice(effect, pair, worst.sizes, self.words.make_fix()),
            affected=round(worst.value * len(pair.other_rows)),
            total=len(pair.other_rows),
            examples=_examples(evidence, pair, numbers) if shifted else None,
            splits=(pair.first, pair.second),
            details={
                "properties": [
                    {"name": m.name, "title": m.title, "unit": m.unit, **asdict(d)} for m, d in numbers.found
                ],
                "p_value": min(min(d.p_value for _, d in numbers.found) * len(numbers.found), 1.0),
            },
        )


def _summarise(numbers: Properties, evidence: Evidence, pair: Pair) -> str:
    """Say which property differs most, by how much, and what goes along with it."""
    measure, worst = numbers.leading
    summary = _say_most(measure, worst, pair)
    if len(numbers.shifted) > 1:
        others = [m.title.lower() for m, _ in numbers.shifted if m is not measure]
        summary += f" {name_some(others, SHOWN).capitalize()} {'differ' if others[1:] else 'differs'} too."
    if numbers.together and numbers.domain is not None:
        if measure is not TOGETHER:
            summary += f" {_say_most(TOGETHER, numbers.together, pair)}"
        explained = explaining(evidence, pair, numbers.domain.scores, numbers.domain.other_scores)
        summary += f" The difference goes along most with {explained[0]}." if explained else ""
    if worst.low > 0 and worst.remaining is not None and worst.remaining < worst.value / 2:
        summary += " Most of it comes from another mix of classes."
    if pair.sampled:
        summary += f" A random sample of {max(len(pair.rows), len(pair.other_rows)):,} images was compared."
    return summary


def _say_most(measure: Measure, d: Distance, pair: Pair) -> str:
    if measure is TOGETHER:
        mine, theirs = (percent(share) for share in d.beyond)
        return (
            f"By all properties together, a classifier takes {theirs} of {pair.second} and {mine} of "
            f"{pair.first} for "
            f"{pair.second}."
        )
    mine, theirs = (
        _say_value(value, "share" if measure.unit.startswith("share") else "") for value in d.medians
    )
    return (
        f"{measure.title} differs most: {percent(d.shares[0])} of {pair.first} and {percent(d.shares[1])} of "
        f"{pair.second} are above {_say_value(d.at, measure.unit)} (medians {mine} and {theirs})."
    )


def _round(values: Floats) -> Floats:
    """Round to `DIGITS` significant digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(values > 0, 10.0 ** (DIGITS - 1 - np.floor(np.log10(values))), 1.0)
    return np.asarray(np.round(values * power) / power)


def _say_value(value: float, unit: str) -> str:
    if unit.startswith("share"):
        return percent(value, 1) + unit.removeprefix("share")
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{number} {unit}" if unit and "/" not in unit else number


def _examples(evidence: Evidence, pair: Pair, numbers: Properties) -> pd.DataFrame | None:
    """Images of either split on its side of the threshold, farthest out among the other split first."""
    measure, worst = numbers.leading if numbers.shifted else numbers.found[0]
    if measure is TOGETHER and numbers.domain is not None:
        mine, theirs = numbers.domain.scores, numbers.domain.other_scores
    else:
        values = evidence.images[measure.name].to_numpy(dtype=float)
        mine, theirs = values[pair.rows], values[pair.other_rows]
    sides = (
        (pair.other_rows, theirs, mine, pair.first, worst.rises),
        (pair.rows, mine, theirs, pair.second, not worst.rises),
    )
    parts = []
    for rows, own, other, name, above in sides:
        beyond = own > worst.at if above else own <= worst.at
        toward = 1 if above else -1
        known = np.sort(toward * other[np.isfinite(other)])
        depth = np.searchsorted(known, toward * own[beyond], side="left") / len(known)
        found = list_examples(evidence, rows[beyond], depth, other_split=name)
        if found is not None:
            parts.append(found.head(EXAMPLES // 2))
    return join_sides(parts)
