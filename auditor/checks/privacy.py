"""Positions and serial numbers in the metadata of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.checks.file_share import Wording, file_finding
from auditor.evidence import Evidence
from auditor.finding import Finding, Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """Positions and serial numbers in the metadata of images."""

    code: ClassVar[str] = "privacy"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: One such file is enough to warn.
    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        told = evidence.images["private"].to_numpy(dtype=object)
        gps = np.array(["gps" in t for t in told], dtype=bool)
        serial = np.array(["serial" in t for t in told], dtype=bool)
        words = Wording(
            title="Some images give away where or with what they were taken",
            fine="No image holds a position or a serial number",
            has="hold a position or an owner's or serial number in their metadata",
            more=f"A GPS position: {int(gps.sum()):,}; an owner's name or a serial number: {int(serial.sum()):,}.",
            why="It identifies people and places, and is passed on with the data. A camera's number that goes with a class is a shortcut.",
            fix=Fix(
                text="Strip the metadata before you share the data (exiftool -all= on a copy); keep the orientation."
            ),
            details={"gps": int(gps.sum()), "serial": int(serial.sum())},
        )
        yield file_finding(
            evidence,
            self.code,
            gps | serial,
            words,
            effect="share of images with private metadata",
            warn_share=self.warn_share,
            score=gps.astype(float) + 0.5 * serial,
        )
