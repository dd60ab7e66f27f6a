"""Pictures taken through the lens cap: black all over, without structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class LensCap:
    """Pictures that are black from edge to edge."""

    code: ClassVar[str] = "lens-cap"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False
    limits: ClassVar[str] = "A photo of a moonless night looks the same."

    #: Share of white below which the brightest hundredth of a covered lens stays: the noise of a small sensor
    #: is about 0.03.
    brightest: float = 0.05
    #: Any covered picture is one too many to train on.
    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield the one finding, a pass too."""
        images = evidence.images[evidence.readable]
        covered = images[images["peak_level"] < self.brightest].sort_values("peak_level", kind="stable")
        yield Finding(
            code=self.code,
            title="Pictures were taken through the lens cap",
            summary=f"{len(covered):,} of {len(images):,} pictures are black from edge to edge.",
            why="A model learns nothing from them but which class they were filed under.",
            affected=len(covered),
            total=len(images),
            effect=Effect.counted(
                "share of covered pictures", len(covered) / len(images), warn_at=self.warn_share, unit="share"
            ),
            fix=Fix(text="Drop them in the report, and apply the decisions."),
            examples=covered[["path", "label", "split"]].assign(score=1 - covered["peak_level"]),
        )
