"""Whether two thumbnails show the same picture, perhaps mirrored, turned, shifted, zoomed or in another light.

Nothing is decoded: all is computed from the 32x32 luma thumbnails of the signatures.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from auditor.evidence.alignment import MARGIN, Target, moved, no_move
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
#: Detail is compared in a band of scales between Gaussians of these standard deviations, in pixels of the
#: 32x32 thumbnail: coarser scales are alike in all pictures of one kind, finer ones do not survive
#: compression of small pictures (``benchmarks/duplicates.py``).
FINE, COARSE = 1.0, 2.0
#: Detail is divided by its own strength in a neighbourhood of this standard deviation, plus this share of its
#: strength in the whole picture and so many grey levels: else a few hard edges are all that is compared, and
#: edges look alike. Of near duplicates at 32 pixels 75 % are found so at a precision of 0.9, without it 68 %
#: (``benchmarks/duplicates.py natural``; shares of 0.5 and 1: 74 and 73 %).
AROUND, OVERALL, LEAST_STRENGTH = 3.0, 0.25, 0.5
#: Independent parts of the detail of a picture that make its distance 1 minus the correlation; with n of them
#: it is raised to the power of the root of n over this. A power of 0.75 instead of the root finds 3 % fewer.
PARTS = 32.0
#: Pairs that are farther apart than so many times the limit of interest after the first two steps of
#: alignment are not tried further, and those farther apart than the second number after four of six steps
#: neither. With 100 and 100 half a percent more near duplicates at 32 pixels are found, for twice the work
#: (``benchmarks/duplicates.py natural``).
HOPEFUL, PROMISING = 7.0, 5.0
#: A copy that was enlarged from half the thumbnail's size is blurred by about this standard deviation; pairs
#: that lie nearer than the second number are also compared after the sharper one was blurred so (halved
#: copies of 32-pixel photos lie at 0.055, then at 0.020).
SOFTER, SOFTENED = 0.9, 0.3
#: Detail below this standard deviation, in grey levels, is compression noise: such pictures match nothing.
LEAST_DETAIL = 0.5
#: The patterns of chroma of copies, as a cosine, are above this, that of another garment of the same cut in
#: another colour often not; pictures whose chroma varies by less than the second number (a mean square) are
#: of one colour and agree with any. Asking for 0.4 loses 3 % of the near duplicates in another light.
LEAST_CHROMA, GREY = 0.0, 16.0
#: Pictures up to which all that is compared in them is kept (130 MB): each is compared with a dozen others.
KEPT = 12_000
#: Pairs compared at once: more do not fit into a processor's cache, and take half as long again.
BLOCK = 256
#: Such blocks touch pages of the signatures all over: after so many (256 MB at the most) their memory is
#: given back.
RANDOM_BLOCKS = 4

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Places = npt.NDArray[np.integer[Any]]


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


def cosines() -> Floats:
    """Return the 8 lowest vectors of the cosine transform of 32 numbers, shape ``(8, 32)``."""
    k, x = np.arange(8)[:, None], np.arange(32)[None, :]
    return np.cos(np.pi * (2 * x + 1) * k / 64).astype(np.float32)


def sign_hashes(signatures: npt.NDArray[np.uint8], of: Rows | None = None) -> npt.NDArray[np.uint64]:
    """Return the hashes of every turn of each picture (of the given rows), shape ``(8, n)``.

    They are the signs of the 8x8 lowest DCT coefficients of luma.

    Unlike the pHash (signs against the median) a flip of the picture only flips signs, so that all turns come
    from one transform.
    """
    low_cosines = cosines()
    of = np.arange(len(signatures)) if of is None else of
    low = np.empty((len(of), 8, 8), dtype=bool)
    low_transposed = np.empty_like(low)
    for start in range(0, len(of), BLOCK):
        part = slice(start, start + BLOCK)
        positive = low_cosines @ luma(signatures[of[part]]).astype(np.float32) @ low_cosines.T > 0
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


def distinct(parts: list[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    """Return the distinct numbers of some arrays, ascending; the list is emptied as they are taken over, so that none is there twice.

    Examples
    --------
    >>> distinct([np.array([3, 1], dtype=np.uint64), np.array([1], dtype=np.uint64)]).tolist()
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


