"""Files that end before their picture does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.checks.base import Check, Wording
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding, percent, plural

#: The defects that mean it.
CUT = ("truncated", "missing-end-marker", "cut-short")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated(Check):
    """Files that end before their picture does.

    Parameters
    ----------
    warn_share : float
        Share of the files over which it is a warning: one stops a training run, or teaches the model grey.
    error_share : float
        Share of the files over which it is an error: one in a hundred points at the way the data was copied.
    """

    code = "truncated"
    family = "Files"
    measured = (
        "The end that the structure of a format promises (chunks, boxes, directories, end markers), and what "
        "libjpeg says while decoding. Graded is the share of files that end earlier; for JPEG and PNG the "
        "rows that survive are decoded."
    )
    limits = (
        "No decoder sees damage that leaves a valid stream of data, such as a few changed bytes inside a "
        "JPEG."
    )
    words = Wording(
        found="Some files are cut off",
        fine="No file is cut off",
        why=(
            "A copy or download was interrupted. Some libraries refuse such a file, others fill the missing "
            "rows with grey without a word, and the model learns the grey."
        ),
        fix=(
            "Copy or download them again; no tool brings the lost rows back. Until then leave them out, as "
            "the planned split does."
        ),
    )

    warn_share: float = 0.0
    error_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        defect = evidence.images["defect"].to_numpy(dtype=object)
        survives = evidence.images["survives"].to_numpy(dtype=float)
        cut = np.isin(defect.astype(str), CUT)
        known = cut & ~np.isnan(survives)
        paths = evidence.images["path"][known].tolist()
        yield find_share(
            self, evidence, cut, "share of truncated files",
            "ends before its picture does", "end before their picture does",
            warn_share=self.warn_share, error_share=self.error_share, score=1 - np.nan_to_num(survives),
            more=_kinds(defect[cut], survives[known]),
            details={"survives": dict(zip(paths, survives[known].tolist(), strict=True))},
        )  # fmt: skip


def _kinds(defects: npt.NDArray[np.object_], survives: npt.NDArray[np.float64]) -> str:
    whole, quiet = (int((defects == kind).sum()) for kind in ("missing-end-marker", "cut-short"))
    parts = [
        f"{plural(whole, 'lacks', 'lack')} only the end marker." if whole else "",
        f"{plural(quiet, 'opens', 'open')} without an error." if quiet else "",
        f"The median picture keeps {percent(np.median(survives))} of its rows." if len(survives) else "",
    ]
    return " ".join(filter(None, parts))
