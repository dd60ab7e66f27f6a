"""Images that EXIF says to turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.checks.base import Check, Wording
from auditor.checks.examples import count_values
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding, plural

#: What a viewer does for each orientation (EXIF 3.0, tag 0x0112).
TURNS = {
    2: "mirrored", 3: "turned by 180 degrees", 4: "upside down and mirrored", 5: "turned left and mirrored",
    6: "turned right by 90 degrees", 7: "turned right and mirrored", 8: "turned left by 90 degrees",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation(Check):
    """Images that EXIF says to turn, which frameworks that ignore EXIF see lying on their side.

    Parameters
    ----------
    warn_share : float
        Share of the images over which it is a warning: one is enough.
    """

    code = "orientation"
    family = "Files"
    measured = "The EXIF orientation tag. Graded is the share of images for which it is not 1."
    limits = "It reads the EXIF tag alone: a picture that was turned before it was saved looks upright to it."
    words = Wording(
        found="Some images are stored turned",
        fine="All images are stored upright",
        why=(
            "Keras, TensorFlow and Pillow's open() show the stored pixels; OpenCV, viewers and labelling "
            "tools turn them first. Labels drawn in one and read in the other do not fit, and the model sees "
            "upside-down objects."
        ),
        fix=(
            "Turn the pixels once and clear the tag (ImageOps.exif_transpose, or jpegtran without loss), for "
            "all tools alike."
        ),
    )

    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        turn = evidence.images["orientation"].to_numpy(dtype=int)
        turned = (turn > 1) & evidence.readable
        sideways = int((turned & (turn >= 5)).sum())
        note = (
            "a note in EXIF to turn it, which many frameworks ignore",
            "a note in EXIF to turn them, which many frameworks ignore",
        )
        more = plural(sideways, "image lies on its side", "images lie on their side")
        yield find_share(
            self, evidence, turned, "share of images with an EXIF rotation", f"has {note[0]}",
            f"have {note[1]}",
            warn_share=self.warn_share, score=turn.astype(float),
            more=f"{more}. Turns: {count_values([TURNS[int(t)] for t in turn[turned]])}.",
        )  # fmt: skip
