"""Pictures with next to nothing in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.checks.per_image import share_finding
from auditor.evidence import Evidence
from auditor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class LowInformation:
    """Blank or nearly blank pictures."""

    code: ClassVar[str] = "low-information"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Below this share of the data set's median entropy a picture holds little ...
    of_median: float = 1 / 3
    #: ... but never above this entropy in bits (cleanvision's default) ...
    highest: float = 3.0
    #: ... and always below this one: one pixel in a hundred differs from the rest.
    lowest: float = 0.08
    #: At 1 % a class of a hundred images loses one.
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        entropy = evidence.images["entropy"].to_numpy(dtype=float)
        typical = float(np.median(entropy[evidence.readable]))
        limit = min(max(self.of_median * typical, self.lowest), self.highest)
        yield share_finding(
            evidence,
            self.code,
            entropy < limit,
            8 - entropy,
            what="share of nearly blank images",
            warn_share=self.warn_share,
            title="Some images are nearly blank",
            fine="No image is nearly blank",
            limit=f"hold under {limit:.2f} bits per pixel (Shannon entropy of luma; the median here is {typical:.2f})",
            why="Placeholders, blank frames and solid colours carry a label but no picture: the model learns noise from them.",
            fix="Look at them and drop those that show nothing.",
            details={"limit": limit, "median": typical},
        )
