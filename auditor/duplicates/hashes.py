"""Hashes of pictures under every turn, and the search for hashes that differ in a few bits."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from auditor.duplicates.turns import TURNS
from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.signature import low_frequencies

#: Hashes of a bucket that each query is compared with: larger buckets hold look-alikes without structure.
BUCKET = 32
#: Bits of a row number in a packed pair: a billion images.
ROW_BITS = 30

Rows = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def hash_every_turn(signatures: Signatures, rows: Rows) -> Hashes:
    """Return the hashes of every turn of the pictures of some rows, shape ``(8, n_rows)``.

    A hash is the signs of the 8x8 lowest frequencies of luma. A flip only flips signs, so all turns come
    from one transform; with the pHash (frequencies over their median) they would not.
    """
    positive = np.empty((len(rows), 8, 8), dtype=bool)
    for part, block in signatures.blocks(rows):
        positive[part] = low_frequencies(block.luma()) > 0
    plain, transposed = _pack_bits(positive), _pack_bits(positive.transpose(0, 2, 1))
    odd = np.arange(8) % 2 == 1
    out = np.empty((8, len(rows)), dtype=np.uint64)
    for turn, (transpose, flip_rows, flip_columns) in enumerate(TURNS):
        flipped = (flip_rows & odd)[:, None] ^ (flip_columns & odd)[None, :]
        out[turn] = (transposed if transpose else plain) ^ _pack_bits(flipped[None])[0]
    return out


def _pack_bits(bits: npt.NDArray[np.bool_]) -> Hashes:
    bits = bits.copy()
    bits[:, 0, 0] = False  # the mean, which is always positive
    return np.packbits(bits.reshape(len(bits), 64), axis=1).view(">u8").ravel().astype(np.uint64)


def merge_sorted(parts: list[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    """Return the distinct numbers of some arrays, ascending; the list is emptied, which saves memory.

    Examples
    --------
    >>> merge_sorted([np.array([3, 1], dtype=np.uint64), np.array([1], dtype=np.uint64)]).tolist()
    [1, 3]
    """
    whole = np.empty(sum(map(len, parts)), dtype=np.uint64)
    end = len(whole)
    while parts:
        part = parts.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    whole.sort()
    fresh = np.ones(len(whole), dtype=bool)
    np.not_equal(whole[1:], whole[:-1], out=fresh[1:])
    return whole[fresh]


def pack_pairs(high: npt.ArrayLike, middle: npt.ArrayLike, low: npt.ArrayLike, low_bits: int) -> Hashes:
    """Pack three numbers, of which the middle one is a row, into one that sorts as they do."""
    first, second, third = (np.asarray(part).astype(np.uint64) for part in (high, middle, low))
    return first << np.uint64(ROW_BITS + low_bits) | second << np.uint64(low_bits) | third


def unpack_pairs(packed: Hashes, low_bits: int) -> tuple[Hashes, Hashes, Hashes]:
    """Return the three numbers of `pack_pairs`."""
    row, low = (np.uint64((1 << bits) - 1) for bits in (ROW_BITS, low_bits))
    return packed >> np.uint64(ROW_BITS + low_bits), (packed >> np.uint64(low_bits)) & row, packed & low


def find_close_pairs(
    queries: Hashes, base: Hashes, bits: int = 4, bucket: int = BUCKET
) -> tuple[Rows, Rows, Rows]:
    """Return the pairs of hashes within ``bits``, sorted.

    Pigeonhole over ``bits + 2`` bands: at least two bands are equal, so a sorted table for every two bands
    holds every pair (15 tables for 4 bits). Of a larger ``bucket`` only the first hashes are compared.

    Parameters
    ----------
    queries : ndarray of uint64, shape (n_sets, n_queries)
    base : ndarray of uint64, shape (n_base,)
    bits, bucket : int

    Returns
    -------
    sets, query, base : ndarray of int64, shape (n_pairs,)
        Numbers of the query set, of the query in it, and of the hash in ``base``.

    Examples
    --------
    >>> queries, base = np.array([[0b1111]], dtype=np.uint64), np.array([0, 0b11111], dtype=np.uint64)
    >>> [column.tolist() for column in find_close_pairs(queries, base)]
    [[0, 0], [0, 0], [0, 1]]
    """
    edges = np.linspace(0, 64, bits + 3).astype(int)
    width = int(np.diff(edges).max())

    def key_of(hashes: Hashes, bands: tuple[int, int]) -> npt.NDArray[np.uint32]:
        low, high = (
            (hashes >> np.uint64(edges[b])) & np.uint64((1 << int(edges[b + 1] - edges[b])) - 1)
            for b in bands
        )
        return ((low << np.uint64(width)) | high).astype(np.uint32)

    found: list[Hashes] = []
    for bands in combinations(range(bits + 2), 2):
        key = key_of(base, bands)
        order = np.argsort(key, kind="stable")
        sizes = np.bincount(key, minlength=1 << 2 * width).astype(np.int32)
        starts = np.cumsum(sizes, dtype=np.int32) - sizes
        for number, asked in enumerate(queries):
            wanted = key_of(asked, bands)
            there = np.flatnonzero(sizes[wanted])  # most queries find nothing
            start, size = starts[wanted[there]], np.minimum(sizes[wanted[there]], bucket)
            for place in range(int(size.max(initial=0))):
                more = size > place
                i, j = there[more], order[start[more] + place]
                near = np.bitwise_count(asked[i] ^ base[j]) <= bits
                found.append(pack_pairs(number, i[near], j[near], ROW_BITS))
    sets, query, found_at = (part.astype(np.int64) for part in unpack_pairs(merge_sorted(found), ROW_BITS))
    return sets, query, found_at
