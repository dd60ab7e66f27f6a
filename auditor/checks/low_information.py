"""Pictures with next to nothing in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class LowInformation(Check):
    """Blank or nearly blank pictures.

    Parameters
    ----------
    of_median : float
        A picture holds little below this share of the data set's median entropy.
    highest : float
        A nearly blank picture is below this entropy too, in bits: cleanvision's default.
    lowest : float
        A picture below this entropy, in bits, is always nearly blank: one pixel in a hundred differs from the
        rest.
    warn_share : float
        Share of the images over which it is a warning: at 1 % a class of a hundred images loses one.
    """

    code = "low-information"
    family = "Pictures"
    measured = (
        "Shannon entropy of the histogram of grey levels, in bits. Graded is the share of readable images "
        "below the limit."
    )
    limits = "It judges the variety of grey levels, not the content."
    words = Wording(
        found="Some images are nearly blank",
        fine="No image is nearly blank",
        why=(
            "Placeholders, blank frames and solid colours carry a label but no picture: the model learns "
            "noise from them."
        ),
        fix="Look at them and drop those that show nothing.",
    )

    of_median: float = 1 / 3
    highest: float = 3.0
    lowest: float = 0.08
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        entropy = evidence.images["entropy"].to_numpy(dtype=float)
        typical = float(np.median(entropy[evidence.readable]))
        limit = min(max(self.of_median * typical, self.lowest), self.highest)
        blank = f"nearly blank: under {limit:.2f} bits per pixel, and {typical:.2f} is usual here"
        yield find_share(
            self, evidence, entropy < limit, "share of nearly blank images", f"is {blank}", f"are {blank}",
            warn_share=self.warn_share, score=8 - entropy, readable=True,
            details={"limit": limit, "median": typical},
        )  # fmt: skip
