"""Measured properties whose distribution differs between splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from auditor.evidence import Scan
from auditor.evidence.shift import Pair, detectable, in_words, matched, pairs
from auditor.finding import Effect, Finding, Fix, Severity, grade
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES, Measure
from auditor.stats.clusters import effective_size_of_values
from auditor.stats.distance import dkw_half_width, kolmogorov_p_value, kolmogorov_smirnov

if TYPE_CHECKING:
    import pandas as pd

#: Properties named in the summary, and images shown as evidence.
SHOWN, EXHIBITS = 3, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyDistance:
    """How far one property's distributions are apart, as written to the details."""

    name: str
    title: str
    unit: str
    distance: float
    low: float
    high: float
    at: float  # the value that tells the splits apart best
    medians: tuple[float, float]
    remaining: float | None  # distance once the first split has the second's label mix
    p_value: float
    half_width: float
    sizes: tuple[float, float]  # effective images


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyShift:
    """Brightness, sharpness, noise, size and the like that differ between two splits."""

    code: ClassVar[str] = "property-shift"
    needs: ClassVar[frozenset[str]] = frozenset({"splits"})
    about_splits: ClassVar[bool] = True

    #: Above 1,000 images a largest KS distance below 0.05 is found everywhere and changes nothing.
    warn_distance: float = 0.05
    #: A third of one split lies where the other has next to nothing.
    error_distance: float = 0.3

    def __call__(self, scan: Scan) -> Iterator[Finding]:
        """Yield one finding per pair of splits, about the property that differs most."""
        for pair in pairs(scan):
            yield self._compare(scan, pair)

    def _compare(self, scan: Scan, pair: Pair) -> Finding:
        measures = [m for m in (*MEASURES, *SHAPE_MEASURES) if m.name in scan.images.columns]
        weights = matched(scan.labels[pair.rows], scan.labels[pair.other_rows])
        alpha = pair.alpha / len(measures)
        found = [_distance(scan.images[m.name].to_numpy(dtype=float), m, pair, alpha, weights) for m in measures]
        found.sort(key=lambda d: (-d.low, -d.distance))
        worst = found[0]
        effect = Effect(
            name=f"largest Kolmogorov-Smirnov distance of a property ({worst.title.lower()})",
            value=worst.distance, low=worst.low, high=max(d.high for d in found),
            warn_at=self.warn_distance, error_at=self.error_distance,
            detectable=detectable(self.warn_distance, worst.half_width, *worst.sizes) if pair.decidable else None,
        )  # fmt: skip
        severity = grade(effect)
        between = f"between {pair.first} and {pair.second}"
        shifted = [d for d in found if d.low > self.warn_distance]
        titles = {
            Severity.PASS: f"Brightness, sharpness, noise and other properties agree {between}",
            Severity.UNDECIDED: f"Too few images to say whether properties agree {between}",
        }
        summary = _sentence(worst, pair)
        if shifted[1:]:
            rest = ", ".join(f"{d.title.lower()} ({d.distance:.2f})" for d in shifted[1 : 1 + SHOWN])
            summary += f" Also {rest}" + (f" and {len(shifted) - 1 - SHOWN} more." if len(shifted) > 1 + SHOWN else ".")
        if severity is Severity.UNDECIDED:
            summary += (
                f" A distance of {effect.detectable:.2f} or more would have been shown." if effect.detectable is not None
                else f" There are only {pair.fewest_groups} independent groups on one side."
            )  # fmt: skip
        if pair.sampled:
            summary += f" Measured on a random sample of {max(len(pair.rows), len(pair.other_rows)):,} images of a split."
        return Finding(
            code=self.code,
            scope=pair.scope,
            title=f"{_names(shifted)} {between}" if shifted else titles[severity],
            summary=summary,
            why="A model can take such a property for the class, and is measured on pictures that are not like those it learned from.",
            affected=round(worst.distance * len(pair.other_rows)),
            total=len(pair.other_rows),
            effect=effect,
            fix=Fix(
                text=f"Find out how the pictures of {pair.second} were made differently (camera, compression, resizing); process "
                f"all alike, or split again at random, or augment training with the range seen in {pair.second}.",
                command=None if "field" in (pair.first, pair.second) else "auditor split DATA --existing replace",
            ),
            evidence=_exhibits(scan, pair, worst) if shifted else None,
            splits=(pair.first, pair.second),
            details={"properties": [asdict(d) for d in found], "p_value": min(min(d.p_value for d in found) * len(found), 1.0)},
        )


