"""Pictures lost in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.checks.base import Check, Wording
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Dark(Check):
    """Pictures in which even the brightest hundredth is dark.

    Parameters
    ----------
    limit : float
        Largest 99th percentile of luma of a dark picture, a share of white: cleanvision's default. A
        percentile that high leaves thin bright strokes on black (digits, stars) alone; a mean would not.
    warn_share : float
        Share of the images over which it is a warning: at 1 % a class of a hundred images loses one.
    """

    code = "dark"
    family = "Pictures"
    measured = (
        "The 99th percentile of luma (ITU-R BT.601) of each picture, as a share of white. Graded is the "
        "share of readable images below the limit."
    )
    limits = "A night photo is dark by right: it lists, you decide."
    words = Wording(
        found="Some images are nearly black",
        fine="No image is nearly black",
        why=(
            "What is lost in the dark cannot be learned, and normalising such an image turns its noise into "
            "the picture."
        ),
        fix="Look at them; brighten or drop those in which the subject cannot be seen.",
    )

    limit: float = 0.32
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        peak = evidence.images["peak_level"].to_numpy(dtype=float)
        where = f"nearly black: 99 % of the pixels are below {percent(self.limit)} of white"
        yield find_share(
            self, evidence, peak < self.limit, "share of dark images", f"is {where}", f"are {where}",
            warn_share=self.warn_share, score=1 - peak, readable=True,
        )  # fmt: skip
