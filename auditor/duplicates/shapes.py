"""Coarse shapes: which pictures could be one and the same if they were cropped, shifted or lit otherwise, found without any descriptor.

The descriptor tells what kind of picture one is, with its colours; coarse light and shade, blurred until a
shift of a few pixels does not matter, tells which picture it is. Of pairs that were cropped, turned by a few
degrees and lit anew at 32 pixels the five nearest descriptors hold 64 %, the five nearest shapes and their
mirror images 78 %, both 86 % (pairs as in ``benchmarks/duplicates.py natural``). Where colour lies in a
picture tells it from others of its shape.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auditor.evidence.matching import BLOCK, TURNS, cosines
from auditor.evidence.neighbours import largest, others
from auditor.scanning.paged import SWEEP, give_back
from auditor.scanning.signature import luma

#: Standard deviation of the blur, in pixels of the 32x32 thumbnail: 2 and 3 find as many, band-passes
#: (without the coarsest shapes) fewer.
BLUR = 3.0
#: Frequencies, in half waves per side, up to which a coefficient counts: beyond, the blur leaves less than a
#: fifth of it.
HIGHEST = 6.5

#: Standard deviation of chroma over the cells, in levels, that is as much as nothing.
FAINT = 4.0
#: Pairs multiplied at once, which a processor's cache holds.
PAIRS = 4096

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_DOWN, _ACROSS = (index.ravel() for index in np.mgrid[:8, :8])
_KEPT = (_DOWN**2 + _ACROSS**2 <= HIGHEST**2) & (_DOWN + _ACROSS > 0)
#: Kept coefficients, those that a mirror leaves alone first, then those whose sign it turns.
_COEFFICIENTS = np.flatnonzero(_KEPT)[np.argsort(_ACROSS[_KEPT] % 2, kind="stable")]
_EVEN = int((_ACROSS[_COEFFICIENTS] % 2 == 0).sum())


def shapes(signatures: npt.NDArray[np.uint8], rows: Rows) -> Floats:
    """Return the unit vectors of the blurred luma of the given rows, by its cosine transform; shape ``(n_rows, n_coefficients)``."""
    frequency = np.arange(8)
    weight = np.exp(-((BLUR * np.pi * frequency / 32) ** 2) / 2) * np.where(frequency == 0, np.sqrt(0.5), 1)
    transform = (cosines() * weight[:, None]).astype(np.float32)
    out = np.empty((len(rows), len(_COEFFICIENTS)), dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        low = transform @ luma(signatures[rows[part]]).astype(np.float32) @ transform.T
        out[part] = low.reshape(len(low), 64)[:, _COEFFICIENTS]
        if start % SWEEP < BLOCK:
            give_back(signatures)
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def turned_shapes(vectors: Floats, turn: int) -> Floats:
    """Return the shapes of the same pictures under one of the `TURNS`."""
    transpose, rows, columns = TURNS[turn]
    down, across = _DOWN[_COEFFICIENTS], _ACROSS[_COEFFICIENTS]
    sign = np.where(rows & (down % 2 == 1), -1, 1) * np.where(columns & (across % 2 == 1), -1, 1)
    place = {int(c): i for i, c in enumerate(_COEFFICIENTS)}
    source = [place[int(a * 8 + d if transpose else d * 8 + a)] for d, a in zip(down, across, strict=True)]
    return np.asarray(vectors[:, source] * sign, dtype=np.float32)


def likeness(vectors: Floats, first: Rows, second: Rows, turns: Rows) -> Floats:
    """Return the cosine of the shapes of pairs, the second under its turn; shape ``(n_pairs,)``."""
    out = np.empty(len(first), dtype=np.float32)
    for turn in np.unique(turns):
        every = np.flatnonzero(turns == turn)
        for which in (every[start : start + SWEEP] for start in range(0, len(every), SWEEP)):
            out[which] = (vectors[first[which]] * turned_shapes(vectors[second[which]], int(turn))).sum(
                axis=1
            )
    return out


def colour_patterns(signatures: npt.NDArray[np.uint8], rows: Rows) -> Floats:
    """Return where in the given rows colour differs from their mean colour, ``(n_rows, 32)``.

    The two planes of chroma in 4x4 cells, at most 1 long; patterns fainter than `FAINT` are short, so that
    noise is like nothing. First 16 sums of cells and their mirror images, which a mirror leaves alone, then
    as many differences, whose sign it turns.
    """
    cells = np.empty((len(rows), 2, 4, 4), dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        cells[part] = (
            signatures[rows[part], 1024:].reshape(-1, 2, 4, 4, 4, 4).mean(axis=(3, 5), dtype=np.float32)
        )
        if start % SWEEP < BLOCK:
            give_back(signatures)
    cells -= cells.mean(axis=(2, 3), keepdims=True)
    cells /= np.sqrt((cells * cells).sum(axis=(1, 2, 3), keepdims=True)) + FAINT * np.sqrt(32)
    left, right = cells[..., :2], cells[..., :1:-1]
    return np.asarray(
        np.concatenate([left + right, left - right], axis=1).reshape(-1, 32) / np.sqrt(2), dtype=np.float32
    )


def pair_products(ours: Floats, theirs: Floats, first: Rows, second: Rows) -> Floats:
    """Return the dot products of pairs of vectors, shape ``(n_pairs,)``."""
    out = np.empty(len(first), dtype=np.float32)
    for start in range(0, len(first), PAIRS):
        part = slice(start, start + PAIRS)
        np.einsum("nd,nd->n", ours[first[part]], theirs[second[part]], out=out[part])
    return out


def nearest_lookalikes(
    vectors: Floats, patterns: Floats, weight: float, k: int
) -> tuple[Rows, npt.NDArray[np.bool_], Floats]:
    """Return the k others most alike in shape and colour, as they lie or mirrored, which are mirrored, and how alike; all ``(n, k)``.

    Alike are pictures by the cosine of their shapes plus ``weight`` times the product of their patterns of
    colour. Rows are -1 where there are fewer than k others. A mirror turns the sign of the odd coefficients
    alone, so that the better of the two products is that of the even ones and the size of that of the odd
    ones.
    """
    share = np.float32(np.sqrt(weight))
    even = np.concatenate([vectors[:, :_EVEN], share * patterns[:, :16]], axis=1)
    odd = np.concatenate([vectors[:, _EVEN:], share * patterns[:, 16:]], axis=1)
    evens, odds = np.ascontiguousarray(even.T), np.ascontiguousarray(odd.T)
    n = len(vectors)
    held = np.empty((0, n), dtype=np.float32)

    def products(start: int, stop: int, out: Floats) -> None:
        nonlocal held
        if len(held) < stop - start:
            held = np.empty((stop - start, n), dtype=np.float32)
        np.matmul(odd[start:stop], odds, out=out)
        np.abs(out, out=out)
        out += np.matmul(even[start:stop], evens, out=held[: stop - start])

    rows, alike = others(np.arange(n), *largest(products, n, n, k + 1), k)
    mirrored = pair_products(odd, odd, np.repeat(np.arange(n), k), rows.ravel()).reshape(n, k) < 0
    return rows, mirrored & (rows >= 0), alike
