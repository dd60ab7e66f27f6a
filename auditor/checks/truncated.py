"""Files that end before their picture does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from auditor.checks.file_share import Wording, file_finding
from auditor.evidence import Evidence
from auditor.finding import Finding, Fix, percent

#: The defects that mean it.
CUT = ("truncated", "missing-end-marker", "cut-short")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated:
    """Files that end before their picture does."""

    code: ClassVar[str] = "truncated"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: One such file stops a training run, or teaches the model grey.
    warn_share: float = 0.0
    #: One in a hundred points at the way the data was copied.
    error_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        defect = evidence.images["defect"].to_numpy(dtype=object)
        survives = evidence.images["survives"].to_numpy(dtype=float)
        cut = np.isin(defect.astype(str), CUT)
        known = survives[cut & ~np.isnan(survives)]
        rows = (
            f" Where it can be told, {percent(np.median(known))} of a picture's rows survive (median)."
            if len(known)
            else ""
        )
        words = Wording(
            title="Some files are cut off",
            fine="No file is cut off",
            has="end before their picture does",
            more=f"{_kinds(defect[cut])}{rows}",
            why=(
                "An interrupted copy or download. Some libraries refuse such a file, others fill the missing rows with grey without a "
                "word, and the model learns the grey."
            ),
            fix=Fix(
                text="Copy or download them again; no tool brings the lost rows back. Until then leave them out, as the planned split does."
            ),
            details={
                "survives": {
                    p: float(s)
                    for p, s in zip(evidence.images["path"][cut], survives[cut], strict=True)
                    if not np.isnan(s)
                }
            },
        )
        yield file_finding(
            evidence,
            self.code,
            cut,
            words,
            effect="share of truncated files",
            warn_share=self.warn_share,
            error_share=self.error_share,
            score=1 - np.nan_to_num(survives),
        )


def _kinds(defects: npt.NDArray[np.object_]) -> str:
    whole = int((defects == "missing-end-marker").sum())
    quiet = int((defects == "cut-short").sum())
    parts = [
        f"{whole:,} lack only their end marker." if whole else "",
        f"{quiet:,} open without an error." if quiet else "",
    ]
    return " ".join(p for p in parts if p)
