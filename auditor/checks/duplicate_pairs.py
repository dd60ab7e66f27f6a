"""What the checks of duplicates have in common: pairs of images as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.evidence import Evidence
from auditor.finding import percent

if TYPE_CHECKING:
    import pandas as pd


def pair_examples(
    evidence: Evidence,
    rows: npt.NDArray[np.int64],
    others: npt.NDArray[np.int64],
    score: npt.NDArray[np.float64],
) -> pd.DataFrame:
    """Return the evidence table of pairs of images, worst (highest score) first; ties in order of path."""
    order = np.lexsort((rows, -score))
    rows, others = rows[order], others[order]
    table = evidence.images.loc[rows, ["path", "label", "split"]].reset_index(drop=True)
    return table.assign(
        other_path=evidence.images["path"].to_numpy(dtype=object)[others],
        other_split=evidence.splits[others],
        score=score[order],
    )


def pair_score(
    evidence: Evidence, rows: npt.NDArray[np.int64], others: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return how sure each pair of a set is: 1 for exact copies, else that of its less sure link to the representative."""
    duplicates = evidence.duplicates
    same = duplicates.exact[rows] == duplicates.exact[others]
    return np.where(same, 1.0, np.minimum(duplicates.score[rows], duplicates.score[others]))


def sure(evidence: Evidence, score: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which pairs are copies beyond doubt; the others may be look-alikes."""
    return np.asarray(score >= 1 - evidence.duplicates.calibration.certain)


def how_found(evidence: Evidence) -> str:
    """Return the sentence that says how near near is, and how many of the pairs may be look-alikes."""
    found = evidence.duplicates.calibration
    if not found.calibrated:
        return (
            f"Near means a distance of at most {found.threshold:.3f}: too few compared pairs are of two classes to measure the rate of "
            "look-alikes here."
        )
    return (
        f"Near means a distance of at most {found.threshold:.3f}, where {percent(found.false_rate, 2)} of the images have "
        f"a look-alike of another class; at least {found.expected_false:.0f} false pairs are to be expected, "
        "more if images of one class are much alike."
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


def names(
    evidence: Evidence, rows: npt.NDArray[np.int64], values: npt.NDArray[np.object_]
) -> tuple[str, ...]:
    """Return the distinct, known values of some rows, sorted."""
    return tuple(sorted(set(values[rows].tolist()) - {""}))
