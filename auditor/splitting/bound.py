"""How well any assignment of undivided units could do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

#: Assignments of the units of one class that are tried one by one.
ENUMERATED = 60_000
#: Bit operations (units times images, over 64) that a subset sum may take for one class.
SUBSET_WORK = 50_000_000


def _list_assignments(units: int, parts: int) -> npt.NDArray[np.int64]:
    """Return all assignments of units to parts, shape (parts ** units, units)."""
    return (np.arange(parts**units)[:, None] // parts ** np.arange(units)) % parts


def _bound_few_units(sizes: npt.NDArray[np.int64], ratios: npt.NDArray[np.float64]) -> float:
    """Return the exact optimum for one class by trying every assignment."""
    choice = _list_assignments(len(sizes), len(ratios))
    held = np.stack([(choice == p) @ sizes for p in range(len(ratios))], axis=1)
    return float(np.abs(held / sizes.sum() - ratios).max(axis=1).min())


def _bound_large_units(shares: npt.NDArray[np.float64], ratios: npt.NDArray[np.float64]) -> float:
    """Return the optimum if only these units were undivided and all other images could be cut at will.

    Parameters
    ----------
    shares : ndarray, shape (n_units, n_classes)
        Share of each class that each unit holds.
    """
    choice = _list_assignments(len(shares), len(ratios))
    held = np.stack(
        [(choice == p) @ shares for p in range(len(ratios))], axis=2
    )  # (assignments, classes, parts)
    over = np.maximum(held - ratios, 0)
    # what some parts have too much is missing in the others, at best in equal portions
    spread = over.sum(axis=2) / np.maximum((over == 0).sum(axis=2), 1)
    return float(np.maximum(over.max(axis=2), spread).max(axis=1).min())


def _list_subset_sums(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return every number of images that some of the units hold together, sorted."""
    reachable = 1
    for size in sizes.tolist():
        reachable |= reachable << size
    total = int(sizes.sum())
    bits = np.unpackbits(
        np.frombuffer(reachable.to_bytes(total // 8 + 1, "little"), dtype=np.uint8), bitorder="little"
    )
    return np.flatnonzero(bits)


def _bound_class(sizes: npt.NDArray[np.int64], ratios: npt.NDArray[np.float64]) -> float:
    total = int(sizes.sum())
    if len(ratios) ** len(sizes) <= ENUMERATED:
        return _bound_few_units(sizes, ratios)
    few = int(np.log(max(ENUMERATED, 1)) / np.log(len(ratios)))
    bound = _bound_large_units(sizes[:few, None] / total, ratios)
    if int((sizes == 1).sum()) >= sizes[0]:
        # Every number can be reached: large units first, then single images.
        reachable = np.unique(np.concatenate([np.floor(ratios * total), np.ceil(ratios * total)]))
    elif len(sizes) * total // 64 <= SUBSET_WORK:
        reachable = _list_subset_sums(sizes)
    else:
        return bound
    return max(bound, float(np.abs(reachable[:, None] / total - ratios).min(axis=0).max()))


def deviation_bound(counts: csr_array, ratios: npt.NDArray[np.float64]) -> float:
    """Return a lower bound of the largest class deviation of every assignment.

    It is the largest of three bounds; no assignment need reach it:

    - a class with few units by itself: the best of all assignments;
    - a class with many units by itself: the distance of a part's ratio from the nearest share that
      some of the units hold together;
    - all classes together: the best assignment of the largest units, if the others could be cut at will.

    Parameters
    ----------
    counts : csr_array, shape (n_units, n_classes)
        Images of each class in each unit.
    ratios : ndarray, shape (n_parts,)

    Examples
    --------
    >>> deviation_bound(csr_array(np.array([[6.0], [4.0]])), np.array([0.5, 0.5]))
    0.1
    """
    by_class = counts.tocsc()
    total = np.asarray(counts.sum(axis=0)).ravel()
    bound = 0.0
    for k in np.flatnonzero(total):
        sizes = np.sort(by_class.data[by_class.indptr[k] : by_class.indptr[k + 1]].astype(np.int64))[::-1]
        bound = max(bound, _bound_class(sizes, ratios))
    present = np.flatnonzero(total)
    shares = counts.tocsc()[:, present].multiply(1 / total[present]).tocsr()
    largest = shares.max(axis=1).toarray().ravel()
    few = min(int(np.log(max(ENUMERATED / len(present), 1)) / np.log(len(ratios))), len(largest))
    if few > 0:
        bound = max(
            bound, _bound_large_units(shares[np.argsort(-largest, kind="stable")[:few]].toarray(), ratios)
        )
    return round(bound, 12)
