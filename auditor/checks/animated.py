"""Files with more than one picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.checks.base import Check, Wording
from auditor.checks.examples import count_values
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Animated(Check):
    """Files with more than one picture, of which frameworks take the first or make a fourth dimension.

    Parameters
    ----------
    warn_share : float
        Share of the files over which it is a warning: one is enough.
    """

    code = "animated"
    family = "Files"
    measured = (
        "Frames are counted from the container (GIF, APNG, WebP, AVIF, TIFF) without decoding them. Graded "
        "is the share of files that have several."
    )
    limits = "Only the first frame of an animation is measured."
    words = Wording(
        found="Some files hold several pictures",
        fine="Every file holds one picture",
        why=(
            "Pillow and OpenCV show the first picture only; tf.io.decode_image gives GIF and WebP a fourth "
            "dimension, which stops a batch."
        ),
        fix="Save the picture that is meant as a still image, or each of them as a file of its own.",
    )
    multi_picture = Wording(
        found="Some JPEGs hold a second picture",
        fine="No JPEG holds a second picture",
        why=(
            "Every library shows the first picture, so nothing is lost; the rest makes the files larger than "
            "they need to be."
        ),
        fix="Nothing needs to be done; save them again as plain JPEG to save space.",
    )

    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding about animations and pages, and one about multi-picture JPEGs if there are any."""
        formats = evidence.images["format"].to_numpy(dtype=object)
        moving = evidence.images["animated"].to_numpy(dtype=bool) & evidence.readable
        several = "animated or has several pages", "animated or have several pages"
        yield find_share(
            self, evidence, moving, "share of animated files", f"is {several[0]}", f"are {several[1]}",
            warn_share=self.warn_share, more=f"Formats: {count_values(formats[moving])}.",
        )  # fmt: skip
        phones = (formats == "MPO") & evidence.readable
        if phones.any():
            behind = "a depth map or a second view behind the picture (MPO)"
            yield find_share(
                self, evidence, phones, "share of multi-picture files", f"has {behind}", f"have {behind}",
                warn_share=None, words=self.multi_picture, scope="multi-picture",
            )  # fmt: skip
