"""Coarse shapes and colours: which pictures may be one picture, cropped, shifted or lit otherwise.

The descriptor says what kind of picture it is. Coarse light and shade says which picture it is: it is
blurred until a shift of a few pixels does not matter. So does the pattern of colours. Measured on pairs that
were cropped, turned by a few degrees and lit anew at 32 pixels: the five nearest descriptors hold 64 %, the
five nearest shapes and their mirror images 78 %, both together 86 % (``benchmarks/duplicates.py natural``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auditor.duplicates.turns import TURNS
from auditor.scanning.mapped_signatures import LUMA_SIDE, Signatures
from auditor.scanning.signature import low_frequencies
from auditor.stats.nearest import Floats32, Rows, drop_self, find_largest

#: Standard deviation of the blur, in pixels of the thumbnail: 2 and 3 find as many, band-passes fewer.
BLUR = 3.0
#: Frequencies that count, in half waves per side: beyond, the blur leaves less than a fifth of a coefficient.
HIGHEST = 6.5
#: Standard deviation of chroma over the cells, in levels, at which a pattern counts half.
FAINT = 4.0
#: Pairs multiplied at once, which a processor's cache holds.
PAIRS_AT_ONCE = 4096

_DOWN, _ACROSS = (index.ravel() for index in np.mgrid[:8, :8])
_KEPT = (_DOWN**2 + _ACROSS**2 <= HIGHEST**2) & (_DOWN + _ACROSS > 0)
# Kept coefficients: first those that a mirror leaves unchanged, then those whose sign it flips.
_COEFFICIENTS = np.flatnonzero(_KEPT)[np.argsort(_ACROSS[_KEPT] % 2, kind="stable")]
_EVEN = int((_ACROSS[_COEFFICIENTS] % 2 == 0).sum())


def describe_shapes(signatures: Signatures, rows: Rows) -> Floats32:
    """Return unit vectors of the blurred luma of some rows, shape ``(n_rows, n_coefficients)``."""
    frequency = np.arange(8)
    blur = np.exp(-((BLUR * np.pi * frequency / LUMA_SIDE) ** 2) / 2)
    blur = blur * np.where(frequency == 0, np.sqrt(0.5), 1)
    out = np.empty((len(rows), len(_COEFFICIENTS)), dtype=np.float32)
    for part, block in signatures.blocks(rows):
        out[part] = low_frequencies(block.luma(), blur).reshape(-1, 64)[:, _COEFFICIENTS]
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def turn_shapes(vectors: Floats32, turn: int) -> Floats32:
    """Return the shapes of the same pictures under one of the `TURNS`."""
    transpose, rows, columns = TURNS[turn]
    down, across = _DOWN[_COEFFICIENTS], _ACROSS[_COEFFICIENTS]
    sign = np.where(rows & (down % 2 == 1), -1, 1) * np.where(columns & (across % 2 == 1), -1, 1)
    place = np.zeros(64, dtype=np.int64)
    place[_COEFFICIENTS] = np.arange(len(_COEFFICIENTS))
    source = place[across * 8 + down if transpose else down * 8 + across]
    return np.asarray(vectors[:, source] * sign, dtype=np.float32)


def compare_shapes(vectors: Floats32, first: Rows, second: Rows, turns: Rows) -> Floats32:
    """Return the cosine of the shapes of pairs, the second under its turn; shape ``(n_pairs,)``."""
    out = np.empty(len(first), dtype=np.float32)
    for turn in np.unique(turns):
        every = np.flatnonzero(turns == turn)
        for start in range(0, len(every), PAIRS_AT_ONCE):
            which = every[start : start + PAIRS_AT_ONCE]
            products = vectors[first[which]] * turn_shapes(vectors[second[which]], int(turn))
            out[which] = products.sum(axis=1)
    return out


def describe_colours(signatures: Signatures, rows: Rows) -> Floats32:
    """Return where the pictures of some rows differ from their mean colour, shape ``(n_rows, 32)``.

    The two planes of chroma are averaged in 4x4 cells. The length of a vector is at most 1; a pattern fainter
    than `FAINT` is short, so noise resembles nothing. The first 16 numbers are sums of cells and their mirror
    images, which a mirror leaves unchanged. The other 16 are differences, whose sign it flips.
    """
    cells = np.empty((len(rows), 2, 4, 4), dtype=np.float32)
    for part, block in signatures.blocks(rows):
        cells[part] = block.chroma().reshape(-1, 2, 4, 4, 4, 4).mean(axis=(3, 5), dtype=np.float32)
    cells -= cells.mean(axis=(2, 3), keepdims=True)
    cells /= np.sqrt((cells * cells).sum(axis=(1, 2, 3), keepdims=True)) + FAINT * np.sqrt(32)
    left, right = cells[..., :2], cells[..., :1:-1]
    both = np.concatenate([left + right, left - right], axis=1).reshape(-1, 32)
    return np.asarray(both / np.sqrt(2), dtype=np.float32)


def dot_pairs(ours: Floats32, theirs: Floats32, first: Rows, second: Rows) -> Floats32:
    """Return the dot products of pairs of vectors, shape ``(n_pairs,)``."""
    out = np.empty(len(first), dtype=np.float32)
    for start in range(0, len(first), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        np.einsum("nd,nd->n", ours[first[part]], theirs[second[part]], out=out[part])
    return out


def find_lookalikes(
    shapes: Floats32, colours: Floats32, colour_weight: float, k: int
) -> tuple[Rows, npt.NDArray[np.bool_], Floats32]:
    """Return the k others most alike in shape and colour, as they lie or mirrored.

    The likeness of two pictures is the product of their shapes plus ``colour_weight`` times that of their
    colours. A mirror flips the sign of the odd coefficients alone. So the better of the two products is the
    product of the even ones plus the absolute product of the odd ones.

    Returns
    -------
    rows : ndarray of int64, shape (n, k)
        -1 where there are fewer than k others.
    mirrored : ndarray of bool, shape (n, k)
    likeness : ndarray of float32, shape (n, k)
    """
    share = np.float32(np.sqrt(colour_weight))
    even = np.concatenate([shapes[:, :_EVEN], share * colours[:, :16]], axis=1)
    odd = np.concatenate([shapes[:, _EVEN:], share * colours[:, 16:]], axis=1)
    evens, odds = np.ascontiguousarray(even.T), np.ascontiguousarray(odd.T)
    n = len(shapes)
    held = np.empty((0, n), dtype=np.float32)

    def multiply(start: int, stop: int, out: Floats32) -> None:
        nonlocal held
        if len(held) < stop - start:
            held = np.empty((stop - start, n), dtype=np.float32)
        np.matmul(odd[start:stop], odds, out=out)
        np.abs(out, out=out)
        out += np.matmul(even[start:stop], evens, out=held[: stop - start])

    rows, likeness = drop_self(np.arange(n), *find_largest(multiply, n, n, k + 1))
    mirrored = dot_pairs(odd, odd, np.repeat(np.arange(n), k), rows.ravel()).reshape(n, k) < 0
    return rows, mirrored & (rows >= 0), likeness
