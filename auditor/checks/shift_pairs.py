"""What the shift checks share: the pairs of splits, their error budget, what would settle an open one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.finding import Fix, Severity, grade, percent, plural
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES
from auditor.stats.bands import joint_quantile, upper_end
from auditor.stats.clusters import FEWEST_GROUPS, effective_size_of_values
from auditor.stats.distance import kolmogorov_p_value, kolmogorov_smirnov

if TYPE_CHECKING:
    from auditor.evidence.evidence import Evidence
    from auditor.finding import Effect

Floats = npt.NDArray[np.float64]

#: Checks whose lower ends hold together, and each one's part of the audit's 5 %, which it divides among its
#: pairs of splits. Properties get most: they show most kinds of shift, and in the smallest sets. A class that
#: is missing needs least, for only one end of its interval can be off.
FAMILY = {
    "label-shift": 0.01,
    "property-shift": 0.015,
    "content-shift": 0.01,
    "class-content-shift": 0.01,
    "unseen-class": 0.005,
}
#: One minus the confidence of an upper end. It needs no part for each number that is looked at: the largest
#: true distance is below the largest upper end wherever its own upper end holds (intersection and union;
#: Berger, 1982).
UPPER_ALPHA = 0.05
#: Images of a split beyond which a random sample of this size is compared: at this size the intervals are far
#: narrower than any threshold.
LARGEST_SAMPLE = 100_000
#: Normal quantile of a power of 80 %, for the smallest effect that would have been shown (Cohen, 1988).
POWER_QUANTILE = 0.8416


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two splits to compare.

    Attributes
    ----------
    first, second : str
        Their names, in the order in which splits are shown.
    rows, other_rows : ndarray of int64
        Rows of the scan's table that are compared, in the order of their paths.
    groups, other_groups : ndarray of int64
        What each of these images belongs to.
    sampled : bool
        Whether these are a sample of larger splits.
    alpha : float
        One minus the confidence of the lower ends of everything that one check says about this pair.
    """

    first: str
    second: str
    rows: npt.NDArray[np.int64]
    other_rows: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    other_groups: npt.NDArray[np.int64]
    sampled: bool
    alpha: float

    @property
    def scope(self) -> str:
        """``train-test``."""
        return f"{self.first}-{self.second}"

    @property
    def fewest_groups(self) -> int:
        """Groups in the split that has fewer."""
        return min(len(np.unique(self.groups)), len(np.unique(self.other_groups)))

    @property
    def decidable(self) -> bool:
        """Whether both sides have enough groups to say anything."""
        return self.fewest_groups >= FEWEST_GROUPS


def pairs(scan: Evidence, code: str, *, labelled: bool = False) -> Iterator[Pair]:
    """Yield every pair of splits with readable images on both sides, for the check with that code.

    Of images with a class only, where ``labelled``.
    """
    paths = scan.images["path"]
    order = (
        np.arange(len(paths))
        if paths.is_monotonic_increasing
        else np.argsort(paths.to_numpy(dtype=object), kind="stable")
    )
    order = order[scan.readable[order]]
    named = list(combinations(scan.split_names, 2))
    if labelled:
        order = order[scan.labels[order] != ""]
    rows = {name: order[scan.splits[order] == name] for name in scan.split_names}
    for first, second in named:
        ours = [_sample(rows[name], scan.generator("shift", name)) for name in (first, second)]
        if not len(ours[0]) or not len(ours[1]):
            continue
        yield Pair(
            first=first,
            second=second,
            rows=ours[0],
            other_rows=ours[1],
            groups=scan.groups[ours[0]],
            other_groups=scan.groups[ours[1]],
            sampled=max(len(rows[first]), len(rows[second])) > LARGEST_SAMPLE,
            alpha=FAMILY[code] / len(named),
        )


def _sample(rows: npt.NDArray[np.int64], generator: np.random.Generator) -> npt.NDArray[np.int64]:
    if len(rows) <= LARGEST_SAMPLE:
        return rows
    return rows[np.sort(generator.choice(len(rows), LARGEST_SAMPLE, replace=False))]


