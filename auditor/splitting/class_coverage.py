"""Every class in every part, where its groups allow that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

#: A part that gives a unit away keeps at least this share of its due of the class. With less in training, the
#: class would be measured better than it is learned.
KEPT = 0.5


def cover_every_part(
    counts: csr_array, part: npt.NDArray[np.int64], ratios: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Move single units so that classes with enough units are in every part.

    Shares alone would leave a class of three equal groups out of test at 60/20/20, and its recall could not
    be measured there. For each class that a part lacks, the unit that costs least in squared deviation moves
    there, out of a part that keeps another unit of the class and half of its share, and without taking
    another class away from that part.

    Parameters
    ----------
    counts : csr_array, shape (n_units, n_classes)
    part : ndarray of int64, shape (n_units,)
    ratios : ndarray, shape (n_parts,)
    """
    parts = len(ratios)
    member = csr_array((np.ones(len(part)), (np.arange(len(part)), part)), shape=(len(part), parts))
    held = (counts.T @ member).toarray()  # images of each class in each part
    units = (counts.sign().T @ member).toarray()  # units of each class in each part
    part, by_class = part.copy(), counts.tocsc()
    moved = True
    while moved:  # a move may make room for another
        moved = False
        for k, empty in np.argwhere((units == 0) & (units.sum(axis=1) >= parts)[:, None]).tolist():
            if units[k, empty]:
                continue
            candidates = by_class.indices[by_class.indptr[k] : by_class.indptr[k + 1]]
            unit = _find_cheapest_move(candidates.tolist(), k, empty, counts, part, ratios, held, units)
            if unit is None:
                continue
            giving, (classes, size) = int(part[unit]), _images_of(counts, unit)
            held[classes, giving] -= size
            held[classes, empty] += size
            units[classes, giving] -= 1
            units[classes, empty] += 1
            part[unit], moved = empty, True
    return part


def _images_of(counts: csr_array, unit: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the classes in a unit, and its images of each."""
    row = slice(counts.indptr[unit], counts.indptr[unit + 1])
    return counts.indices[row], counts.data[row]


def _find_cheapest_move(
    candidates: list[int],
    k: int,
    empty: int,
    counts: csr_array,
    part: npt.NDArray[np.int64],
    ratios: npt.NDArray[np.float64],
    held: npt.NDArray[np.float64],
    units: npt.NDArray[np.float64],
) -> int | None:
    """Return the unit of class ``k`` whose move to the part ``empty`` costs least.

    ``None`` if none may move.
    """
    total = held.sum(axis=1)
    best: tuple[float, int] | None = None
    for unit in candidates:
        giving, (classes, size) = int(part[unit]), _images_of(counts, unit)
        left = held[k, giving] - float(size[classes == k][0])
        if (units[classes, giving] < 2).any() or left < KEPT * ratios[giving] * total[k]:
            continue
        share = size / total[classes]
        here, there = held[classes, giving] / total[classes], held[classes, empty] / total[classes]
        cost = float((share * (there - ratios[empty] - here + ratios[giving] + share)).sum())
        if best is None or cost < best[0]:
            best = (cost, unit)
    return None if best is None else best[1]
