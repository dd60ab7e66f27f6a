"""What units and labels count for in a split."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array

from auditor.dataset import AND, separate_labels


def separate_rows(labels: pd.Series) -> tuple[npt.NDArray[np.int64], pd.Series]:
    """Return labels one by one, and of which row each is: an image that has several is there once for each.

    Examples
    --------
    >>> rows, names = separate_rows(pd.Series(["a", "a ∧ b", ""]))
    >>> rows.tolist(), names.tolist()
    ([0, 1, 1, 2], ['a', 'a', 'b', ''])
    """
    if not labels.str.contains(AND, regex=False).any():
        return np.arange(len(labels)), labels
    apart = [separate_labels(label) or ("",) for label in labels]
    rows = np.repeat(np.arange(len(apart)), [len(names) for names in apart])
    return rows, pd.Series(
        [name for names in apart for name in names], index=labels.index[rows], dtype=object
    )


def count_table(unit: npt.NDArray[np.int64], stratum: npt.NDArray[np.int64]) -> csr_array:
    """Return how many images of each stratum every unit holds, shape (n_units, n_strata), float64."""
    shape = (int(unit.max(initial=-1)) + 1, int(stratum.max(initial=-1)) + 1)
    table = coo_array((np.ones(len(unit)), (unit, stratum)), shape=shape).tocsr()
    table.sum_duplicates()
    return table
