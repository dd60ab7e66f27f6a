"""Measured properties whose distribution differs between splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from auditor.evidence import Scan
from auditor.evidence.shift import Distance, Pair, compare, detectable, exhibit, in_words, matched, pairs, undecided_because
from auditor.finding import Effect, Finding, Fix, Severity, grade
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES, Measure

if TYPE_CHECKING:
    import pandas as pd

#: Properties named beside the worst, and images shown as evidence.
SHOWN, EXHIBITS = 3, 200

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

    def __call__(self, scan: Scan) -> Iterator[Finding]:
        """Yield one finding per pair of splits, about the property that differs most."""
        for pair in pairs(scan):
            yield self._compare(scan, pair)

    def _compare(self, scan: Scan, pair: Pair) -> Finding:
        measures = [m for m in (*MEASURES, *SHAPE_MEASURES) if m.name in scan.images.columns]
        weights = matched(scan.labels[pair.rows], scan.labels[pair.other_rows])
        found: list[Compared] = []
        for measure in measures:
            values = scan.images[measure.name].to_numpy(dtype=float)
            found.append((measure, compare(pair, values[pair.rows], values[pair.other_rows], pair.alpha / len(measures), weights)))
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
        summary = _sentence(measure, worst, pair)
        if shifted[1:]:
            rest = ", ".join(f"{m.title.lower()} ({d.value:.2f})" for m, d in shifted[1 : 1 + SHOWN])
            summary += f" Also {rest}" + (f" and {len(shifted) - 1 - SHOWN} more." if len(shifted) > 1 + SHOWN else ".")
        if severity is Severity.UNDECIDED:
            summary += undecided_because(effect, pair)
        if pair.sampled:
            summary += f" Measured on a random sample of {max(len(pair.rows), len(pair.other_rows)):,} images of a split."
        return Finding(
            code=self.code,
            scope=pair.scope,
            title=f"{_names(shifted)} {between}" if shifted else titles[severity],
            summary=summary,
            why="A model can take such a property for the class, and is measured on pictures that are not like those it learned from.",
            affected=round(worst.value * len(pair.other_rows)),
            total=len(pair.other_rows),
            effect=effect,
            fix=Fix(
                text=f"Find out how the pictures of {pair.second} were made differently (camera, compression, resizing); process "
                f"all alike, or split again at random, or augment training with the range seen in {pair.second}.",
                command=None if "field" in (pair.first, pair.second) else "auditor split DATA --existing replace",
            ),
            evidence=_exhibits(scan, pair, measure, worst) if shifted else None,
            splits=(pair.first, pair.second),
            details={
                "properties": [{"name": m.name, "title": m.title, "unit": m.unit, **asdict(d)} for m, d in found],
                "p_value": min(min(d.p_value for _, d in found) * len(found), 1.0),
            },
        )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _sentence(measure: Measure, d: Distance, pair: Pair) -> str:
    unit = f" {measure.unit}" if measure.unit and "/" not in measure.unit else ""
    text = (
        f"{measure.title} differs most: above {_number(d.at)}{unit} are {d.shares[0]:.0%} of {pair.first} and {d.shares[1]:.0%} of "
        f"{pair.second} (medians {_number(d.medians[0])} and {_number(d.medians[1])}); Kolmogorov-Smirnov distance {d.value:.2f} "
        f"({in_words(d.low, d.high)}, all properties together)"
    )
    if d.remaining is not None:
        text += f", of which {d.remaining:.2f} remains once classes are weighted to the same mix"
    return text + "."


def _names(shifted: list[Compared]) -> str:
    names = [m.title if i == 0 else m.title.lower() for i, (m, _) in enumerate(shifted[:SHOWN])]
    if len(names) == 1:
        return f"{names[0]} differs"
    return f"{', '.join(names[:-1])} and {names[-1]} differ"


def _exhibits(scan: Scan, pair: Pair, measure: Measure, worst: Distance) -> pd.DataFrame:
    """Images of the second split on its side of the threshold, those farthest out among the first split first."""
    values = scan.images[measure.name].to_numpy(dtype=float)
    mine, theirs = values[pair.rows], values[pair.other_rows]
    mine = np.sort(mine[np.isfinite(mine)])
    if worst.rises:
        beyond, depth = theirs > worst.at, np.searchsorted(mine, theirs, side="left") / len(mine)
    else:
        beyond, depth = theirs <= worst.at, 1 - np.searchsorted(mine, theirs, side="right") / len(mine)
    return exhibit(scan, pair.other_rows[beyond], depth[beyond], pair.second, pair.first).head(EXHIBITS)
