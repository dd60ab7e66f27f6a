"""Pictures with hardly any contrast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class LowContrast(Check):
    """Pictures whose contrast is far below that of the rest.

    Parameters
    ----------
    of_median : float
        A picture is flat below this share of the data set's median contrast.
    highest : float
        A flat picture is below this RMS contrast too, a share of white (Peli, "Contrast in complex images",
        JOSA A 7(10), 1990).
    lowest : float
        A picture below this RMS contrast is always flat: 2.5 of 255 grey levels.
    warn_share : float
        Share of the images over which it is a warning: at 1 % a class of a hundred images loses one.
    """

    code = "low-contrast"
    family = "Pictures"
    measured = (
        "RMS contrast (standard deviation of luma, a share of white) of each picture. Graded is the share of "
        "readable images below the limit."
    )
    limits = "Fog and X-rays have little contrast by right: it lists, you decide."
    words = Wording(
        found="Some images have hardly any contrast",
        fine="No image lacks contrast",
        why=(
            "Fog, flare or a wrong exposure leaves little to tell classes apart by, and normalising it "
            "amplifies noise."
        ),
        fix="Look at them; stretch the contrast or drop those in which nothing can be seen.",
    )

    of_median: float = 1 / 3
    highest: float = 0.05
    lowest: float = 0.01
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        contrast = evidence.images["contrast"].to_numpy(dtype=float)
        typical = float(np.median(contrast[evidence.readable]))
        limit = min(max(self.of_median * typical, self.lowest), self.highest)
        usual = f"{percent(typical, 1)} is usual here"
        flat = f"hardly any contrast: less than {percent(limit, 1)} of white, and {usual}"
        yield find_share(
            self, evidence, contrast < limit, "share of flat images", f"has {flat}", f"have {flat}",
            warn_share=self.warn_share, score=1 - contrast, readable=True,
            details={"limit": limit, "median": typical},
        )  # fmt: skip
