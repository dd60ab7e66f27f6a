"""Pictures far larger or smaller than the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.shares import find_share, measure_odd_limit
from auditor.evidence import Evidence
from auditor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class OddSize(Check):
    """Pictures whose size is far from the median size.

    Parameters
    ----------
    least_factor : float
        Factor between a side of the picture (square root of its pixels) and the median side below which
        nothing is odd. Where sizes vary, the limit is twice as far as the central 90 % of the images reach,
        up to the next (blood cells of three kinds reach 2.4 either way: 0.04 % of them are odd).
    most_factor : float
        Factor beyond which an image is odd however much sizes vary.
    warn_share : float
        Share of the images over which it is a warning: at 1 % a class of a hundred images loses one.
    """

    code = "odd-size"
    family = "Pictures"
    measured = (
        "The square root of width x height against its median, as a factor either way. Graded is the share "
        "of readable images beyond the limit."
    )
    limits = "An image is odd against the rest of this data set: where all are too small, none is odd."
    words = Wording(
        found="Some images are far larger or smaller",
        fine="Images are of similar size",
        why=(
            "Resized to one input size, small images turn soft and large ones lose detail: a model can tell "
            "them by that alone."
        ),
        fix=(
            "Look at them: thumbnails or icons among photos usually do not belong. Else get them in the size "
            "of the rest."
        ),
    )

    least_factor: float = 2.0
    most_factor: float = 4.0
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        side = 0.5 * np.log(np.maximum(evidence.images["pixels"].to_numpy(dtype=float), 1))
        median, limit = measure_odd_limit(side[evidence.readable], self.least_factor, self.most_factor)
        away = np.abs(side - median)
        small, usual, large = np.exp([median - limit, median, median + limit])
        odd = (
            f"of odd size: under {small:.0f} or over {large:.0f} pixels a side, and {usual:.0f} is usual here"
        )
        yield find_share(
            self, evidence, away > limit, "share of images of odd size", f"is {odd}", f"are {odd}",
            warn_share=self.warn_share, score=away, readable=True,
            details={"median_side": float(usual), "factor": float(np.exp(limit))},
        )  # fmt: skip
