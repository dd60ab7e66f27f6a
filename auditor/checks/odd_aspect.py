"""Pictures far longer than the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.shares import find_share, measure_odd_limit
from auditor.evidence import Evidence
from auditor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class OddAspect(Check):
    """Pictures whose ratio of long to short side is far from the median one.

    Parameters
    ----------
    least_factor : float
        Factor between that ratio and its median below which nothing is odd (2.7 : 1 among 4 : 3 photos;
        cleanvision's default is 2.9 : 1, whatever the others are). Where shapes vary, the limit is twice as
        far as the central 90 % of the images reach, up to the next.
    most_factor : float
        Factor beyond which an image is odd however much shapes vary.
    warn_share : float
        Share of the images over which it is a warning: at 1 % a class of a hundred images loses one.
    """

    code = "odd-aspect"
    family = "Pictures"
    measured = (
        "Long side over short side against its median, as a factor either way. Graded is the share of "
        "readable images beyond the limit."
    )
    limits = "An image is odd against the rest of this data set."
    words = Wording(
        found="Some images are far longer than others",
        fine="Images are of similar shape",
        why="Squashed to the model's input they are distorted; cropped, they lose their subject.",
        fix=(
            "Look at them: banners, strips and collages usually do not belong. Else crop them, or pad "
            "instead of squashing."
        ),
    )

    least_factor: float = 2.0
    most_factor: float = 4.0
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        # Long over short, so that portraits among landscapes, which EXIF may turn, are not odd.
        elongation = np.abs(np.log(evidence.images["aspect"].to_numpy(dtype=float)))
        median, limit = measure_odd_limit(elongation[evidence.readable], self.least_factor, self.most_factor)
        away = np.abs(elongation - median)
        longest, usual = np.exp([median + limit, median])
        odd = f"of odd shape: longer than {longest:.1f} : 1, and {usual:.2f} : 1 is usual here"
        yield find_share(
            self, evidence, away > limit, "share of images of odd shape", f"is {odd}", f"are {odd}",
            warn_share=self.warn_share, score=away, readable=True,
            details={"median_ratio": float(usual), "factor": float(np.exp(limit))},
        )  # fmt: skip
