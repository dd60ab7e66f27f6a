"""Pictures out of focus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.checks.per_image import share_finding
from auditor.evidence import Evidence
from auditor.finding import Finding

#: RMS contrast below which a picture has no detail that could be blurred: `low-contrast` speaks of it.
FLAT = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Blurry:
    """Pictures that are blurred, and more so than the rest."""

    code: ClassVar[str] = "blurry"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Blur (Crete et al. 2007) above which a picture is blurred: see docs/duplicates.md for how it was
    #: measured on real photos ...
    limit: float = 0.6
    #: ... and this much above the data set's median, so that smooth subjects (microscopy) are not taken for
    #: blurred ones.
    above_median: float = 0.2
    #: At 1 % a class of a hundred images loses one.
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        blur = evidence.images["blur"].to_numpy(dtype=float)
        flat = evidence.images["contrast"].to_numpy(dtype=float) < FLAT
        typical = float(np.median(blur[evidence.readable]))
        limit = max(self.limit, typical + self.above_median)
        yield share_finding(
            evidence,
            self.code,
            (blur > limit) & ~flat,
            blur,
            what="share of blurred images",
            warn_share=self.warn_share,
            title="Some images are blurred",
            fine="No image is blurred far beyond the rest",
            limit=f"are blurred: their blur (Crete) is over {limit:.2f}, and the median here is {typical:.2f}",
            why="Without fine detail a model learns outlines and colours; blur that goes with a class or a split is a shortcut.",
            fix="Look at them; take them again or drop them. If the model will meet blurred images, keep some in every class and split.",
            details={"limit": limit, "median": typical},
        )
