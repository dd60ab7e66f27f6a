"""How well any assignment of undivided units could do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

#: Assignments of the units of one class that are tried one by one.
ENUMERATED = 60_000
#: Bit operations (units times images, over 64) that a subset sum may take for one class.
SUBSET_WORK = 50_000_000


def _few_units(sizes: npt.NDArray[np.int64], ratios: npt.NDArray[np.float64]) -> float:
    """Return the exact optimum for one class by trying every assignment."""
    parts, units = len(ratios), len(sizes)
    choice = (np.arange(parts**units)[:, None] // parts ** np.arange(units)) % parts
    held = np.stack([(choice == p) @ sizes for p in range(parts)], axis=1)
    return float(np.abs(held / sizes.sum() - ratios).max(axis=1).min())


def _subset_sums(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return every number of images that some of the units hold together, sorted."""
    reachable = 1
    for size in sizes.tolist():
        reachable |= reachable << size
    total = int(sizes.sum())
    bits = np.unpackbits(np.frombuffer(reachable.to_bytes(total // 8 + 1, "little"), dtype=np.uint8), bitorder="little")
    return np.flatnonzero(bits)


def deviation_bound(counts: csr_array, ratios: npt.NDArray[np.float64]) -> float:
    """Return a number that no assignment's largest class deviation can be below.

    Every class by itself: with few units the best of all assignments; else the part whose ratio is farthest from any number of images
    that some of the units can hold together. Classes that share units can force more, so the bound need not be reached.

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
    bound = 0.0
    by_class = counts.tocsc()
    for k in range(counts.shape[1]):
        sizes = np.sort(by_class.data[by_class.indptr[k] : by_class.indptr[k + 1]].astype(np.int64))[::-1]
        total = int(sizes.sum())
        if not total:
            continue
        if len(ratios) ** len(sizes) <= ENUMERATED:
            bound = max(bound, _few_units(sizes, ratios))
            continue
        ones = int((sizes == 1).sum())
        if ones >= sizes[0]:  # then every number can be reached: the large units first, filled up with single images
            reachable = np.unique(np.concatenate([np.floor(ratios * total), np.ceil(ratios * total)]))
        elif len(sizes) * total // 64 <= SUBSET_WORK:
            reachable = _subset_sums(sizes)
        else:
            bound = max(bound, float(sizes[0] / total - ratios.max()))
            continue
        bound = max(bound, float(np.abs(reachable[:, None] / total - ratios).min(axis=0).max()))
    return round(bound, 12)