def class_codes(
    scan: Evidence, pair: Pair
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the classes of a pair of splits, sorted, and the class number of each image on either side."""
    names, codes = np.unique(
        np.concatenate([scan.labels[pair.rows], scan.labels[pair.other_rows]]).astype(str),
        return_inverse=True,
    )
    return names, codes[: len(pair.rows)], codes[len(pair.rows) :]


def matched(
    labels: npt.NDArray[np.object_], other_labels: npt.NDArray[np.object_]
) -> tuple[Floats, npt.NDArray[np.bool_]] | None:
    """Return what gives the first split the label mix of the second.

    These are weights of its images, and which of the second's have a class that the first has at all;
    ``None`` where labels are missing on a side or no class is shared. Classes that only one side has get no
    weight.
    """
    known, other_known = labels != "", other_labels != ""
    if not known.any() or not other_known.any():
        return None
    classes, numbers = np.unique(np.concatenate([labels, other_labels]).astype(str), return_inverse=True)
    mine, theirs = numbers[: len(labels)], numbers[len(labels) :]
    counts = np.bincount(mine[known], minlength=len(classes)).astype(float)
    others = np.bincount(theirs[other_known], minlength=len(classes)).astype(float)
    if not (counts * others).any():
        return None
    ratio = np.divide(others, counts, out=np.zeros(len(classes)), where=counts > 0)
    return np.where(known, ratio[mine], 0.0), other_known & (counts[theirs] > 0)


def detectable(warn_at: float, half_width: float, n: float, m: float) -> float:
    """Return the smallest true distance that would be graded a warning four times out of five, at most 1."""
    return min(warn_at + half_width + POWER_QUANTILE * 0.5 * math.sqrt(1 / n + 1 / m), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """How far the distributions of one number are apart in two splits.

    Attributes
    ----------
    value, low, high : float
        Kolmogorov-Smirnov distance in [0, 1] (or a classifier's, see `auditor.checks.domain_classifier`). All
        lower ends of the audit hold together with 95 % confidence; the upper end with 95 % of its own.
    rises : bool
        Whether the second split tends to the larger values.
    at : float
        The value that tells the splits apart best.
    shares : (float, float)
        Share of each split above it.
    medians : (float, float)
    remaining : float or None
        The distance once the first split has the label mix of the second.
    p_value : float
        Of this number alone.
    half_width : float
        From the lower end to the value, where the lower end is above 0.
    sizes : (float, float)
        Effective images.
    """

    value: float
    low: float
    high: float
    rises: bool
    at: float
    shares: tuple[float, float]
    medians: tuple[float, float]
    remaining: float | None
    p_value: float
    half_width: float
    sizes: tuple[float, float]

    @property
    def beyond(self) -> tuple[float, float]:
        """Share of each split on the second split's side of the value that tells them apart best."""
        return self.shares if self.rises else (1 - self.shares[0], 1 - self.shares[1])


#: Of a number that nothing was measured for.
NOTHING = Distance(
    value=0.0,
    low=0.0,
    high=1.0,
    rises=False,
    at=0.0,
    shares=(0.0, 0.0),
    medians=(0.0, 0.0),
    remaining=None,
    p_value=1.0,
    half_width=1.0,
    sizes=(0.0, 0.0),
)


def joint_band(
    pair: Pair, first: Floats, second: Floats, alpha: float, generator: np.random.Generator
) -> float:
    """Return how far the distribution functions of all columns stray at once; see `stats.bands`."""
    return joint_quantile(first, second, pair.groups, pair.other_groups, alpha, generator)


def compare(
    pair: Pair,
    values: Floats,
    other_values: Floats,
    band: float,
    weights: tuple[Floats, npt.NDArray[np.bool_]] | None = None,
) -> Distance:
    """Return the distance of one number between the splits of a pair.

    Parameters
    ----------
    pair : Pair
    values, other_values : ndarray of float, shape (n_images,), (n_other_images,)
        Row by row the images of ``pair.rows`` and ``pair.other_rows``; NaN where there is none.
    band : float
        How far the distribution functions stray, in units of ``sqrt(1 / n + 1 / m)``, from `stats.bands`: the
        lower end lies that far below the value.
    weights : optional
        As `matched` returns them.
    """
    use, other_use = np.isfinite(values), np.isfinite(other_values)
    x, y = values[use], other_values[other_use]
    if not len(x) or not len(y):
        return NOTHING
    signed, at = kolmogorov_smirnov(x, y)
    level = 2 * math.exp(-2 * band**2)  # of a single distribution function
    sizes, upper_sizes = (
        (
            effective_size_of_values(x, pair.groups[use], alpha),
            effective_size_of_values(y, pair.other_groups[other_use], alpha),
        )
        for alpha in (level, 2 * UPPER_ALPHA)
    )
    half = min(band * spread(*sizes), 1.0) if pair.decidable else 1.0
    high = upper_end(x, y, *upper_sizes, UPPER_ALPHA) if pair.decidable else 1.0
    remaining = None
    if weights is not None:
        weight, kept = weights[0][use], weights[1][other_use]
        if weight.any() and kept.any():
            remaining = abs(kolmogorov_smirnov(x, y[kept], weight)[0])
    return Distance(
        value=abs(signed),
        low=max(abs(signed) - half, 0.0),
        high=max(high, abs(signed)),
        rises=signed > 0,
        at=at,
        shares=(float((x > at).mean()), float((y > at).mean())),
        medians=(float(np.median(x)), float(np.median(y))),
        remaining=remaining,
        p_value=kolmogorov_p_value(signed, *sizes),
        half_width=half,
        sizes=sizes,
    )


def spread(n: float, m: float) -> float:
    """Return ``sqrt(1 / n + 1 / m)``: twice the largest standard deviation of a difference of shares."""
    return math.sqrt(1 / n + 1 / m)


def explaining(scan: Evidence, pair: Pair, scores: Floats, other_scores: Floats) -> tuple[str, float] | None:
    """Return the property that goes along best with a score of all images, and their rank correlation."""
    rows, score = np.concatenate([pair.rows, pair.other_rows]), np.concatenate([scores, other_scores])
    best: tuple[str, float] | None = None
    for measure in (*MEASURES, *SHAPE_MEASURES):
        if measure.name in scan.images.columns:
            values = scan.images[measure.name].to_numpy(dtype=float)[rows]
            use = np.isfinite(values) & np.isfinite(score)
            if use.sum() > 1 and np.ptp(values[use]) > 0 and np.ptp(score[use]) > 0:
                correlation = float(np.corrcoef(_ranks(values[use]), _ranks(score[use]))[0, 1])
                if best is None or abs(correlation) > abs(best[1]):
                    best = measure.title.lower(), correlation
    return best


def _ranks(values: Floats) -> Floats:
    """Mean ranks, ties alike."""
    _, numbers, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[numbers])


def advice(effect: Effect, pair: Pair, sizes: tuple[float, float], fix: Fix) -> Fix | None:
    """Return what to do: the fix of a shift, how many images would settle an undecided one, or nothing.

    A split made anew leaves the field as it is, so there the fix has no command. Between splits that agree,
    both the distance and its interval narrow with the square root of the (harmonic mean of the effective)
    sizes.
    """
    severity = grade(effect)
    if severity is Severity.PASS:
        return None
    if severity is not Severity.UNDECIDED:
        return replace(fix, command=None) if "field" in (pair.first, pair.second) else fix
    if effect.detectable is None or not effect.warn_at or not pair.decidable:
        return Fix(text=f"Add images of more independent groups, at least {FEWEST_GROUPS} on each side.")
    harmonic = 2 / (1 / sizes[0] + 1 / sizes[1])
    wanted = harmonic * (effect.high / (effect.accept_at or effect.warn_at)) ** 2
    return Fix(
        text=f"About {float(f'{wanted:.2g}'):,.0f} independent images in both {pair.first} and {pair.second} "
        "would settle it if they agree."
    )


def conclude(summary: str, effect: Effect, pair: Pair, claim: str) -> str:
    """Return a summary led by what a pass excludes, or ended by why it is undecided.

    ``claim`` is the claim of a pass: "No property differs".
    """
    severity = grade(effect)
    if severity not in (Severity.PASS, Severity.UNDECIDED):
        return summary
    unit, least = effect.unit, effect.accept_at or effect.warn_at or 0.0
    # Rounded up, for no more is excluded.
    high, margin = _say(math.ceil(100 * effect.high - 1e-6) / 100, unit), _say(least, unit)
    if severity is Severity.PASS:
        return f"{claim} by more than {high} (95 %). {summary}"
    if effect.detectable is None or not pair.decidable:
        verb = "is" if pair.fewest_groups == 1 else "are"
        few = f"{verb} only {plural(pair.fewest_groups, 'independent group')}"
        return f"{summary} There {few} on one side: too few to say."
    return f"{summary} With this many images a distance of {high} cannot be excluded; up to {margin} passes."


def _say(distance: float, unit: str) -> str:
    return percent(distance) if unit == "share" else f"{distance:.2f}"
