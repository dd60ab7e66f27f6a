"""The share of images with some fault: what the checks of files and of single pictures have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.checks.base import Check, Wording
from auditor.checks.examples import classes_of, list_examples, say_share, splits_of
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Severity, grade, percent, plural
from auditor.stats.sampling import most_affected

#: An image is odd beyond twice the reach of the central 90 % of the images (3.3 deviations if normal).
CENTRAL, MARGIN = 0.90, 2.0

Mask = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]


def measure_odd_limit(logs: Scores, least: float, most: float) -> tuple[float, float]:
    """Return the median of some logarithms, and the distance from it beyond which a value is odd here.

    The distance comes from the reach of the central 90 %, not from a deviation: sizes come in clumps (one per
    class, or all the same), whose deviation may be 0. A fault in up to 5 % of the images does not change it.

    Parameters
    ----------
    logs : ndarray of float, shape (n,)
    least, most : float
        The distance is at least ``log(least)`` and at most ``log(most)``.

    Examples
    --------
    >>> median, limit = measure_odd_limit(np.log(np.full(100, 50.0)), 2.0, 4.0)
    >>> round(float(np.exp(median))), round(float(np.exp(limit)), 3)
    (50, 2.0)
    """
    median = float(np.median(logs))
    low, high = np.quantile(logs, ((1 - CENTRAL) / 2, (1 + CENTRAL) / 2))
    reach = MARGIN * max(median - low, high - median)
    return median, float(np.clip(reach, np.log(least), np.log(most)))


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """How many of the images that were read have a fault.

    Attributes
    ----------
    rows : ndarray of int64
        Those with the fault.
    read, images : int
        Images that were read, and all images. They differ where a time budget left some out.
    low, value, high : float
        Share in [0, 1] of those read, and the ends of its exact 95 % interval over all images.
    """

    rows: npt.NDArray[np.int64]
    read: int
    images: int
    low: float
    value: float
    high: float

    def make_effect(self, name: str, warn_at: float | None, error_at: float | None) -> Effect:
        """Return the share as what is graded."""
        return Effect(
            name=name, value=self.value, low=self.low, high=self.high, warn_at=warn_at, error_at=error_at,
            unit="share",
        )  # fmt: skip

    def say_sample(self) -> str:
        """Return what a sample leaves open; blank where no image was left out."""
        if self.read == self.images:
            return ""
        return (
            f" Only {self.read:,} of {self.images:,} images were read; at most {percent(self.high, 3)} of "
            "all are affected (95 % confidence)."
        )


def measure_share(evidence: Evidence, fault: Mask, *, readable: bool) -> Share:
    """Measure the share of the readable images, or of all files that were read, that have a fault."""
    looked = evidence.readable if readable else evidence.measured
    rows, read = np.flatnonzero(fault & looked), int(looked.sum())
    value = len(rows) / read if read else 0.0
    total = len(fault)
    if readable or read == total:
        return Share(rows, read, read, value, value, value)
    most = most_affected(len(rows), max(proportional_part(evidence), len(rows)), total) / total
    return Share(rows, read, total, min(len(rows) / total, value), value, max(most, value))


def proportional_part(evidence: Evidence) -> int:
    """Return how many of the images that were read make up a sample in proportion to classes and splits.

    Small classes are read first, so they are over-represented. What they have beyond their share says nothing
    about the images that were not read.
    """
    read = pd.Series(evidence.measured).groupby([evidence.labels, evidence.splits])
    taken, sizes = read.sum().to_numpy(), read.size().to_numpy()
    return int(np.minimum(taken, sizes * (taken.sum() / sizes.sum())).sum())


def find_share(
    check: Check,
    evidence: Evidence,
    fault: Mask,
    effect: str,
    one: str,
    many: str,
    *,
    warn_share: float | None,
    error_share: float | None = None,
    score: Scores | None = None,
    words: Wording | None = None,
    scope: str = "",
    more: str = "",
    readable: bool = False,
    details: Mapping[str, Any] | None = None,
) -> Finding:
    """Return the finding "3 of 100 images have this fault".

    Parameters
    ----------
    check : Check
        Its main words are used without ``words``; their titles begin with "Some".
    evidence : Evidence
    fault : ndarray of bool, shape (n_images,)
        Which images have it.
    effect : str
        The effect's name, as in "share of unreadable images".
    one, many : str
        What follows the number, as in "is dark" and "are dark"; ``more`` is a sentence after that.
    warn_share, error_share : float or None
        Thresholds of the share, in [0, 1].
    score : ndarray of float, shape (n_images,), optional
        Higher is worse; 1 for all without.
    readable : bool
        Whether only readable images count: the fault is one of pictures, not of files.
    """
    share = measure_share(evidence, fault, readable=readable)
    rows, words = share.rows, words or check.words
    graded = share.make_effect(effect, warn_share, error_share)
    summary = f"{words.fine} ({plural(share.read, 'image')})."
    if len(rows):
        summary = f"{say_share(len(rows), share.read, one, many)}.{f' {more}' if more else ''}"
    summary += share.say_sample()
    title, severity = "", grade(graded)
    if len(rows) and severity is Severity.PASS:
        title = words.found.replace("Some", "A few", 1)
    elif not len(rows) and severity is Severity.UNDECIDED:
        title = f"{words.fine} in the sample"
    return check.make_finding(
        summary,
        graded,
        title=title,
        words=words,
        scope=scope,
        affected=len(rows),
        total=share.read,
        examples=list_examples(evidence, rows, 1.0 if score is None else np.nan_to_num(score[rows])),
        classes=classes_of(evidence, rows),
        splits=splits_of(evidence, rows),
        details=dict(details or {}) if readable else {"sampled": share.read, **(details or {})},
    )