def _distance(
    values: npt.NDArray[np.float64], measure: Measure, pair: Pair, alpha: float,
    weights: tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]] | None,
) -> PropertyDistance:  # fmt: skip
    mine, theirs = values[pair.rows], values[pair.other_rows]
    use, other_use = np.isfinite(mine), np.isfinite(theirs)
    nothing = PropertyDistance(
        name=measure.name, title=measure.title, unit=measure.unit, distance=0.0, low=0.0, high=1.0, at=0.0, medians=(0.0, 0.0),
        remaining=None, p_value=1.0, half_width=1.0, sizes=(1.0, 1.0),
    )  # fmt: skip
    if not use.any() or not other_use.any():
        return nothing
    x, y = mine[use], theirs[other_use]
    signed, at = kolmogorov_smirnov(x, y)
    distance = abs(signed)
    sizes = effective_size_of_values(x, pair.groups[use], alpha), effective_size_of_values(y, pair.other_groups[other_use], alpha)
    half = dkw_half_width(*sizes, alpha) if pair.decidable else 1.0
    remaining = None
    if weights is not None:
        weight, kept = weights[0][use], weights[1][other_use]
        if weight.any() and kept.any():
            remaining = abs(kolmogorov_smirnov(x, y[kept], weight)[0])
    return PropertyDistance(
        name=measure.name, title=measure.title, unit=measure.unit, distance=distance,
        low=max(distance - half, 0.0), high=min(distance + half, 1.0), at=at,
        medians=(float(np.median(x)), float(np.median(y))), remaining=remaining,
        p_value=kolmogorov_p_value(distance, *sizes), half_width=half, sizes=sizes,
    )  # fmt: skip


def _sentence(d: PropertyDistance, pair: Pair) -> str:
    unit = f" {d.unit}" if d.unit else ""
    text = (
        f"{d.title} differs most: median {d.medians[0]:.3g}{unit} in {pair.first} and {d.medians[1]:.3g}{unit} in {pair.second}; "
        f"Kolmogorov-Smirnov distance {d.distance:.2f} ({in_words(d.low, d.high)}, all properties together)"
    )
    if d.remaining is not None:
        text += f", of which {d.remaining:.2f} remains once classes are weighted to the same mix"
    return text + "."


def _names(shifted: list[PropertyDistance]) -> str:
    names = [d.title if i == 0 else d.title.lower() for i, d in enumerate(shifted[:SHOWN])]
    if len(names) == 1:
        return f"{names[0]} differs"
    return f"{', '.join(names[:-1])} and {names[-1]} differ"


def _exhibits(scan: Scan, pair: Pair, worst: PropertyDistance) -> pd.DataFrame:
    """Images of the second split on its side of the threshold, those farthest out among the first split first."""
    import pandas as pd

    values = scan.images[worst.name].to_numpy(dtype=float)
    mine, theirs = np.sort(values[pair.rows]), values[pair.other_rows]
    mine = mine[np.isfinite(mine)]
    signed, _ = kolmogorov_smirnov(mine, theirs[np.isfinite(theirs)])
    beyond = theirs > worst.at if signed > 0 else theirs <= worst.at
    depth = (
        np.searchsorted(mine, theirs, side="left") / len(mine)
        if signed > 0
        else 1 - np.searchsorted(mine, theirs, side="right") / len(mine)
    )
    rows = np.flatnonzero(beyond)
    rows = rows[np.argsort(-depth[rows], kind="stable")][:EXHIBITS]
    of = pair.other_rows[rows]
    return pd.DataFrame(
        {
            "path": scan.images["path"].to_numpy(dtype=object)[of],
            "label": scan.labels[of],
            "split": pair.second,
            "other_split": pair.first,
            "score": depth[rows],
        }
    )
