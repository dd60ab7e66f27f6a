"""Images with more than 8 bits per channel, or of different depths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from auditor.checks.file_share import Wording, counted, file_finding
from auditor.evidence import Evidence
from auditor.finding import Finding, Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class BitDepth:
    """Images with more than 8 bits per channel, or of different depths."""

    code: ClassVar[str] = "bit-depth"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: One such file is enough to warn.
    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        bits = evidence.images["bits"].to_numpy(dtype=int)
        deep = (bits > 8) & evidence.readable
        words = Wording(
            title="Some images have more than 8 bits per channel",
            fine="No image has more than 8 bits per channel",
            has="have more than 8 bits per channel",
            more=f"Depths: {counted([f'of {b} bits' for b in bits[evidence.readable]])}.",
            why="Loaders that expect 8 bits cut such images to white (Pillow's convert), keep only the upper half, or refuse them.",
            fix=Fix(
                text="Decide on one scaling from 16 to 8 bits, convert all with it, and do the same where the model is used."
            ),
            details={
                "bits": {
                    str(b): int((bits[evidence.readable] == b).sum())
                    for b in sorted(set(bits[evidence.readable].tolist()))
                }
            },
        )
        yield file_finding(
            evidence,
            self.code,
            deep,
            words,
            effect="share of images with more than 8 bits",
            warn_share=self.warn_share,
            score=bits.astype(float),
        )
