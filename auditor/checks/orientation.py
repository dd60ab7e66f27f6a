"""Images that EXIF says to turn, which frameworks that ignore EXIF see lying on their side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from auditor.checks.file_share import Wording, counted, file_finding
from auditor.evidence import Evidence
from auditor.finding import Finding, Fix

#: What a viewer does for each orientation (EXIF 3.0, tag 0x0112).
TURNS = {
    2: "mirrored", 3: "turned by 180 degrees", 4: "upside down and mirrored", 5: "turned left and mirrored",
    6: "turned right by 90 degrees", 7: "turned right and mirrored", 8: "turned left by 90 degrees",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """Images that EXIF says to turn, which frameworks that ignore EXIF see lying on their side."""

    code: ClassVar[str] = "orientation"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: One such file is enough to warn.
    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        turn = evidence.images["orientation"].to_numpy(dtype=int)
        turned = (turn > 1) & evidence.readable
        sideways = turned & (turn >= 5)
        words = Wording(
            title="Some images are stored turned, with a note to turn them back",
            fine="No image needs to be turned by its EXIF orientation",
            has="have an EXIF orientation that viewers apply and many frameworks ignore",
            more=f"{int(sideways.sum()):,} of them lie on their side. Found: {counted([TURNS[int(t)] for t in turn[turned]])}.",
            why=(
                "Keras, TensorFlow and Pillow's open() show the stored pixels; OpenCV, viewers and labelling tools turn them first. Labels "
                "drawn in one and read in the other do not fit, and the model sees upside-down objects."
            ),
            fix=Fix(
                text="Turn the pixels once and clear the tag (ImageOps.exif_transpose, or jpegtran without loss), for all tools alike."
            ),
        )
        yield file_finding(
            evidence,
            self.code,
            turned,
            words,
            effect="share of images with an EXIF rotation",
            warn_share=self.warn_share,
            score=turn.astype(float),
        )
