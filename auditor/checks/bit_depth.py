"""Images with more than 8 bits per channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.examples import count_values
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class BitDepth(Check):
    """Images with more than 8 bits per channel, or of different depths.

    Parameters
    ----------
    warn_share : float
        Share of the images over which it is a warning: one is enough.
    """

    code = "bit-depth"
    family = "Files"
    measured = "Bits per channel in the header. Graded is the share of images with more than 8."
    limits = (
        "It reads the header: a 16-bit file that holds 8-bit values is known by its values only where they "
        "are all multiples."
    )
    words = Wording(
        found="Some images have more than 8 bits",
        fine="No image exceeds 8 bits",
        why=(
            "Loaders that expect 8 bits cut such images to white (Pillow's convert), keep only the upper "
            "half, or refuse them."
        ),
        fix=(
            "Decide on one scaling from 16 to 8 bits, convert all with it, and do the same where the model "
            "is used."
        ),
    )

    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        bits = evidence.images["bits"].to_numpy(dtype=int)
        depths, counts = np.unique(bits[evidence.readable], return_counts=True)
        more = count_values([f"of {b} bits" for b in bits[evidence.readable]])
        yield find_share(
            self, evidence, (bits > 8) & evidence.readable, "share of images with more than 8 bits",
            "has more than 8 bits per channel", "have more than 8 bits per channel",
            warn_share=self.warn_share, score=bits.astype(float), more=f"Depths: {more}.",
            details={"bits": dict(zip(depths.astype(str).tolist(), counts.tolist(), strict=True))},
        )  # fmt: skip
