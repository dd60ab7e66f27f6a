"""Colour modes that differ from the rest, and those that libraries treat in ways of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.examples import count_values
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding

#: Pillow's modes in words; 16-bit and float grey are grey here (`bit-depth` speaks of them).
KINDS = {
    "1": "black and white", "L": "grey", "I;16": "grey", "I;16B": "grey", "I": "grey", "F": "grey",
    "LA": "grey with transparency", "RGB": "colour", "RGBA": "colour with transparency", "P": "palette",
    "PA": "palette with transparency", "CMYK": "CMYK", "YCbCr": "colour", "LAB": "Lab", "HSV": "HSV",
}  # fmt: skip
#: What libraries do not agree on.
AMBIGUOUS = (
    "CMYK", "Lab", "HSV", "colour with transparency", "grey with transparency", "palette with transparency",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourMode(Check):
    """Colour modes that differ from the rest, and those that libraries treat in ways of their own.

    Parameters
    ----------
    warn_share : float
        Share of images in another mode over which it is a warning: a few grey pictures among colour are
        usual; a hundredth is enough to be learnt.
    ambiguous_share : float
        Share of images in a mode that libraries disagree about over which it is a warning: one is enough.
    """

    code = "colour-mode"
    family = "Files"
    measured = (
        "The mode in the header (grey, RGB, CMYK, palette, transparency) against the most frequent one. "
        "Graded are the share of images in another mode, and the share in a mode that libraries disagree "
        "about."
    )
    limits = "A grey picture saved as RGB counts by its pixels, one with a faint tint does not."
    words = Wording(
        found="Some images have another colour mode",
        fine="All images share one mode",
        why=(
            "Grey among colour is a shortcut where it goes with a class, and stops loaders that expect three "
            "channels."
        ),
        fix="Convert all images to one mode, before training and where the model is used.",
    )
    ambiguous = Wording(
        found="Some images' colours depend on the library",
        fine="Libraries agree about all colours",
        why=(
            "Libraries convert CMYK and drop transparency each in its own way, so that one file gives "
            "different pictures."
        ),
        fix="Convert them to RGB once, with transparency laid on a background that you choose.",
    )
    transparency = Wording(
        found="Some images show only in their transparency",
        fine="No image shows only in transparency",
        why="A model that is trained on them sees blank pictures, and so do the other checks here.",
        fix="Lay them on a background of another colour, white for black drawings, and save them as RGB.",
    )

    warn_share: float = 0.01
    ambiguous_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding about mixed modes, one about ambiguous ones, one about drawings in transparency."""
        modes = evidence.images["mode"].map(lambda mode: KINDS.get(mode, mode)).to_numpy(dtype=object)
        clear = evidence.images["transparent"].to_numpy(dtype=bool)
        named = np.where(clear & (modes == "palette"), "palette with transparency", modes)
        found, counts = np.unique(named[evidence.readable].astype(str), return_counts=True)
        kinds = dict(zip(found.tolist(), counts.tolist(), strict=True))
        usual = str(found[counts.argmax()])
        more = f"Modes: {count_values(named[evidence.readable])}."
        yield find_share(
            self, evidence, (named != usual) & evidence.readable, "share of images in another colour mode",
            f"is not {usual} like most", f"are not {usual} like most",
            warn_share=self.warn_share, more=more, details={"modes": kinds},
        )  # fmt: skip
        odd = np.isin(named.astype(str), AMBIGUOUS) & evidence.readable
        yield find_share(
            self, evidence, odd, "share of images in an ambiguous colour mode",
            "is CMYK, Lab or transparent", "are CMYK, Lab or transparent",
            warn_share=self.ambiguous_share, words=self.ambiguous, scope="ambiguous",
            more=f"Modes: {count_values(named[odd])}.",
            details={"modes": {m: n for m, n in kinds.items() if m in AMBIGUOUS}},
        )  # fmt: skip
        drawn = clear & evidence.readable & (evidence.images["contrast"].to_numpy(dtype=float) == 0)
        if drawn.any():
            blank = "of one colour once the transparency is dropped, as most loaders do"
            yield find_share(
                self, evidence, drawn, "share of images that show only in their transparency",
                f"is {blank}", f"are {blank}",
                warn_share=self.ambiguous_share, words=self.transparency, scope="transparency",
            )  # fmt: skip
