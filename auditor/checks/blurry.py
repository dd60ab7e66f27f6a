"""Pictures out of focus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding

#: RMS contrast below which a picture has no detail that could be blurred: `low-contrast` speaks of it.
FLAT = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Blurry(Check):
    """Pictures that are blurred, and more so than the rest.

    Parameters
    ----------
    limit : float
        Blur (Crete et al., 2007) above which a picture is blurred: docs/duplicates.md says how it was
        measured on real photos.
    above_median : float
        A blurred picture is this much above the data set's median too, so that smooth subjects (microscopy)
        are not taken for blurred ones.
    warn_share : float
        Share of the images over which it is a warning: at 1 % a class of a hundred images loses one.
    """

    code = "blurry"
    family = "Pictures"
    measured = (
        "The perceptual blur metric of Crete et al. (2007): how little the differences of neighbouring "
        "pixels shrink when the picture is blurred once more. Graded is the share of readable images above "
        "both limits."
    )
    limits = (
        "A smooth subject looks like a blurred one. Large images are measured at a reduced scale, where "
        "slight blur vanishes."
    )
    words = Wording(
        found="Some images are blurred",
        fine="No image stands out as blurred",
        why=(
            "Without fine detail a model learns outlines and colours; blur that goes with a class or a split "
            "is a shortcut."
        ),
        fix=(
            "Look at them; take them again or drop them. If the model will meet blurred images, keep some in "
            "every class and split."
        ),
    )

    limit: float = 0.6
    above_median: float = 0.2
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        blur = evidence.images["blur"].to_numpy(dtype=float)
        flat = evidence.images["contrast"].to_numpy(dtype=float) < FLAT
        typical = float(np.median(blur[evidence.readable]))
        limit = max(self.limit, typical + self.above_median)
        where = f"blurred: the blur is over {limit:.2f}, and {typical:.2f} is usual here"
        yield find_share(
            self, evidence, (blur > limit) & ~flat, "share of blurred images", f"is {where}", f"are {where}",
            warn_share=self.warn_share, score=blur, readable=True,
            details={"limit": limit, "median": typical},
        )  # fmt: skip
