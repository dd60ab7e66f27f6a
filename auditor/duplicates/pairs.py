"""Pairs of pictures that are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.duplicates.hashes import merge_sorted, pack_pairs, unpack_pairs
from auditor.duplicates.turns import INVERSE

#: Pairs that are handled at once (50 MB): a million pictures can have tens of millions.
PAIRS_AT_ONCE = 1 << 20
#: Bits of a turn in a packed pair.
TURN_BITS = 4

Rows = npt.NDArray[np.int64]
Places = npt.NDArray[np.integer[Any]]


@dataclass(slots=True, eq=False)
class Pairs:
    """Pairs of rows ``first < second``, the turn of the second, and the distance once measured."""

    first: Places
    second: Places
    turn: Places
    distance: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, which: npt.NDArray[np.bool_] | Places) -> Pairs:
        distance = self.distance[which] if len(self.distance) else self.distance  # not yet measured
        return Pairs(self.first[which], self.second[which], self.turn[which], distance)

    def find_nearest(self, n: int) -> npt.NDArray[np.float64]:
        """Return the distance of each of n images to the nearest that it was compared with; 1 without one."""
        nearest = np.ones(n)
        for start in range(0, len(self), PAIRS_AT_ONCE):
            part = slice(start, start + PAIRS_AT_ONCE)
            for rows in (self.first, self.second):
                np.minimum.at(nearest, rows[part], self.distance[part])
        return nearest


def order_pairs(first: Places, second: Places, turn: Places) -> tuple[Places, Places, Places]:
    """Return pairs with the lower row first; the turn stays that of the second."""
    turn = np.where(first > second, INVERSE[turn], turn)
    return np.minimum(first, second), np.maximum(first, second), turn


def merge_pairs(rows: Rows, found: list[tuple[Rows, Rows, Rows]]) -> Pairs:
    """Return every pair and turn once, sorted, of (place, other place, turn); ``found`` is emptied."""
    packed: list[npt.NDArray[np.uint64]] = []
    while found:
        own, other, turns = found.pop()
        for start in range(0, len(own), PAIRS_AT_ONCE):
            part = slice(start, start + PAIRS_AT_ONCE)
            first, second, turn = order_pairs(rows[own[part]], rows[other[part]], turns[part])
            packed.append(pack_pairs(first, second, turn, TURN_BITS)[first != second])
    first, second, turn = unpack_pairs(merge_sorted(packed), TURN_BITS)
    return Pairs(first.astype(np.int32), second.astype(np.int32), turn.astype(np.int8))


def keep_nearest_turn(pairs: Pairs) -> Pairs:
    """Return every pair once, under its nearest turn, untouched first. Pairs come sorted by their rows."""
    same = (pairs.first[1:] == pairs.first[:-1]) & (pairs.second[1:] == pairs.second[:-1])
    several = np.zeros(len(pairs), dtype=bool)
    several[1:] |= same
    several[:-1] |= same
    rows = np.flatnonzero(several)  # few: most pairs were found under one turn
    some = pairs[rows]
    order = np.lexsort((some.turn, some.distance, some.second, some.first))
    first, second = some.first[order], some.second[order]
    again = (first[1:] == first[:-1]) & (second[1:] == second[:-1])
    kept = np.ones(len(pairs), dtype=bool)
    kept[rows[order[1:][again]]] = False
    return pairs[kept]
