"""Candidates: the pairs of pictures that are worth comparing, found by hashes and by looks."""

from __future__ import annotations

from math import log2

import numpy as np

from auditor.duplicates.hashes import find_close_pairs, hash_every_turn
from auditor.duplicates.pairs import Pairs, Rows, merge_pairs
from auditor.duplicates.shapes import (
    compare_shapes,
    describe_colours,
    describe_shapes,
    dot_pairs,
    find_lookalikes,
)
from auditor.scanning.mapped_signatures import Signatures
from auditor.stats.nearest import Floats32, scale_to_unit

#: Images up to which hashes that differ in 6 bits are compared; beyond, in 4: more would be tens of millions.
SIX_BITS_LIMIT = 20_000
#: Images up to which look-alikes are searched. Beyond, hashes find copies that were re-encoded, resized or
#: turned, but only one in ten of those cropped by 5 %.
SEARCHED_BY_LOOKS = 200_000
#: Neighbours by descriptor to choose from where there are too many images to look at every pair.
LISTED_BY_DESCRIPTOR = 40
#: Look-alikes listed, as a multiple of those compared: 86 % of the near duplicates at 32 pixels are among the
#: compared; of four times as many listed, 86 % too (``benchmarks/duplicates.py natural``).
LISTED = 6
#: Weight of the likeness of colours beside that of shapes; without colours 85 % are among the compared.
COLOUR_WEIGHT = 0.2
#: Weight of the cosine of descriptors; without descriptors 82 % are among the compared.
DESCRIPTOR_WEIGHT = 0.3
#: The cosine that counts where there is none: for mirrored pictures and for what is inside a frame.
UNDESCRIBED = 0.2
#: Cosine of shapes below which pairs are not compared: 2 % of near duplicates, and a third of the candidates.
LEAST_LIKENESS = 0.6
#: Pictures whose lists are ranked at once (100 MB).
RANKED_AT_ONCE = 1 << 13


def count_compared(n: int) -> int:
    """Return how many look-alikes each of n images is compared with.

    Half the binary logarithm and one: of more images, more come between two copies. Two more find half a
    percent more near duplicates at 32 pixels, for a quarter more work.

    Examples
    --------
    >>> [count_compared(n) for n in (2, 1000, 60_000)]
    [1, 6, 9]
    """
    return round(log2(max(n, 1)) / 2) + 1


def find_candidates(
    rows: Rows,
    signatures: Signatures,
    descriptor: Floats32 | None,
    neighbours: Rows | None,
    suggested: Rows | None = None,
) -> Pairs:
    """Return the pairs of some rows worth comparing, each once under each turn it was found by.

    Parameters
    ----------
    rows : ndarray of int64
    signatures : Signatures
    descriptor : ndarray of float32, shape (n_described, d), optional
        Of the first rows; what is inside frames has none. Without it hashes alone are searched.
    neighbours : ndarray of int64, shape (n_described, k), optional
        Rows to choose look-alikes from, instead of all.
    suggested : ndarray of int64, shape (n_described, k), optional
        Rows to compare with each besides, as they lie.
    """
    hashes = hash_every_turn(signatures, rows)
    # The query, turned, looks like the base; so the base, turned back, looks like the query: the turn is that
    # of the second. Of the two quarter turns one is enough, as each undoes the other.
    turn, query, base = find_close_pairs(hashes[:7], hashes[0], 6 if len(rows) <= SIX_BITS_LIMIT else 4)
    found = [(base, query, turn)]
    if descriptor is not None:
        found += _rank_lookalikes(rows, signatures, descriptor, neighbours)
    if suggested is not None:
        places = _places(rows, suggested)
        own, other = np.repeat(np.arange(len(rows)), places.shape[1]), places.ravel()
        known = other >= 0
        found.append((own[known], other[known], np.zeros(int(known.sum()), dtype=np.int64)))
    return merge_pairs(rows, found)


def _places(rows: Rows, neighbours: Rows) -> Rows:
    """Return where in ``rows`` the neighbours of each stand; -1 where they do not, or where it has none."""
    described = rows < len(neighbours)
    place = np.full(max(len(neighbours), int(rows.max()) + 1) + 1, -1, dtype=np.int64)  # the last for -1
    place[rows] = np.arange(len(rows))
    listed = np.full((len(rows), neighbours.shape[1]), -1, dtype=np.int64)
    listed[described] = place[neighbours[rows[described]]]
    return listed


def _rank_lookalikes(
    rows: Rows, signatures: Signatures, descriptor: Floats32, neighbours: Rows | None
) -> list[tuple[Rows, Rows, Rows]]:
    """Return each picture with those most like it by shape, colours and descriptor: both places, the turn."""
    n, described = len(rows), rows < len(descriptor)
    compared = count_compared(int(described.sum()))
    shapes, colours = describe_shapes(signatures, rows), describe_colours(signatures, rows)
    unit = np.zeros((n, descriptor.shape[1]), dtype=np.float32)
    unit[described] = scale_to_unit(descriptor[rows[described]])
    if neighbours is None:
        listed, mirrored, likeness = find_lookalikes(shapes, colours, COLOUR_WEIGHT, LISTED * compared)
    else:
        listed = _places(rows, neighbours)
        mirrored = np.zeros(listed.shape, dtype=bool)
        own, other = np.repeat(np.arange(n), listed.shape[1]), listed.ravel()
        likeness = dot_pairs(shapes, shapes, own, other).reshape(listed.shape)
        likeness += COLOUR_WEIGHT * dot_pairs(colours, colours, own, other).reshape(listed.shape)
    found: list[tuple[Rows, Rows, Rows]] = []
    for start in range(0, n, RANKED_AT_ONCE):
        part = slice(start, start + RANKED_AT_ONCE)
        others, flipped = listed[part], mirrored[part]
        places = np.arange(n)[part]
        own, other = np.repeat(places, others.shape[1]), others.ravel()
        known = described[own] & described[other] & ~flipped.ravel()
        cosine = np.where(known, dot_pairs(unit, unit, own, other), UNDESCRIBED).reshape(others.shape)
        rank = np.where(others >= 0, likeness[part] + DESCRIPTOR_WEIGHT * cosine, -np.inf)
        best = np.argsort(-rank, axis=1, kind="stable")[:, :compared]
        own, other = np.repeat(places, best.shape[1]), np.take_along_axis(others, best, axis=1).ravel()
        turn = np.take_along_axis(flipped, best, axis=1).ravel().astype(np.int64)
        kept = (other >= 0) & (compare_shapes(shapes, own, other, turn) >= LEAST_LIKENESS)
        found.append((own[kept], other[kept], turn[kept]))
    return found
