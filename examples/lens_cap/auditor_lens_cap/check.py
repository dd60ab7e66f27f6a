"""Pictures taken through the lens cap: black all over, without structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.checks import Check, Wording
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class LensCap(Check):
    """Pictures that are black from edge to edge.

    Parameters
    ----------
    brightest : float
        Share of white below which the brightest hundredth of a covered lens stays: the noise of a small
        sensor is about 0.03.
    warn_share : float
        Share of covered pictures over which it is a warning: any is one too many to train on.
    """

    code = "lens-cap"
    family = "Pictures"
    measured = "The 99th percentile of luma of each picture. Graded is the share of covered pictures."
    limits = "A photo of a moonless night looks the same."
    words = Wording(
        found="Some pictures were taken through the lens cap",
        fine="No picture was taken through the lens cap",
        why="A model learns nothing from them but which class they were filed under.",
        fix="Drop them in the report, and apply the decisions.",
    )

    brightest: float = 0.05
    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield the one finding, a pass too."""
        images = evidence.images[evidence.readable]
        covered = images[images["peak_level"] < self.brightest].sort_values("peak_level", kind="stable")
        share = len(covered) / len(images)
        yield self.make_finding(
            f"{len(covered):,} of {len(images):,} pictures are black from edge to edge.",
            Effect.counted("share of covered pictures", share, warn_at=self.warn_share, unit="share"),
            affected=len(covered),
            total=len(images),
            examples=covered[["path", "label", "split"]].assign(score=1 - covered["peak_level"]),
        )
