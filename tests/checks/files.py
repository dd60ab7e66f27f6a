"""Scans of files made for the checks of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from auditor.checks.base import Check
from auditor.evidence import Evidence
from auditor.finding import Finding
from auditor.scanning import scan_images
from auditor.scanning.schema import SIGNATURE_BYTES
from tests.scanning.making import dataset


def scan_of(folder: Path, files: dict[str, bytes]) -> Evidence:
    scanned = scan_images(dataset(folder, files))
    return Evidence(scanned.images, scanned.signatures)


def found(check: Check, scan: Evidence) -> Finding:
    """The first finding."""
    return next(iter(check(scan)))


def paths(finding: Finding) -> list[str]:
    return [] if finding.examples is None else finding.examples["path"].tolist()


def sampled(scan: Evidence, measured: int, total: int) -> Evidence:
    """The first images of a scan, and others that a time budget left out."""
    first = scan.images.head(measured)
    left = pd.concat([first.head(1)] * (total - measured), ignore_index=True).assign(
        status="unmeasured", defect="", decoders=""
    )
    left["path"] = [f"left-{i}" for i in range(len(left))]
    images = pd.concat([first, left], ignore_index=True).assign(label="")
    return Evidence(images, np.zeros((len(images), SIGNATURE_BYTES), np.uint8))
