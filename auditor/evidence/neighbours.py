"""Nearest neighbours of descriptors by cosine: exact up to 60,000 images, in cells beyond."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.stats.nearest import Floats32, Rows, drop_self, find_nearest, scale_to_unit

#: Images up to which every pair is compared: 60,000 take 30 CPU seconds, twice as many four times that.
EXACT_LIMIT = 60_000
#: Images in a cell beyond that, on average.
CELL_IMAGES = 1000
#: Cells that are searched for each image: 1 % of a million images.
PROBES = 10
#: Rounds of k-means: cells need not be good, only of similar size.
ROUNDS = 3
#: Images for each cell that the cells are fitted on.
CELL_SAMPLE = 32


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The nearest other images of each image, nearest first.

    Attributes
    ----------
    rows : ndarray of int64, shape (n_images, k)
        Row numbers; -1 where there are fewer than k others, and for unreadable images.
    similarity : ndarray of float32, shape (n_images, k)
        Cosine of the two descriptors, in [-1, 1]; -1 where there is no neighbour.
    exact : bool
        Whether every pair was compared. Otherwise a few neighbours are missed (``benchmarks/descriptor.py``
        counts them).
    """

    rows: Rows
    similarity: Floats32
    exact: bool


def _fit_cells(unit: Floats32, count: int, rng: np.random.Generator) -> Floats32:
    """Return cell centres: spherical k-means on a sample."""
    sample = unit[np.sort(rng.choice(len(unit), min(len(unit), CELL_SAMPLE * count), replace=False))]
    centres = sample[np.sort(rng.choice(len(sample), count, replace=False))]
    for _ in range(ROUNDS):
        owner = find_nearest(sample, centres, 1)[0][:, 0]
        sums = np.zeros((count, unit.shape[1]))
        np.add.at(sums, owner, sample)
        filled = np.bincount(owner, minlength=count) > 0
        centres = np.where(filled[:, None], scale_to_unit(sums), centres)
    return centres


def find_neighbours(
    descriptors: Floats32,
    readable: npt.NDArray[np.bool_],
    k: int,
    *,
    rng: np.random.Generator,
    exact_limit: int = EXACT_LIMIT,
) -> Neighbours:
    """Find the k nearest other readable images of each readable image.

    Parameters
    ----------
    descriptors : ndarray of float32, shape (n_images, d)
    readable : ndarray of bool, shape (n_images,)
    k : int
    rng : Generator
        Chooses the cells beyond ``exact_limit``.
    exact_limit : int
        Images up to which every pair is compared.
    """
    n = len(descriptors)
    rows, similarity = np.full((n, k), -1, dtype=np.int64), np.full((n, k), -1, dtype=np.float32)
    present = np.flatnonzero(readable)
    unit = scale_to_unit(descriptors[present])

    def search(members: Rows, candidates: Rows) -> None:
        found, near = find_nearest(unit[members], unit[candidates], k + 1)
        found, near = drop_self(members, np.where(found >= 0, candidates[found], -1), near)
        rows[present[members]], similarity[present[members]] = np.where(found >= 0, present[found], -1), near

    exact = len(present) <= exact_limit
    if exact and len(present):
        search(np.arange(len(present)), np.arange(len(present)))
    elif not exact:
        centres = _fit_cells(unit, max(len(present) // CELL_IMAGES, PROBES), rng)
        owner = find_nearest(unit, centres, 1)[0][:, 0]
        cells = np.split(
            np.argsort(owner, kind="stable"), np.cumsum(np.bincount(owner, minlength=len(centres)))[:-1]
        )
        for members, probes in zip(cells, find_nearest(centres, centres, PROBES)[0], strict=True):
            if len(members):
                search(members, np.sort(np.concatenate([cells[c] for c in probes])))
    return Neighbours(rows, similarity, exact)
