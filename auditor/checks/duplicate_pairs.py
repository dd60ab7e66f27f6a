"""What the checks of duplicates have in common: pairs of images as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.evidence import Scan

if TYPE_CHECKING:
    import pandas as pd


def pair_evidence(scan: Scan, rows: npt.NDArray[np.int64], others: npt.NDArray[np.int64], score: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Return the evidence table of pairs of images, worst (highest score) first; ties in order of path."""
    order = np.lexsort((rows, -score))
    rows, others = rows[order], others[order]
    table = scan.images.loc[rows, ["path", "label", "split"]].reset_index(drop=True)
    return table.assign(other_path=scan.images["path"].to_numpy(dtype=object)[others], other_split=scan.splits[others], score=score[order])


def pair_score(scan: Scan, rows: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return how sure each pair of a set is: 1 for exact copies, else that of its less sure link to the representative."""
    duplicates = scan.duplicates
    same = duplicates.exact[rows] == duplicates.exact[others]
    return np.where(same, 1.0, np.minimum(duplicates.score[rows], duplicates.score[others]))


def names(scan: Scan, rows: npt.NDArray[np.int64], values: npt.NDArray[np.object_]) -> tuple[str, ...]:
    """Return the distinct, known values of some rows, sorted."""
    return tuple(sorted(set(values[rows].tolist()) - {""}))
