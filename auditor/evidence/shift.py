"""What the shift checks share: the pairs of splits, the error budget of their family, and the wording of an interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.stats.clusters import FEWEST_GROUPS

if TYPE_CHECKING:
    from auditor.evidence.scan import Scan

#: Checks whose intervals hold together: each gets an equal part of the audit's 5 %, and divides it among its pairs of splits.
FAMILY = ("label-shift", "property-shift", "content-shift", "class-content-shift", "unseen-class")
#: One minus the simultaneous confidence of the family.
FAMILY_ALPHA = 0.05
#: Images of a split beyond which a random sample of this size is compared: at this size the intervals are far narrower than any threshold.
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
        One minus the confidence for everything that one check says about this pair.
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


def pairs(scan: Scan, *, labelled: bool = False) -> Iterator[Pair]:
    """Yield every pair of splits with readable images on both sides; of classes only, where ``labelled``."""
    order = np.argsort(scan.images["path"].to_numpy(dtype=object), kind="stable")
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
            alpha=FAMILY_ALPHA / len(FAMILY) / len(named),
        )


def _sample(rows: npt.NDArray[np.int64], generator: np.random.Generator) -> npt.NDArray[np.int64]:
    if len(rows) <= LARGEST_SAMPLE:
        return rows
    return rows[np.sort(generator.choice(len(rows), LARGEST_SAMPLE, replace=False))]


def matched(
    labels: npt.NDArray[np.object_], other_labels: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]] | None:
    """Return what gives the first split the label mix of the second.

    These are weights of its images, and which of the second's have a class that the first has at all; ``None`` where labels
    are missing on a side or no class is shared. Classes that only one side has get no weight.
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


def in_words(low: float, high: float, show: Callable[[float], str] = lambda x: f"{x:.2f}") -> str:
    """Return an interval as the reports write it.

    Examples
    --------
    >>> in_words(0.031, 0.318)
    '95 % interval 0.03 to 0.32'
    """
    return f"95 % interval {show(low)} to {show(high)}"
