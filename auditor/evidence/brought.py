"""What users bring: a row of numbers for each image, by its path or in the order of the data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.errors import DataError
from auditor.reading import listed

if TYPE_CHECKING:
    from auditor.dataset import Dataset

Rows = npt.NDArray[np.int64]
#: What the readers of tables put into the path of an image that is listed again.
LISTED_AGAIN = r"#row=\d+'*\.\w+$|#row=\d+'*$"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Brought:
    """Numbers that were read from a file or from memory.

    Attributes
    ----------
    name : str
        As the user named it: ``"clothing.npz"``, ``"an array"``.
    values : ndarray, shape (n_rows, n_columns)
        Of any kind of real numbers; may be a memory map.
    columns : tuple of str
        Names of the columns; empty where they have none.
    paths : ndarray of str, shape (n_rows,), or None
        The image of each row; ``None`` where rows are in the order of the data.
    digest : str
        SHA-256 of the file, or of what is in memory.
    """

    name: str
    values: npt.NDArray[np.generic]
    columns: tuple[str, ...]
    paths: npt.NDArray[np.object_] | None
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matched:
    """Which row belongs to which image.

    Attributes
    ----------
    rows : ndarray of int64, shape (n_images,)
        Rows of what was brought; -1 where there is none.
    unused : int
        Rows that belong to no image.
    by : {"path", "order"}
    """

    rows: Rows
    unused: int
    by: str


def match_rows(brought: Brought, dataset: Dataset) -> Matched:
    """Find the row of each image: by its path, or else by the order of the table or of the sorted paths.

    Raises
    ------
    DataError
        No path is known, a path comes twice, or there are no paths and not as many rows as images.
    """
    count = len(dataset)
    if brought.paths is None:
        if len(brought.values) != count:
            raise DataError(
                expected=f"a row for each of the {count:,} images of '{dataset.name}', or paths",
                received=f"{brought.name} with {len(brought.values):,} rows and no paths",
                hint="save the paths too: numpy.savez('vectors.npz', path=paths, x=vectors)",
            )
        # Samples are sorted by path; `order` is the row of the table that each came from.
        rows = np.arange(count) if dataset.order is None else np.asarray(dataset.order)
        return Matched(rows=rows.astype(np.int64), unused=0, by="order")
    rows = _find_paths(brought, dataset)
    used = np.unique(rows[rows >= 0])
    if not len(used):
        first = dataset.samples["path"].iloc[0]
        raise DataError(
            expected=f"rows for the images of '{dataset.name}', whose paths are like '{first}'",
            received=f"{brought.name}, which has none of them; its paths are like '{brought.paths[0]}'",
            hint="give the file of this data, with the paths as 'auditor scan' writes them to images.parquet",
        )
    return Matched(rows=rows, unused=len(brought.values) - len(used), by="path")


def _find_paths(brought: Brought, dataset: Dataset) -> Rows:
    """Return the row of each image by its path as it is given, or below the folder of the data."""
    import pandas as pd

    paths_given = [] if brought.paths is None else brought.paths.tolist()
    given = pd.Index([str(path).replace("\\", "/").removeprefix("./") for path in paths_given])
    doubled = given[given.duplicated()]
    if len(doubled):
        raise DataError(
            expected="one row for each path",
            received=f"{brought.name} with {listed(doubled.unique().astype(str).tolist())} more than once",
            hint="drop the rows that come again",
        )
    paths = dataset.samples["path"].astype(object).str.replace("\\", "/").str.removeprefix("./")
    rows = given.get_indexer(pd.Index(paths))
    again = paths.str.replace(LISTED_AGAIN, "", regex=True)
    rows = np.where(rows < 0, given.get_indexer(pd.Index(again)), rows)
    for root in (dataset.location, str(Path(dataset.location).absolute())):
        if (rows >= 0).any():
            break
        below = root.replace("\\", "/").removeprefix("./").rstrip("/") + "/"
        rows = given.get_indexer(pd.Index(below + again))
    return rows.astype(np.int64)


def require_rows(
    brought: Brought, matched: Matched, paths: npt.NDArray[np.object_], needed: npt.NDArray[np.bool_]
) -> None:
    """Refuse what lacks some of the images that were read.

    Raises
    ------
    DataError
    """
    lacking = np.flatnonzero(needed & (matched.rows < 0))
    if len(lacking):
        raise DataError(
            expected=f"a row for each of the {int(needed.sum()):,} readable images",
            received=f"{brought.name}, which lacks {len(lacking):,}: "
            f"{listed(paths[lacking[:3]], len(lacking))}",
            hint="add their rows; the scan is kept, so the next one is quick",
        )
