"""Pictures washed out by light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.checks.base import Check, Wording
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Bright(Check):
    """Pictures in which even the darkest hundredth is nearly white.

    Parameters
    ----------
    limit : float
        Smallest 1st percentile of luma of a washed-out picture, a share of white: cleanvision's default of
        0.05 below white. A percentile that low leaves thin dark strokes on white (drawings, products) alone.
    warn_share : float
        Share of the images over which it is a warning: at 1 % a class of a hundred images loses one.
    """

    code = "bright"
    family = "Pictures"
    measured = (
        "The 1st percentile of luma of each picture, as a share of white. Graded is the share of readable "
        "images above the limit."
    )
    limits = "A picture on white ground is bright by right: it lists, you decide."
    words = Wording(
        found="Some images are nearly white",
        fine="No image is nearly white",
        why=(
            "Clipped highlights hold nothing to learn from, and blank frames teach that a class looks like "
            "nothing."
        ),
        fix="Look at them; drop blank or overexposed images.",
    )

    limit: float = 0.95
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        floor = evidence.images["floor_level"].to_numpy(dtype=float)
        where = f"nearly white: 99 % of the pixels are above {percent(self.limit)} of white"
        yield find_share(
            self, evidence, floor > self.limit, "share of washed-out images", f"is {where}", f"are {where}",
            warn_share=self.warn_share, score=floor, readable=True,
        )  # fmt: skip