#: Of the pictures that share two bands of a hash, so many are compared with each: more are look-alikes
#: without structure.
BUCKET = 32


def close_pairs(
    queries: npt.NDArray[np.uint64], base: npt.NDArray[np.uint64], bits: int = 4
) -> tuple[Rows, Rows, Rows]:
    """Return the pairs of hashes within ``bits``, sorted: number of the query set, of the query in it, and of the hash in ``base``.

    Pigeonhole over ``bits + 2`` bands: so many differing bits leave at least two bands equal, so that a
    sorted table for every two bands holds every pair (15 tables for 4 bits). Of a bucket with more than
    `BUCKET` hashes only so many are compared.

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
    width = int(np.diff(edges).max())

    def key_of(hashes: npt.NDArray[np.uint64], bands: tuple[int, int]) -> npt.NDArray[np.uint32]:
        low, high = (
            (hashes >> np.uint64(edges[b])) & np.uint64((1 << int(edges[b + 1] - edges[b])) - 1)
            for b in bands
        )
        return ((low << np.uint64(width)) | high).astype(np.uint32)

    # Place in the packed pair: 4 bits of the set, 30 of the query, 30 of the base.
    found: list[npt.NDArray[np.uint64]] = []
    for bands in combinations(range(bits + 2), 2):
        key = key_of(base, bands)
        order = np.argsort(key, kind="stable")
        many = np.bincount(key, minlength=1 << 2 * width).astype(np.int32)
        first = np.cumsum(many, dtype=np.int32) - many
        for number, asked in enumerate(queries):
            wanted = key_of(asked, bands)
            there = np.flatnonzero(many[wanted])  # most queries find nothing
            left, size = first[wanted[there]], np.minimum(many[wanted[there]], BUCKET)
            for place in range(int(size.max(initial=0))):
                more = size > place
                i, j = there[more], order[left[more] + place]
                near = np.bitwise_count(asked[i] ^ base[j]) <= bits
                packed = (np.uint64(number) << np.uint64(60)) | (i[near].astype(np.uint64) << np.uint64(30))
                found.append(packed | j[near].astype(np.uint64))
    pairs = distinct(found)
    low = np.uint64((1 << 30) - 1)
    sets, query, found_at = (
        part.astype(np.int64)
        for part in (pairs >> np.uint64(60), (pairs >> np.uint64(30)) & low, pairs & low)
    )
    return sets, query, found_at


def _gaussian(sigma: float) -> Floats:
    """Return the 32x32 matrix that blurs a row, mirrored at its ends; the Gaussian ends at four standard deviations."""
    reach = round(4 * sigma)
    kernel = cv2.getGaussianKernel(2 * reach + 1, sigma, cv2.CV_64F)
    return np.asarray(
        cv2.sepFilter2D(np.eye(32), cv2.CV_64F, np.ones(1), kernel, borderType=cv2.BORDER_REFLECT),
        dtype=np.float32,
    )


_INSIDE, _SIDE = slice(MARGIN, 32 - MARGIN), 32 - 2 * MARGIN
#: Window over the detail before its spectrum is taken.
_WINDOW = np.sqrt(np.hanning(_SIDE + 2)[1:-1]).astype(np.float32)
#: The discrete Fourier transform of so few numbers, as a matrix: faster than NumPy's transforms.
_FOURIER = np.fft.fft(np.eye(_SIDE)).astype(np.complex64)


class Comparison:
    """Compares pairs of pictures by their signatures.

    Parameters
    ----------
    signatures : ndarray of uint8, shape (n, SIGNATURE_BYTES)
    """

    def __init__(self, signatures: npt.NDArray[np.uint8]) -> None:
        self.signatures = signatures
        self._fine, self._rest = _gaussian(FINE), _gaussian(float(np.sqrt(COARSE**2 - FINE**2)))
        self._soft = _gaussian(SOFTER)
        self._around = np.ascontiguousarray(_gaussian(AROUND)[_INSIDE])
        self._parts = np.full(len(signatures), np.nan, dtype=np.float32)
        self._all: _Pictures | None = None

    def smooth(self, pictures: npt.NDArray[Any]) -> Floats:
        """Return pictures ``(n, 32, 32)`` without what is finer than `FINE`."""
        return np.asarray(self._fine @ pictures.astype(np.float32) @ self._fine.T)

    def coarse(self, smooth: Floats) -> Floats:
        """Return smoothed pictures without what is finer than `COARSE`."""
        return np.asarray(self._rest @ smooth @ self._rest.T)

    def detail(self, smooth: Floats, coarse: Floats | None = None) -> Floats:
        """Return the unit vectors of evened detail of smoothed pictures, ``(n, 784)``; zeros where there is none."""
        band = smooth - (self.coarse(smooth) if coarse is None else coarse)
        strength = np.sqrt(self._around @ (band * band) @ self._around.T)
        band = band[:, _INSIDE, _INSIDE].reshape(len(band), _SIDE**2)
        overall = np.sqrt((band * band).mean(axis=1, keepdims=True))
        even = band / (strength.reshape(band.shape) + (OVERALL * overall + LEAST_STRENGTH))
        even -= even.mean(axis=1, keepdims=True)
        length = np.sqrt((even * even).sum(axis=1, keepdims=True))
        even *= np.where(overall > LEAST_DETAIL, 1 / np.maximum(length, 1e-9), 0)
        return np.asarray(even, dtype=np.float32)

    def parts(self, rows: Places) -> Floats:
        """Return how many independent parts the detail of pictures has, shape ``(n_rows,)``.

        It is the geometric mean of two participation ratios, of the power spectrum (one wave: 1; all alike:
        hundreds) and of the energy in 7x7 cells (one spot: 1; all alike: 49). Stripes, a single edge or a
        smooth spot have few, and are soon alike.
        """
        fresh = np.unique(rows[np.isnan(self._parts[rows])])
        for start in range(0, len(fresh), BLOCK):
            part = fresh[start : start + BLOCK]
            self._parts[part] = _participation(self._pictures(part).detail)
            if start // BLOCK % RANDOM_BLOCKS == 0:
                give_back(self.signatures)
        return self._parts[rows]

    def distance(
        self, first: Places, second: Places, turns: Places, doubtful: float = 1.0, limit: float = 1.0
    ) -> Floats:
        """Return the distance of the detail of pairs, shape ``(n_pairs,)``, in [0, 1]; the second picture under its turn.

        It is 1 - correlation, to the power of the root of the pair's `parts` (geometric mean) over `PARTS`:
        what correlates in many parts is less likely another picture. Pairs farther than ``doubtful`` as they
        lie are also compared after one picture was moved onto the other, and the nearer counts. Of pairs
        farther than ``limit`` no more is wanted than that they are: they may be nearer than told.
        """
        out = np.empty(len(first), dtype=np.float32)
        for start in range(0, len(first), BLOCK):
            part = slice(start, start + BLOCK)
            one, other, turn = first[part], second[part], turns[part]
            power = np.sqrt(np.sqrt(self.parts(one) * self.parts(other)) / PARTS)
            # Pairs are sorted by their first picture: what it takes of it is computed once.
            single, place = np.unique(one, return_inverse=True)
            ours, theirs = self._pictures(single), self._pictures(other)
            for way in np.unique(turn[turn > 0]):
                theirs.turn(np.flatnonzero(turn == way), int(way))
            plain = np.clip(_unlike(ours.detail[place], theirs.detail), 0, 1)
            far = plain.copy()
            again = np.flatnonzero(far**power > doubtful)
            if len(again):
                nearer = self._aligned(ours, place[again], theirs[again], power[again], limit)
                far[again] = np.minimum(far[again], nearer)
            soft = np.flatnonzero((far**power > doubtful) & (plain**power < SOFTENED))
            if len(soft):
                far[soft] = np.minimum(far[soft], self._softened(ours[place[soft]], theirs[soft]))
            out[part] = np.maximum(far, 0) ** power
            if start // BLOCK % RANDOM_BLOCKS == 0:
                give_back(self.signatures)
        return out

    def _pictures(self, rows: Places) -> _Pictures:
        """Return what is compared in the pictures of some rows; of few pictures all of it is kept."""
        n = len(self.signatures)
        if n > KEPT:
            return self._made(rows)
        if self._all is None:
            smooth, coarse = np.empty((2, n, 32, 32), dtype=np.float32)
            detail = np.empty((n, _SIDE**2), dtype=np.float32)
            for start in range(0, n, BLOCK):
                part = slice(start, min(start + BLOCK, n))
                made = self._made(np.arange(n)[part])
                smooth[part], coarse[part], detail[part] = made.smooth, made.coarse, made.detail
            self._all = _Pictures(smooth, coarse, detail)
        return self._all[rows]

    def _made(self, rows: Places) -> _Pictures:
        smooth = self.smooth(luma(self.signatures[rows]))
        coarse = self.coarse(smooth)
        return _Pictures(smooth, coarse, self.detail(smooth, coarse))

    def same_colours(self, first: Places, second: Places, turns: Places) -> npt.NDArray[np.bool_]:
        """Return whether the patterns of colour of pairs agree, or one of the two is of one colour, shape ``(n_pairs,)``."""
        agree = np.empty(len(first), dtype=bool)
        for turn in np.unique(turns):
            every = np.flatnonzero(turns == turn)
            for start in range(0, len(every), BLOCK):
                which = every[start : start + BLOCK]
                planes = [
                    self.signatures[rows[which], 1024:].reshape(-1, 16, 16).astype(np.float32)
                    for rows in (first, second)
                ]
                planes = [
                    plane - plane.mean(axis=(1, 2), keepdims=True)
                    for plane in (planes[0], turned(planes[1], int(turn)))
                ]
                ours, theirs = (plane.reshape(len(which), -1) for plane in planes)
                energy = np.minimum((ours**2).mean(axis=1), (theirs**2).mean(axis=1))
                cosine = (ours * theirs).sum(axis=1) / np.maximum(
                    np.sqrt((ours**2).sum(axis=1) * (theirs**2).sum(axis=1)), 1e-9
                )
                agree[which] = (cosine >= LEAST_CHROMA) | (energy < GREY)
                if start // BLOCK % RANDOM_BLOCKS == 0:
                    give_back(self.signatures)
        return agree

    def _softened(self, ours: _Pictures, theirs: _Pictures) -> Floats:
        """Return 1 - correlation of detail as they lie, after the sharper one (whichever brings them nearer) was blurred by `SOFTER`."""
        softer = (
            self.detail(np.asarray(self._soft @ pictures.smooth @ self._soft.T, dtype=np.float32))
            for pictures in (ours, theirs)
        )
        return np.minimum(_unlike(next(softer), theirs.detail), _unlike(next(softer), ours.detail))

    def _aligned(
        self, ours: _Pictures, place: Rows, theirs: _Pictures, power: Floats, limit: float
    ) -> Floats:
        """Return 1 - correlation of detail after one picture was moved onto the other; 1 where the first steps bring them nowhere near.

        ``place`` is where the first picture of each pair is among ``ours``.
        """
        nearer = np.full(len(place), 1, dtype=np.float32)
        rows = np.arange(len(place))
        blurred, sharp = Target(ours.coarse), Target(ours.smooth)
        # One picture is moved onto the other, then the other way round where that may matter.
        for back in (False, True):
            moving, goal = (ours, theirs) if back else (theirs, ours)
            into, onto = (place[rows], rows) if back else (rows, place[rows])
            every_second = np.ascontiguousarray(goal.detail.reshape(-1, _SIDE, _SIDE)[:, ::2, ::2])
            # Two steps between blurred pictures, which see farther, then twice two between sharp ones, each
            # for those that are near enough.
            move = no_move(len(rows))
            for known, sources, pictures, most in (
                (blurred, moving.coarse, goal.coarse, HOPEFUL),
                (sharp, moving.smooth, goal.smooth, PROMISING),
            ):
                goals, taken = Target(pictures[onto]) if back else known[onto], sources[into]
                for _ in range(2):
                    move = goals.step(taken, move)
                rough = _roughly_unlike(moving.detail[into], every_second[onto], move)
                near = np.maximum(rough, 0) ** power[rows] < most * limit
                rows, into, onto, move, goals, taken = (
                    rows[near],
                    into[near],
                    onto[near],
                    move[near],
                    goals[near],
                    taken[near],
                )
            for _ in range(2):
                move = goals.step(taken, move)
            unlike = _unlike(self.detail(moved(taken, move)), goal.detail[onto])
            nearer[rows] = np.minimum(nearer[rows], unlike)
        return nearer


@dataclass(slots=True, eq=False)
class _Pictures:
    """What is compared in pictures: smoothed ones ``(n, 32, 32)``, blurred ones, and unit vectors of detail ``(n, 784)``."""

    smooth: Floats
    coarse: Floats
    detail: Floats

    def __getitem__(self, which: npt.NDArray[Any]) -> _Pictures:
        return _Pictures(self.smooth[which], self.coarse[which], self.detail[which])

    def turn(self, which: npt.NDArray[Any], turn: int) -> None:
        """Bring some of the pictures under one of the `TURNS`."""
        self.smooth[which], self.coarse[which] = (
            turned(self.smooth[which], turn),
            turned(self.coarse[which], turn),
        )
        self.detail[which] = turned(self.detail[which].reshape(-1, _SIDE, _SIDE), turn).reshape(-1, _SIDE**2)


def _unlike(ours: Floats, theirs: Floats) -> Floats:
    """Return 1 - correlation of unit vectors of detail."""
    return np.asarray(1 - (ours * theirs).sum(axis=1), dtype=np.float32)


def _roughly_unlike(moving: Floats, goal: Floats, move: Floats) -> Floats:
    """Return about 1 - correlation of detail after the first was itself moved: of every second pixel, which is all that ``goal`` holds."""
    ours = moved(moving.reshape(-1, _SIDE, _SIDE), move, sampled=True).reshape(len(moving), _SIDE**2 // 4)
    theirs = goal.reshape(ours.shape)
    lengths = np.sqrt((ours * ours).sum(axis=1) * (theirs * theirs).sum(axis=1))
    return np.asarray(1 - (ours * theirs).sum(axis=1) / np.maximum(lengths, 1e-9), dtype=np.float32)


def _participation(detail: Floats) -> Floats:
    """Return the geometric mean of the participation ratios of the spectrum and of the energy in cells of unit vectors of detail."""
    square = detail.reshape(-1, 28, 28)
    half = _FOURIER.shape[1] // 2 + 1  # of a real picture's spectrum
    power = np.abs(_FOURIER @ (square * _WINDOW * _WINDOW[:, None] @ _FOURIER[:, :half])) ** 2
    twice = np.full(half, 2.0, dtype=np.float32)
    twice[[0, -1]] = 1
    waves = (power * twice).sum(axis=(1, 2)) ** 2 / np.maximum((power**2 * twice).sum(axis=(1, 2)), 1e-30)
    cells = (square**2).reshape(-1, 7, 4, 7, 4).sum(axis=(2, 4))
    places = cells.sum(axis=(1, 2)) ** 2 / np.maximum((cells**2).sum(axis=(1, 2)), 1e-30)
    return np.asarray(np.sqrt(waves * places), dtype=np.float32)
