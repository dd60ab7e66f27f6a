"""Sets of duplicate images."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

#: pHash bits up to which two pictures are near duplicates.
NEAR_BITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class DuplicateSets:
    """Duplicate sets of a scan, row by row with its images.

    Attributes
    ----------
    exact, near : ndarray of int64, shape (n_images,)
        Number of the row that represents the set of each image: of byte- or pixel-identical images, and of those or near-identical
        ones (``near`` is coarser than ``exact``). An image that is alone represents itself; so does an unreadable one.
    reason : ndarray of str, shape (n_images,)
        Why the image belongs to its representative: ``"same bytes"``, ``"same pixels"``, ``"pHash 3 bits"``; "" for representatives.
    distance : ndarray of float64, shape (n_images,)
        pHash bits to the representative; 0 for exact copies and representatives.
    """

    exact: npt.NDArray[np.int64]
    near: npt.NDArray[np.int64]
    reason: npt.NDArray[np.object_]
    distance: npt.NDArray[np.float64]

    @property
    def score(self) -> npt.NDArray[np.float64]:
        """How sure each link is, shape (n_images,): 1 for exact copies, less the farther the image is from its representative."""
        return np.asarray(1 - self.distance / 64)

    def partners(self, held: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Return for each image of ``held`` the closest one of its set among ``other``, shape (n_images,); -1 where there is none.

        An exact copy comes first, then the member that is nearest to the representative.
        """
        out = np.full(len(self.near), -1, dtype=np.int64)
        rows = np.flatnonzero(other)
        rows = rows[np.lexsort((rows, self.distance[rows]))]
        wanted = np.flatnonzero(held)
        for keys in (self.near, self.exact):
            first = np.full(len(out), -1, dtype=np.int64)
            first[keys[rows[::-1]]] = rows[::-1]
            found = first[keys[wanted]]
            out[wanted[found >= 0]] = found[found >= 0]
        return out


def _close_pairs(hashes: npt.NDArray[np.uint64], bits: int) -> npt.NDArray[np.int64]:
    """Return all pairs (i < j) of distinct hashes within ``bits`` (at most 4), shape (n_pairs, 2), exactly.

    Pigeonhole over six bands: four differing bits leave at least two bands equal, so 15 sorted tables hold every pair.
    """
    edges = np.array([0, 11, 22, 33, 44, 54, 64])
    bands = [(hashes >> np.uint64(a)) & np.uint64((1 << int(b - a)) - 1) for a, b in pairwise(edges)]
    found: list[npt.NDArray[np.int64]] = []
    for first, second in combinations(range(6), 2):
        key = (bands[first] << np.uint64(11)) | bands[second]
        order = np.argsort(key, kind="stable")
        ranked = key[order]
        step = 1
        while step < len(order):
            same = np.flatnonzero(ranked[step:] == ranked[:-step])
            if not len(same):
                break
            i, j = order[same], order[same + step]
            near = np.bitwise_count(hashes[i] ^ hashes[j]) <= bits
            found.append(np.sort(np.stack([i[near], j[near]], axis=1), axis=1))
            step += 1
    return np.unique(np.concatenate(found), axis=0) if found else np.empty((0, 2), np.int64)


def find_duplicates(images: pd.DataFrame, bits: int = NEAR_BITS) -> DuplicateSets:
    """Group images into duplicate sets; every member is verified against its representative, so there are no chains."""
    n = len(images)
    rows = np.arange(n)
    exact, reason, distance = rows.copy(), np.full(n, "", dtype=object), np.zeros(n)
    readable = (images["status"] == "ok").to_numpy()
    for column, why in (("pixel_digest", "same pixels"), ("sha256", "same bytes")):
        first = images.loc[readable].groupby(column, sort=False).head(1)
        representative = images.loc[readable, column].map(dict(zip(first[column], first.index, strict=True))).to_numpy()
        copies = representative != rows[readable]
        exact[readable] = np.minimum(exact[readable], representative)
        reason[rows[readable][copies]] = why
    near = exact.copy()
    heads = rows[readable & (exact == rows)]
    hashes = np.array([int(h, 16) for h in images["phash"].to_numpy()[heads]], dtype=np.uint64)
    taken = np.zeros(n, dtype=bool)
    neighbours: dict[int, list[int]] = {}
    values, inverse = np.unique(hashes, return_inverse=True)
    members = [heads[g] for g in np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])] if len(heads) else []
    for i, j in _close_pairs(values, bits):
        neighbours.setdefault(int(i), []).append(int(j))
        neighbours.setdefault(int(j), []).append(int(i))
    flat = images["contrast"].to_numpy() < 0.02  # a flat picture has no structure to hash
    for i in sorted(range(len(values)), key=lambda i: (-len(neighbours.get(i, ())), int(members[i][0]))):
        group = [m for k in (i, *neighbours.get(i, ())) for m in members[k] if not taken[m] and not flat[m]]
        if not group or taken[members[i]].all():
            continue
        head = next((m for m in members[i] if not taken[m] and not flat[m]), None)
        if head is None:
            continue
        for m in group:
            taken[m] = True
            if m != head:
                near[m] = head
                distance[m] = float(np.bitwise_count(np.uint64(int(images["phash"].iat[m], 16)) ^ values[i]))
                reason[m] = f"pHash {int(distance[m])} bits"
    near = near[exact]
    return DuplicateSets(exact, near, reason, distance)
