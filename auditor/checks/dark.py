"""Pictures without light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from auditor.checks.per_image import share_finding
from auditor.evidence import Evidence
from auditor.finding import Finding, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Dark:
    """Pictures in which even the brightest hundredth is dark."""

    code: ClassVar[str] = "dark"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Largest 99th percentile of luma of a dark picture, a share of white: cleanvision's default. A
    #: percentile that high leaves thin bright strokes on black (digits, stars) alone, which a mean would not.
    limit: float = 0.32
    #: Share of the images over which it is a warning: at 1 % a class of a hundred images loses one.
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        peak = evidence.images["peak_level"].to_numpy(dtype=float)
        yield share_finding(
            evidence,
            self.code,
            peak < self.limit,
            1 - peak,
            what="share of dark images",
            warn_share=self.warn_share,
            title="Some images are nearly black",
            fine="No image is nearly black",
            limit=f"are dark: 99 % of their pixels are below {percent(self.limit)} of white",
            why="What is lost in the dark cannot be learned, and normalising such an image turns its noise into the picture.",
            fix="Look at them; brighten or drop those in which the subject cannot be seen.",
        )
