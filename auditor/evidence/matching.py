"""Whether two thumbnails show the same picture, perhaps mirrored, turned, shifted, zoomed or in another light.

Nothing is decoded: all is computed from the 32x32 luma thumbnails of the signatures.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.scanning.paged import SWEEP, give_back
from auditor.scanning.signature import luma

#: The eight symmetries of a square, as transpose first, then flips of rows and columns; and their names.
TURNS: tuple[tuple[bool, bool, bool], ...] = (
    (False, False, False), (False, False, True), (False, True, False), (False, True, True),
    (True, False, False), (True, True, True), (True, False, True), (True, True, False),
)  # fmt: skip
TURN_NAMES = (
    "",
    "mirrored",
    "upside down",
    "half turn",
    "mirrored, quarter turn",
    "mirrored, quarter turn",
    "quarter turn",
    "quarter turn",
)
#: The turn that undoes each turn: all but the quarter turns undo themselves.
INVERSE = (0, 1, 2, 3, 4, 5, 7, 6)
#: Detail is compared in a band of scales between Gaussians of these standard deviations, in pixels of the 32x32 thumbnail: coarser
#: scales are alike in all pictures of one kind, finer ones do not survive compression of small pictures (``benchmarks/duplicates.py``).
FINE, COARSE = 1.0, 2.0
#: Pixels at the margin that are not compared: what shifts, zooms and borders bring in.
MARGIN = 2
#: Alignment is allowed to move a pixel by so much of the thumbnail's 32: a crop or border of 5 % on each side moves it by 1.6.
REACH = 3.0
#: An aligned comparison has four parameters to fit, and look-alikes gain three times more from it than copies lose.
ALIGNED_COST = 3.0
#: Detail below this standard deviation, in grey levels, is compression noise: such pictures match nothing.
LEAST_DETAIL = 0.5
#: Chroma of copies, as a cosine, is above this (brightness, compression, crops: 0.6 and more), that of another garment of the same cut in
#: another colour often below; pictures with a mean squared chroma below the second number are grey and agree with any.
LEAST_CHROMA, GREY = 0.5, 16.0
#: Pairs compared at once: more do not fit into a processor's cache, and take half as long again.
BLOCK = 512
#: Such blocks touch pages of the signatures all over: after so many (256 MB at the most) their memory is given back.
RANDOM_BLOCKS = 4

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


def turned(pictures: npt.NDArray[Any], turn: int) -> npt.NDArray[Any]:
    """Return square pictures ``(n, side, side)`` under one of the `TURNS`.

    Examples
    --------
    >>> turned(np.array([[[1, 2], [3, 4]]]), 1).tolist()
    [[[2, 1], [4, 3]]]
    """
    transpose, rows, columns = TURNS[turn]
    if transpose:
        pictures = pictures.transpose(0, 2, 1)
    return pictures[:, :: -1 if rows else 1, :: -1 if columns else 1]


def structured(signatures: npt.NDArray[np.uint8], rows: Rows) -> npt.NDArray[np.bool_]:
    """Return which pictures of the given rows vary by more than `LEAST_DETAIL`: the others match nothing, and need no search."""
    out = np.empty(len(rows), dtype=bool)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        out[part] = luma(signatures[rows[part]]).std(axis=(1, 2), dtype=np.float32) > LEAST_DETAIL
        _between_blocks(start, signatures)
    return out


def _between_blocks(start: int, signatures: npt.NDArray[np.uint8]) -> None:
    if start % SWEEP < BLOCK:
        give_back(signatures)


def _cosines() -> Floats:
    k, x = np.arange(8)[:, None], np.arange(32)[None, :]
    return np.cos(np.pi * (2 * x + 1) * k / 64).astype(np.float32)


def sign_hashes(signatures: npt.NDArray[np.uint8], of: Rows | None = None) -> npt.NDArray[np.uint64]:
    """Return the hashes of every turn of each picture (of the given rows), shape ``(8, n)``.

    They are the signs of the 8x8 lowest DCT coefficients of luma.

    Unlike the pHash (signs against the median) a flip of the picture only flips signs, so that all turns come from one transform.
    """
    cosines = _cosines()
    of = np.arange(len(signatures)) if of is None else of
    low = np.empty((len(of), 8, 8), dtype=bool)
    low_transposed = np.empty_like(low)
    for start in range(0, len(of), BLOCK):
        part = slice(start, start + BLOCK)
        positive = cosines @ luma(signatures[of[part]]).astype(np.float32) @ cosines.T > 0
        low[part], low_transposed[part] = positive, positive.transpose(0, 2, 1)
        _between_blocks(start, signatures)
    odd = np.arange(8) % 2 == 1
    plain, across = (_packed(bits) for bits in (low, low_transposed))
    out = np.empty((8, len(of)), dtype=np.uint64)
    for turn, (transpose, flip_rows, flip_columns) in enumerate(TURNS):
        flipped = (flip_rows & odd)[:, None] ^ (flip_columns & odd)[None, :]
        out[turn] = (across if transpose else plain) ^ _packed(flipped[None])[0]
    return out


def _packed(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    bits = bits.copy()
    bits[:, 0, 0] = False  # the mean, which is always positive
    return np.packbits(bits.reshape(len(bits), 64), axis=1).view(">u8").ravel().astype(np.uint64)


#: Of the pictures that share two bands of a hash, so many are compared with each: more are look-alikes without structure.
BUCKET = 32


def close_pairs(queries: npt.NDArray[np.uint64], base: npt.NDArray[np.uint64], bits: int = 4) -> tuple[Rows, Rows, Rows]:
    """Return the pairs of hashes within ``bits``, sorted: number of the query set, of the query in it, and of the hash in ``base``.

    Pigeonhole over ``bits + 2`` bands: so many differing bits leave at least two bands equal, so that a sorted table for every two
    bands holds every pair (15 tables for 4 bits). Of a bucket with more than `BUCKET` hashes only so many are compared.

    Parameters
    ----------
    queries : ndarray of uint64, shape (n_sets, n_queries)
    base : ndarray of uint64, shape (n_base,)
    bits : int

    Examples
    --------
    >>> [column.tolist() for column in close_pairs(np.array([[0b1111]], dtype=np.uint64), np.array([0, 0b11111], dtype=np.uint64))]
    [[0, 0], [0, 0], [0, 1]]
    """
    edges = np.linspace(0, 64, bits + 3).astype(int)
    width = np.uint64(np.diff(edges).max())

    def key_of(hashes: npt.NDArray[np.uint64], bands: tuple[int, int]) -> npt.NDArray[np.uint32]:
        low, high = ((hashes >> np.uint64(edges[b])) & np.uint64((1 << int(edges[b + 1] - edges[b])) - 1) for b in bands)
        return ((low << width) | high).astype(np.uint32)

    # Place in the packed pair: 4 bits of the set, 30 of the query, 30 of the base.
    found: list[npt.NDArray[np.uint64]] = []
    for bands in combinations(range(bits + 2), 2):
        key = key_of(base, bands)
        order = np.argsort(key, kind="stable")
        ranked = key[order]
        for number, asked in enumerate(queries):
            wanted = key_of(asked, bands)
            left = np.searchsorted(ranked, wanted, side="left")
            # Most queries find nothing: only those whose key is there go on.
            there = np.flatnonzero(ranked[np.minimum(left, len(ranked) - 1)] == wanted) if len(ranked) else np.empty(0, np.int64)
            left, size = left[there], np.minimum(np.searchsorted(ranked, wanted[there], side="right") - left[there], BUCKET)
            for step in range(int(size.max(initial=0))):
                more = size > step
                i, j = there[more], order[left[more] + step]
                near = np.bitwise_count(asked[i] ^ base[j]) <= bits
                packed = (np.uint64(number) << np.uint64(60)) | (i[near].astype(np.uint64) << np.uint64(30))
                found.append(packed | j[near].astype(np.uint64))
    pairs = np.unique(np.concatenate(found)) if found else np.empty(0, np.uint64)
    low = np.uint64((1 << 30) - 1)
    return tuple(part.astype(np.int64) for part in (pairs >> np.uint64(60), (pairs >> np.uint64(30)) & low, pairs & low))  # type: ignore[return-value]


def _gaussian(sigma: float) -> Floats:
    """Return the 32x32 matrix that blurs a row, mirrored at its ends."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(np.eye(32, dtype=np.float32), sigma, axis=0), dtype=np.float32)


