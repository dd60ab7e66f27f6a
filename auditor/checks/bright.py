"""Pictures washed out by light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from auditor.checks.per_image import share_finding
from auditor.evidence import Evidence
from auditor.finding import Finding, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Bright:
    """Pictures in which even the darkest hundredth is nearly white."""

    code: ClassVar[str] = "bright"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Smallest 1st percentile of luma of a washed-out picture, a share of white: cleanvision's default of
    #: 0.05 below white, on a percentile that leaves thin dark strokes on white (drawings, products on a white
    #: ground) alone.
    limit: float = 0.95
    #: At 1 % a class of a hundred images loses one.
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        floor = evidence.images["floor_level"].to_numpy(dtype=float)
        yield share_finding(
            evidence,
            self.code,
            floor > self.limit,
            floor,
            what="share of washed-out images",
            warn_share=self.warn_share,
            title="Some images are nearly white",
            fine="No image is nearly white",
            limit=f"are washed out: 99 % of their pixels are above {percent(self.limit)} of white",
            why="Clipped highlights hold nothing to learn from; blank frames teach that a class looks like nothing.",
            fix="Look at them; drop blank or overexposed images.",
        )
