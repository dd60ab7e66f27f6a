"""Positions and serial numbers in the metadata of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy(Check):
    """Positions and serial numbers in the metadata of images.

    Parameters
    ----------
    warn_share : float
        Share of the images over which it is a warning: one is enough.
    """

    code = "privacy"
    family = "Files"
    measured = (
        "GPS positions, owners' names and serial numbers of cameras and lenses in EXIF. Graded is the share "
        "of images that have any."
    )
    limits = "It reads metadata alone: faces, number plates and names in the picture are not looked for."
    words = Wording(
        found="Some images reveal place or owner",
        fine="No metadata reveals private data",
        why=(
            "It identifies people and places, and is passed on with the data. A camera's number that goes "
            "with a class is a shortcut."
        ),
        fix="Strip the metadata before you share the data (exiftool -all= on a copy); keep the orientation.",
    )

    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        private = evidence.images["private"].to_numpy(dtype=object)
        gps, serial = (np.array([word in text for text in private], dtype=bool) for word in ("gps", "serial"))
        held = "a position, an owner's name or a serial number in the metadata"
        places, numbers = int(gps.sum()), int(serial.sum())
        yield find_share(
            self, evidence, gps | serial, "share of images with private metadata", f"holds {held}",
            f"hold {held}",
            warn_share=self.warn_share, score=gps + 0.5 * serial,
            more=f"GPS positions: {places:,}; owners' names or serial numbers: {numbers:,}.",
            details={"gps": places, "serial": numbers},
        )  # fmt: skip