_CENTRE = ((np.arange(32) - 15.5) / 15.5).astype(np.float32)
_INSIDE = slice(MARGIN, 32 - MARGIN)
#: The regression of the alignment looks at every second pixel: the pictures are blurred, and it is a quarter of the work.
_SAMPLED = slice(MARGIN, 32 - MARGIN, 2)


class Comparison:
    """Compares pairs of pictures by their signatures.

    Parameters
    ----------
    signatures : ndarray of uint8, shape (n, SIGNATURE_BYTES)
    """

    def __init__(self, signatures: npt.NDArray[np.uint8]) -> None:
        self.signatures = signatures
        self._fine, self._rest = _gaussian(FINE), _gaussian(float(np.sqrt(COARSE**2 - FINE**2)))

    def _smooth(self, pictures: npt.NDArray[Any]) -> Floats:
        return np.asarray(self._fine @ pictures.astype(np.float32) @ self._fine.T)

    def _detail(self, smooth: Floats) -> Floats:
        """Return the unit vectors of detail of smoothed pictures, ``(n, 784)``; zeros where there is none."""
        band = (smooth - self._rest @ smooth @ self._rest.T)[:, _INSIDE, _INSIDE].reshape(len(smooth), -1)
        band = band - band.mean(axis=1, keepdims=True)
        length = np.sqrt((band * band).sum(axis=1, keepdims=True))
        return np.where(length > LEAST_DETAIL * np.sqrt(band.shape[1]), band / np.maximum(length, 1e-9), 0).astype(np.float32)

    def _blocks(
        self, compare: Callable[[npt.NDArray[np.uint8], npt.NDArray[Any]], Floats], first: Rows, second: Rows, turns: Rows
    ) -> Floats:
        out = np.empty(len(first), dtype=np.float32)
        for start in range(0, len(first), BLOCK):
            part = slice(start, start + BLOCK)
            ours, theirs = luma(self.signatures[first[part]]), luma(self.signatures[second[part]]).copy()
            for turn in np.unique(turns[part]):
                if turn:
                    which = turns[part] == turn
                    theirs[which] = turned(theirs[which], int(turn))
            out[part] = compare(ours, theirs)
            if start // BLOCK % RANDOM_BLOCKS == 0:
                give_back(self.signatures)
        return out

    def distance(self, first: Rows, second: Rows, turns: Rows) -> Floats:
        """Return 1 - correlation of the detail of pairs as they lie, shape ``(n_pairs,)``; the second picture under its turn."""
        return self._blocks(lambda ours, theirs: self._apart(self._smooth(ours), self._smooth(theirs)), first, second, turns)

    def same_colours(self, first: Rows, second: Rows, turns: Rows) -> npt.NDArray[np.bool_]:
        """Return whether the colours of pairs agree, or one of the two is grey, shape ``(n_pairs,)``."""
        agree = np.empty(len(first), dtype=bool)
        for turn in np.unique(turns):
            every = np.flatnonzero(turns == turn)
            for which in (every[start : start + BLOCK] for start in range(0, len(every), BLOCK)):
                squares = [self.signatures[rows[which], 1024:].reshape(-1, 16, 16).astype(np.float32) - 128 for rows in (first, second)]
                ours, theirs = squares[0].reshape(len(which), -1), turned(squares[1], int(turn)).reshape(len(which), -1)
                energy = np.minimum((ours**2).mean(axis=1), (theirs**2).mean(axis=1))
                cosine = (ours * theirs).sum(axis=1) / np.maximum(np.sqrt((ours**2).sum(axis=1) * (theirs**2).sum(axis=1)), 1e-9)
                agree[which] = (cosine >= LEAST_CHROMA) | (energy < GREY)
        return agree

    def aligned_distance(self, first: Rows, second: Rows, turns: Rows) -> Floats:
        """Return `ALIGNED_COST` times (1 - correlation of detail) after one picture was shifted and zoomed onto the other.

        Of the two ways to do so, the one that brings them nearer; the second picture is under its turn.
        """
        return self._blocks(self._aligned, first, second, turns)

    def _apart(self, ours: Floats, theirs: Floats) -> Floats:
        return _unlike(self._detail(ours), self._detail(theirs))

    def _aligned(self, ours: npt.NDArray[np.uint8], theirs: npt.NDArray[Any]) -> Floats:
        pictures = self._smooth(ours), self._smooth(theirs)
        details, goals = [self._detail(p) for p in pictures], [_goal(p) for p in pictures]
        nearer = np.full(len(ours), np.inf, dtype=np.float32)
        for moving, detail, goal in ((pictures[0], details[1], goals[1]), (pictures[1], details[0], goals[0])):
            move = np.zeros((len(moving), 4), dtype=np.float32)
            warped = moving
            for _ in range(2):
                move = np.clip(move + _step(warped, goal), -REACH, REACH)
                warped = _moved(moving, move)
            nearer = np.minimum(nearer, _unlike(self._detail(warped), detail))
        return ALIGNED_COST * nearer


