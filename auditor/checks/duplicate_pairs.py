"""How sure a pair of copies is, and how near counts as near: what the checks of duplicates have in common."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auditor.evidence import Evidence
from auditor.finding import percent


def pair_score(
    evidence: Evidence, rows: npt.NDArray[np.int64], others: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return how sure each pair is: 1 for exact copies, else its less sure link to the first of the set."""
    duplicates = evidence.duplicates
    same = duplicates.exact[rows] == duplicates.exact[others]
    return np.where(same, 1.0, np.minimum(duplicates.score[rows], duplicates.score[others]))


def count_certain(evidence: Evidence, score: npt.NDArray[np.float64]) -> int:
    """Return how many pairs are certain to be copies; the others may be look-alikes."""
    return int((score >= 1 - evidence.duplicates.calibration.certain).sum())


def say_calibration(evidence: Evidence) -> str:
    """Return the sentence that says how many pairs may be look-alikes."""
    found = evidence.duplicates.calibration
    if not found.calibrated:
        return "Too few pairs were compared to say how often look-alikes are taken for copies here."
    return (
        f"At this threshold {percent(found.false_rate, 2)} of the images have a look-alike in another class, "
        "so expect "
        f"{found.expected_false:.0f} false pairs or more."
    )


def calibration_details(evidence: Evidence) -> dict[str, float | bool]:
    """Return the threshold and how it was found, as plain numbers."""
    found = evidence.duplicates.calibration
    known = (
        {}
        if np.isnan(found.false_rate)
        else {"false_rate": found.false_rate, "expected_false_pairs": found.expected_false}
    )
    return {"threshold": found.threshold, "calibrated": found.calibrated, **known}
