"""A map of the data set for the report: each picture a point, pictures that look alike close together."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import numpy.typing as npt

from auditor.evidence.descriptor import fitting_rows

if TYPE_CHECKING:
    from auditor.evidence.evidence import Evidence


class MapPoint(TypedDict):
    """One picture on the map; x and y are in [0, 1] and have no unit."""

    path: str
    x: float
    y: float
    label: str
    split: str
    suspect: bool


def map_points(evidence: Evidence, limit: int = 2000, suspects: Collection[str] = ()) -> list[MapPoint]:
    """Return a 2-D map of at most ``limit`` distinct pictures, plain JSON.

    Parameters
    ----------
    evidence : Evidence
    limit : int
        Points on the map; beyond it a sample is shown.
    suspects : collection of str
        Paths to mark; they are on the map whatever the limit.
    """
    rows = fitting_rows(evidence.images, limit)
    paths = evidence.images["path"]
    if len(suspects):
        marked = np.flatnonzero(paths.isin(list(suspects)).to_numpy() & evidence.readable)[:limit]
        rows = np.concatenate([marked, rows[~np.isin(rows, marked)]])[:limit]
    if len(rows) < 2:
        return []
    place = _unit_square(evidence.descriptor[rows][:, :2])
    order = np.argsort(paths.to_numpy(dtype=object)[rows])
    chosen = set(suspects)
    return [
        MapPoint(
            path=str(paths.iat[r]), x=round(float(x), 4), y=round(float(y), 4), label=str(evidence.labels[r]),
            split=str(evidence.splits[r]), suspect=str(paths.iat[r]) in chosen,
        )
        for r, (x, y) in zip(rows[order], place[order], strict=True)
    ]  # fmt: skip


def _unit_square(points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Scale points ``(n, 1 or 2)`` to the unit square, with the outer 1 % clipped to its rim."""
    flat = np.zeros((len(points), 2))
    flat[:, : points.shape[1]] = points
    low, high = np.quantile(flat, [0.005, 0.995], axis=0)
    return np.asarray(np.clip((flat - low) / np.where(high > low, high - low, 1), 0, 1))
