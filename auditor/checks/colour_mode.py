"""Colour modes that differ from the rest, and those that libraries treat in ways of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from auditor.checks.file_share import Wording, counted, file_finding
from auditor.evidence import Evidence
from auditor.finding import Finding, Fix

#: Pillow's modes in words; 16-bit and float grey are grey here (`bit-depth` speaks of them).
KINDS = {
    "1": "black and white", "L": "grey", "I;16": "grey", "I;16B": "grey", "I": "grey", "F": "grey", "LA": "grey with transparency",
    "RGB": "colour", "RGBA": "colour with transparency", "P": "palette", "PA": "palette with transparency", "CMYK": "CMYK",
    "YCbCr": "colour", "LAB": "Lab", "HSV": "HSV",
}  # fmt: skip
#: What libraries do not agree on.
AMBIGUOUS = (
    "CMYK",
    "Lab",
    "HSV",
    "colour with transparency",
    "grey with transparency",
    "palette with transparency",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourMode:
    """Colour modes that differ from the rest, and those that libraries treat in ways of their own."""

    code: ClassVar[str] = "colour-mode"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: A few grey pictures among colour are usual; a hundredth is enough to be learnt.
    warn_share: float = 0.01
    #: One CMYK or transparent image is enough to warn.
    ambiguous_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding about mixed modes, one about ambiguous ones, and one about drawings in the transparency."""
        modes = evidence.images["mode"].map(lambda mode: KINDS.get(mode, mode)).to_numpy(dtype=object)
        clear = evidence.images["transparent"].to_numpy(dtype=bool)
        named = np.where(clear & (modes == "palette"), "palette with transparency", modes)
        usual = counted(named[evidence.readable]).split(", ")[0].split(" ", 1)[1]
        mixed = (named != usual) & evidence.readable
        odd = np.isin(named.astype(str), AMBIGUOUS) & evidence.readable
        kinds = {
            m: int((named[evidence.readable] == m).sum())
            for m in sorted(set(named[evidence.readable].tolist()))
        }
        words = Wording(
            title="Images of several colour modes are mixed",
            fine="All images have the same colour mode",
            has=f"have another colour mode than the commonest ({usual})",
            more=f"Found: {counted(named[evidence.readable])}.",
            why="Grey among colour is a shortcut where it goes with a class, and stops loaders that expect three channels.",
            fix=Fix(text="Convert all images to one mode, before training and where the model is used."),
            details={"modes": kinds},
        )
        yield file_finding(
            evidence,
            self.code,
            mixed,
            words,
            effect="share of images in another colour mode",
            warn_share=self.warn_share,
        )
        words = Wording(
            title="Some images have colours that libraries do not agree on",
            fine="No image has colours that libraries do not agree on",
            has="are CMYK, Lab or transparent",
            more=f"Found: {counted(named[odd])}.",
            why="Libraries convert CMYK and drop transparency each in its own way, so that one file gives different pictures.",
            fix=Fix(text="Convert them to RGB once, with transparency laid on a background that you choose."),
            details={"modes": {m: n for m, n in kinds.items() if m in AMBIGUOUS}},
        )
        name = "share of images in an ambiguous colour mode"
        found = file_finding(evidence, self.code, odd, words, effect=name, warn_share=self.ambiguous_share)
        yield replace(found, scope="ambiguous")
        drawn = clear & evidence.readable & (evidence.images["contrast"].to_numpy(dtype=float) == 0)
        if drawn.any():
            words = Wording(
                title="Some images show only in their transparency",
                fine="",
                has="are of one colour once their transparency is dropped, as most loaders do: what they show is in the alpha channel",
                why="A model that is trained on them sees blank pictures, and so do the other checks here.",
                fix=Fix(
                    text="Lay them on a background of another colour, white for black drawings, and save them as RGB."
                ),
            )
            name = "share of images that show only in their transparency"
            found = file_finding(
                evidence, self.code, drawn, words, effect=name, warn_share=self.ambiguous_share
            )
            yield replace(found, scope="transparency")
