"""Pictures far larger or smaller than the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.checks.per_image import odd_beyond, share_finding
from auditor.evidence import Evidence
from auditor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class OddSize:
    """Pictures whose size is far from the median size."""

    code: ClassVar[str] = "odd-size"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Factor between a side of the picture (square root of its pixels) and the median side: below the first
    #: nothing is odd; where sizes vary, the limit is twice as far as the central 90 % of the images reach,
    #: but no more than the second (blood cells of three kinds reach 2.4 either way: 0.04 % of them are odd).
    least_factor: float = 2.0
    #: Beyond this an image is odd however much sizes vary.
    most_factor: float = 4.0
    #: At 1 % a class of a hundred images loses one.
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        side = 0.5 * np.log(np.maximum(evidence.images["pixels"].to_numpy(dtype=float), 1))
        median, limit = odd_beyond(side[evidence.readable], self.least_factor, self.most_factor)
        away = np.abs(side - median)
        small, large = np.exp(median - limit), np.exp(median + limit)
        yield share_finding(
            evidence,
            self.code,
            away > limit,
            away,
            what="share of images of odd size",
            warn_share=self.warn_share,
            title="Some images are far larger or smaller than the rest",
            fine="Images are of comparable size",
            limit=(
                f"are of odd size: a mean side (root of the pixels) under {small:.0f} or over {large:.0f} px, "
                f"where the median is {np.exp(median):.0f} px"
            ),
            why="Resized to one input size, small images turn soft and large ones lose detail: a model can tell them by that alone.",
            fix="Look at them: thumbnails or icons among photos usually do not belong. Else get them in the size of the rest.",
            details={"median_side": float(np.exp(median)), "factor": float(np.exp(limit))},
        )
