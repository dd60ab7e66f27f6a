"""Pictures far longer than the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.checks.per_image import odd_beyond, share_finding
from auditor.evidence import Evidence
from auditor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class OddAspect:
    """Pictures whose ratio of long to short side is far from the median one."""

    code: ClassVar[str] = "odd-aspect"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Factor between the ratio of long to short side and its median: below the first nothing is odd (2.7 : 1
    #: among 4 : 3 photos; cleanvision's default is 2.9 : 1, whatever the others are); where shapes vary, the
    #: limit is twice as far as the central 90 % of the images reach, but no more than the second.
    least_factor: float = 2.0
    #: Beyond this an image is odd however much shapes vary.
    most_factor: float = 4.0
    #: At 1 % a class of a hundred images loses one.
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        # Long over short, so that portraits among landscapes, which EXIF may turn, are not odd.
        elongation = np.abs(np.log(evidence.images["aspect"].to_numpy(dtype=float)))
        median, limit = odd_beyond(elongation[evidence.readable], self.least_factor, self.most_factor)
        away = np.abs(elongation - median)
        yield share_finding(
            evidence,
            self.code,
            away > limit,
            away,
            what="share of images of odd shape",
            warn_share=self.warn_share,
            title="Some images are far longer than the rest",
            fine="Images are of comparable shape",
            limit=f"are of odd shape: longer than {np.exp(median + limit):.1f} : 1, where the median is {np.exp(median):.2f} : 1",
            why="Squashed to the model's input they are distorted; cropped, they lose their subject.",
            fix="Look at them: banners, strips and collages usually do not belong. Else crop them, or pad instead of squashing.",
            details={"median_ratio": float(np.exp(median)), "factor": float(np.exp(limit))},
        )