def _unlike(ours: Floats, theirs: Floats) -> Floats:
    """Return 1 - correlation of unit vectors of detail."""
    return np.asarray(1 - (ours * theirs).sum(axis=1), dtype=np.float32)


def _goal(target: Floats) -> Floats:
    """Return what the alignment regresses: the sampled pixels of smoothed pictures without their mean."""
    goal = target[:, _SAMPLED, _SAMPLED].reshape(len(target), -1)
    return np.asarray(goal - goal.mean(axis=1, keepdims=True))


def _step(warped: Floats, goal: Floats) -> Floats:
    """Return the Gauss-Newton step (shift and zoom across, shift and zoom down) that brings pictures nearer to the goal.

    The goal is regressed on the picture (which takes up contrast) and on its derivatives by the four parameters (Lucas and Kanade, 1981).
    """
    n = len(warped)
    across = (warped[:, _SAMPLED, MARGIN + 1 : 33 - MARGIN : 2] - warped[:, _SAMPLED, MARGIN - 1 : 31 - MARGIN : 2]) / 2
    down = (warped[:, MARGIN + 1 : 33 - MARGIN : 2, _SAMPLED] - warped[:, MARGIN - 1 : 31 - MARGIN : 2, _SAMPLED]) / 2
    place = _CENTRE[_SAMPLED]
    basis = np.stack([warped[:, _SAMPLED, _SAMPLED], across, across * place, down, down * place[:, None]], axis=1).reshape(n, 5, -1)
    basis -= basis.mean(axis=2, keepdims=True)
    gram = basis @ basis.transpose(0, 2, 1)
    # A ridge of a quarter grey level per pixel: flat directions do not move.
    gram[:, range(5), range(5)] += 0.25**2 * basis.shape[2]
    solved = np.linalg.solve(gram, basis @ goal[:, :, None])[:, :, 0]
    contrast = solved[:, :1]
    return np.asarray(solved[:, 1:] / np.where(np.abs(contrast) < 0.2, 0.2, contrast), dtype=np.float32)


def _moved(pictures: Floats, move: Floats) -> Floats:
    """Return pictures shifted and zoomed along each axis, bilinear."""
    across = np.clip(np.arange(32, dtype=np.float32) + move[:, :1] + move[:, 1:2] * _CENTRE, 0, 31)
    down = np.clip(np.arange(32, dtype=np.float32) + move[:, 2:3] + move[:, 3:4] * _CENTRE, 0, 31)
    return np.asarray(_weights(down) @ pictures @ _weights(across).transpose(0, 2, 1), dtype=np.float32)


def _weights(position: Floats) -> Floats:
    """Return the matrices ``(n, 32, 32)`` that interpolate rows at the positions ``(n, 32)``."""
    lower = np.minimum(position.astype(np.int64), 30)
    share = position - lower
    out = np.zeros((*position.shape, 32), dtype=np.float32)
    np.put_along_axis(out, lower[:, :, None], (1 - share)[:, :, None], axis=2)
    np.put_along_axis(out, lower[:, :, None] + 1, share[:, :, None], axis=2)
    return out
