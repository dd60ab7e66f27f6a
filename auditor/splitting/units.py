"""What is never divided: images joined by a group or by a duplicate set, and what they count for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from auditor.dataset import AND, separate_labels


def undivided_units(*keys: pd.Series) -> npt.NDArray[np.int64]:
    """Return the number of each image's unit: images that share a key, directly or over others, are one unit.

    Parameters
    ----------
    *keys : Series of str
        What joins images (group, duplicate set), row by row; blank joins nothing.

    Returns
    -------
    ndarray of int64, shape (n_images,)
        Numbered from 0 by first appearance.

    Examples
    --------
    >>> undivided_units(pd.Series(["a", "a", "", "b", ""]), pd.Series(["", "x", "x", "", ""])).tolist()
    [0, 0, 0, 1, 2]
    """
    n = len(keys[0])
    rows: list[npt.NDArray[np.int64]] = []
    nodes: list[npt.NDArray[np.int64]] = []
    size = n
    for key in keys:
        named = np.flatnonzero((key != "").to_numpy(dtype=bool))
        codes, values = pd.factorize(key.to_numpy()[named])
        rows.append(named)
        nodes.append(codes.astype(np.int64) + size)
        size += len(values)
    i, j = np.concatenate(rows), np.concatenate(nodes)
    _, component = connected_components(
        coo_array((np.ones(len(i), np.int8), (i, j)), shape=(size, size)), directed=False
    )
    codes, _ = pd.factorize(component[:n])
    return np.asarray(codes, dtype=np.int64)


def singly(labels: pd.Series) -> tuple[npt.NDArray[np.int64], pd.Series]:
    """Return labels one by one, and of which row each is: an image that has several is there once for each.

    Examples
    --------
    >>> rows, names = singly(pd.Series(["a", "a ∧ b", ""]))
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
