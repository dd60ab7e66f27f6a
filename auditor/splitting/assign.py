"""Units to parts: class shares as near to the ratios as undivided units allow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from auditor.splitting.class_coverage import cover_every_part
from auditor.splitting.local_search import anneal, improve_by_moves_and_swaps
from auditor.splitting.rounding import project_onto_simplex, round_quotas

#: Orders that are tried where units are few; the best result is kept.
STARTS = 8
#: Largest deviation of a class's share from which annealing is tried: below half a point nobody would see it.
WORTH_ANNEALING = 0.005
#: Units up to which several orders are tried.
FEW_UNITS = 3_000


def _weights(total: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weight of a squared count so that it becomes a squared share of the class, shape (n_strata,)."""
    return 1.0 / np.maximum(total, 1.0) ** 2


def place_units(
    counts: csr_array, ratios: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Place units one by one, large before small, where the running shares stay nearest to the ratios.

    Units of about the same size come in random order. Running shares rather than free room decide, so that
    every part gets its portion of the large units too.

    Parameters
    ----------
    counts : csr_array, shape (n_units, n_strata)
    ratios : ndarray, shape (n_parts,)

    Returns
    -------
    ndarray of int64, shape (n_units,)
        The part of each unit.
    """
    size = np.asarray(counts.sum(axis=1)).ravel()
    order = np.lexsort((rng.random(len(size)), -np.floor(np.log2(size))))
    weight = _weights(np.asarray(counts.sum(axis=0)).ravel()).tolist()
    start, strata, values = counts.indptr.tolist(), counts.indices.tolist(), counts.data.tolist()
    shares = ratios.tolist()
    # over[s][p]: images of stratum s in part p over the share it should have of those placed so far
    over = [[0.0] * len(shares) for _ in weight]
    part = np.zeros(len(size), dtype=np.int64)
    every = range(len(shares))
    for unit in order.tolist():
        inside = range(start[unit], start[unit + 1])
        cost = [0.0] * len(shares)
        for k in inside:
            pull = weight[strata[k]] * values[k]
            row = over[strata[k]]
            for p in every:
                cost[p] += pull * (row[p] - shares[p] * values[k])
        chosen = cost.index(min(cost))
        part[unit] = chosen
        for k in inside:
            row = over[strata[k]]
            for p in every:
                row[p] -= shares[p] * values[k]
            row[chosen] += values[k]
    return part


def share_deviation(
    counts: csr_array, part: npt.NDArray[np.int64], ratios: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return each stratum's share of each part minus the ratio, shape (n_strata, n_parts)."""
    member = csr_array((np.ones(len(part)), (np.arange(len(part)), part)), shape=(len(part), len(ratios)))
    held = (counts.T @ member).toarray()
    total = held.sum(axis=1, keepdims=True)
    return np.asarray(held / np.maximum(total, 1.0) - ratios * (total > 0))


def assign_units(
    counts: csr_array,
    parent: npt.NDArray[np.int64],
    ratios: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Assign every unit to a part.

    Units of several images are placed and then improved by moves and swaps; single images then fill what is
    missing in every class, to the exact count where there are enough of them. At last, classes that a part
    lacks get a unit there, if they have enough units.

    Parameters
    ----------
    counts : csr_array, shape (n_units, n_strata)
        Images of each stratum in each unit.
    parent : ndarray of int64, shape (n_strata,)
        The class of each stratum.
    ratios : ndarray, shape (n_parts,)
        Shares of the parts; they sum to 1.
    rng : Generator

    Returns
    -------
    ndarray of int64, shape (n_units,)
        The part of each unit.
    """
    single = np.asarray(counts.sum(axis=1)).ravel() == 1
    few = int((~single).sum()) <= FEW_UNITS
    part = np.zeros(len(single), dtype=np.int64)
    if not single.all():
        part[~single] = _place_and_improve(counts, ~single, ratios, rng, STARTS if few else 1)
    if single.any():
        part[single] = _fill_with_singles(counts, part, single, parent, ratios, rng)
    if single.all():
        return part
    if few and float(np.abs(share_deviation(counts, part, ratios)).max()) > WORTH_ANNEALING:
        tried = part.copy()
        tried[~single] = anneal(counts[~single], part[~single], ratios, rng)
        if single.any():
            tried[single] = _fill_with_singles(counts, tried, single, parent, ratios, rng)
        part = min((part, tried), key=lambda p: float(np.abs(share_deviation(counts, p, ratios)).max()))
    classes = csr_array(
        (np.ones(len(parent)), (np.arange(len(parent)), parent)), shape=(len(parent), int(parent.max()) + 1)
    )
    return cover_every_part(csr_array(counts @ classes), part, ratios)


def _place_and_improve(
    counts: csr_array,
    large: npt.NDArray[np.bool_],
    ratios: npt.NDArray[np.float64],
    rng: np.random.Generator,
    starts: int,
) -> npt.NDArray[np.int64]:
    """Return the part of each unit of several images: the best of some starts."""
    units = counts[large]
    weight = _weights(np.asarray(counts.sum(axis=0)).ravel())
    best: tuple[float, float] | None = None
    for _ in range(starts):
        tried = improve_by_moves_and_swaps(units, place_units(units, ratios, rng), ratios, weight)
        off = share_deviation(units, tried, ratios)
        score = (float(np.abs(off).max()), float((off**2).sum()))
        if best is None or score < best:
            best, part = score, tried
    return part


def _fill_with_singles(
    counts: csr_array,
    part: npt.NDArray[np.int64],
    single: npt.NDArray[np.bool_],
    parent: npt.NDArray[np.int64],
    ratios: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Return the part of each single image, so that they fill what the larger units leave of every class."""
    large = counts[~single]
    member = np.zeros((large.shape[0], len(ratios)))
    member[np.arange(len(member)), part[~single]] = 1
    total = np.asarray(counts.sum(axis=0)).ravel()
    stratum = counts[single].indices
    wanted = project_onto_simplex(total[:, None] * ratios - large.T @ member)
    quotas = round_quotas(wanted, parent, rng)
    order = np.lexsort((rng.random(len(stratum)), stratum))
    filled = np.empty(len(stratum), dtype=np.int64)
    filled[order] = np.repeat(np.tile(np.arange(len(ratios)), len(total)), quotas.ravel())
    return filled
