"""What belongs together, and what leaks: the one rule of the package.

Images belong together where they share a group of the user's (patient, slide, session) or a duplicate set,
directly or over other images. Such a unit is never divided between parts, and it is resampled as one.
A training image leaks where it shares a group or a duplicate set with a held-out image.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from auditor.dataset import Dataset

#: The columns of a split table whose values keep images together; blank joins nothing.
KEYS = ("group", "cluster")


class PlannedSplit(Protocol):
    """What augmentation and training need of a planned split."""

    @property
    def dataset(self) -> Dataset:
        """Where the bytes are."""

    @property
    def table(self) -> pd.DataFrame:
        """``path, label, split, group, cluster`` of every image."""

    @property
    def usable(self) -> pd.DataFrame:
        """The rows of the table that may be trained on, validated on and tested on."""


def number_units(*keys: Iterable[Any]) -> npt.NDArray[np.int64]:
    """Return the number of each image's unit: images that share a key, directly or over others, are one unit.

    Parameters
    ----------
    *keys : sequence of shape (n_images,)
        What joins images, row by row: a group, a duplicate set. A blank text joins nothing.

    Returns
    -------
    ndarray of int64, shape (n_images,)
        Numbered from 0 by first appearance.

    Examples
    --------
    >>> number_units(["a", "a", "", "b", ""], ["", "x", "x", "", ""]).tolist()
    [0, 0, 0, 1, 2]
    """
    import pandas as pd
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    columns = [pd.Series(key).reset_index(drop=True) for key in keys]
    n = size = len(columns[0])
    images: list[npt.NDArray[np.int64]] = []
    nodes: list[npt.NDArray[np.int64]] = []
    for column in columns:
        named = np.flatnonzero((column != "").to_numpy(dtype=bool))
        codes, values = pd.factorize(column.to_numpy()[named])
        images.append(named)
        nodes.append(codes.astype(np.int64) + size)
        size += len(values)
    i, j = np.concatenate(images), np.concatenate(nodes)
    edges = coo_array((np.ones(len(i), np.int8), (i, j)), shape=(size, size))
    _, component = connected_components(edges, directed=False)
    numbers, _ = pd.factorize(component[:n])
    return np.asarray(numbers, dtype=np.int64)


def number_units_of(table: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the number of each row's unit, shape ``(n_rows,)``, from those of `KEYS` that the table has."""
    keys = [table[key] for key in KEYS if key in table.columns]
    return number_units(*keys) if keys else np.arange(len(table), dtype=np.int64)


def share_a_key(
    rows: pd.DataFrame, others: pd.DataFrame, keys: Sequence[str] = KEYS
) -> npt.NDArray[np.bool_]:
    """Return which rows share a value of any key with any of the other rows, shape ``(n_rows,)``.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"group": ["p1", "p2", "", ""], "cluster": ["", "", "a.png", ""]})
    >>> share_a_key(rows, pd.DataFrame({"group": ["p2", ""], "cluster": ["", "a.png"]})).tolist()
    [False, True, True, False]
    """
    found = np.zeros(len(rows), dtype=bool)
    for key in keys:
        if key in rows.columns and key in others.columns:
            found |= rows[key].isin(set(others[key]) - {""}).to_numpy()
    return found


def find_leaking(table: pd.DataFrame) -> pd.Series:
    """Return which training rows leak: they share a group or a duplicate set with validation or test.

    Parameters
    ----------
    table : DataFrame
        With ``split`` and `KEYS`.

    Returns
    -------
    Series of bool
        With the table's index.
    """
    leaking = share_a_key(table, table[table["split"].isin(("val", "test"))])
    return (table["split"] == "train") & leaking
