"""Files with more than one picture, of which frameworks take the first or make a fourth dimension."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from auditor.checks.file_share import Wording, counted, file_finding
from auditor.evidence import Evidence
from auditor.finding import Finding, Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Animated:
    """Files with more than one picture, of which frameworks take the first or make a fourth dimension."""

    code: ClassVar[str] = "animated"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: One such file is enough to warn.
    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding about animations and pages; and, where there are any, one about phones' multi-picture JPEGs."""
        moving = evidence.images["animated"].to_numpy(dtype=bool) & evidence.readable
        words = Wording(
            title="Some files hold several pictures",
            fine="No file holds more than one picture",
            has="are animated or have several pages",
            more=f"Formats: {counted(evidence.images['format'].to_numpy(dtype=object)[moving])}.",
            why=(
                "Pillow and OpenCV show the first picture only; tf.io.decode_image gives GIF and WebP a fourth dimension, "
                "which stops a batch."
            ),
            fix=Fix(
                text="Save the picture that is meant as a still image, or each of them as a file of its own."
            ),
        )
        yield file_finding(
            evidence, self.code, moving, words, effect="share of animated files", warn_share=self.warn_share
        )
        phones = (evidence.images["format"] == "MPO").to_numpy(dtype=bool) & evidence.readable
        if phones.any():
            words = Wording(
                title="Some JPEGs hold further pictures behind the first",
                fine="",
                has="are multi-picture (MPO) files: a phone's JPEG with a depth map or a second view behind it",
                why="Every library shows the first picture, so nothing is lost; the rest makes the files larger than they need to be.",
                fix=Fix(text="Nothing needs to be done; save them again as plain JPEG to save space."),
            )
            found = file_finding(
                evidence, self.code, phones, words, effect="share of multi-picture files", warn_share=None
            )
            yield replace(found, scope="multi-picture")
