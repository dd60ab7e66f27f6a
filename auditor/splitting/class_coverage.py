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
    held = (counts.T @ member).toarray()
    units = (counts.sign().T @ member).toarray()
    total = held.sum(axis=1)
    part, by_class = part.copy(), counts.tocsc()
    moved = True
    while moved:  # a move may make room for another
        moved = False
        for k, empty in np.argwhere((units == 0) & (units.sum(axis=1) >= parts)[:, None]).tolist():
            if units[k, empty]:
                continue
            best: tuple[float, int] | None = None
            candidates = by_class.indices[by_class.indptr[k] : by_class.indptr[k + 1]]
            for unit in candidates.tolist():
                giving, row = int(part[unit]), slice(counts.indptr[unit], counts.indptr[unit + 1])
                inside, size = counts.indices[row], counts.data[row]
                left = held[k, giving] - float(size[inside == k][0])
                if (units[inside, giving] < 2).any() or left < KEPT * ratios[giving] * total[k]:
                    continue
                share, here, there = (
                    size / total[inside],
                    held[inside, giving] / total[inside],
                    held[inside, empty] / total[inside],
                )
                cost = float((share * (there - ratios[empty] - here + ratios[giving] + share)).sum())
                if best is None or cost < best[0]:
                    best = (cost, unit)
            if best is None:
                continue
            unit, moved = best[1], True
            giving, row = int(part[unit]), slice(counts.indptr[unit], counts.indptr[unit + 1])
            inside, size = counts.indices[row], counts.data[row]
            held[inside, giving] -= size
            held[inside, empty] += size
            units[inside, giving] -= 1
            units[inside, empty] += 1
            part[unit] = empty
    return part
