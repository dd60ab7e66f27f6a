"""The distance of two thumbnails by their detail: as they lie, turned, shifted, zoomed or relit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from auditor.duplicates.alignment import MARGIN, Floats32, Target, move_pictures, no_motion
from auditor.duplicates.turns import turn_pictures
from auditor.scanning.mapped_signatures import LUMA_SIDE, Signatures

#: Detail lies between Gaussians of these standard deviations, in pixels of the thumbnail. Coarser scales are
#: alike in all pictures of one kind, finer ones do not survive compression (``benchmarks/duplicates.py``).
FINE, COARSE = 1.0, 2.0
#: Standard deviation of the neighbourhood by whose strength detail is divided: else a few hard edges decide,
#: and edges look alike (75 instead of 68 % of near duplicates found; ``benchmarks/duplicates.py natural``).
NEIGHBOURHOOD = 3.0
#: Share of the whole picture's strength that is added to the neighbourhood's (0.5: 1 % fewer are found).
OVERALL = 0.25
#: Grey levels that are added too, so that flat places stay flat.
LEAST_STRENGTH = 0.5
#: Independent parts with which the distance is 1 - correlation; with n parts it is raised to the power of
#: the root of n / PARTS. A power of 0.75 instead of the root finds 3 % fewer.
PARTS = 32.0
#: Alignment ends after two of six steps where the distance exceeds the limit this many times. 100 here and
#: below finds half a percent more near duplicates at 32 pixels, for twice the work.
HOPELESS = 7.0
#: The same after four of six steps.
UNPROMISING = 5.0
#: Standard deviation of the blur of a copy that was enlarged from half the thumbnail's size.
SOFTENING = 0.9
#: Pairs nearer than this are also compared softened: halved copies at 32 pixels lie at 0.055, then at 0.020.
SOFTENED_BELOW = 0.3
#: Standard deviation of detail, in grey levels, below which it is compression noise, which matches nothing.
LEAST_DETAIL = 0.5
#: Least cosine of the chroma of copies; another garment of one cut is often below. 0.4 loses 3 % of them.
LEAST_CHROMA = 0.0
#: Mean square of chroma below which a picture is of one colour, and agrees with any.
GREY = 16.0
#: Pictures up to which all that is compared in them is kept (130 MB): each is compared with a dozen others.
KEPT = 12_000
#: Pairs compared at once: more do not fit into a processor's cache, and take half as long again.
PAIRS_AT_ONCE = 256

Rows = npt.NDArray[np.int64]
Places = npt.NDArray[np.integer[Any]]

_INSIDE, _SIDE = slice(MARGIN, LUMA_SIDE - MARGIN), LUMA_SIDE - 2 * MARGIN
# Window over the detail before its spectrum is taken.
_WINDOW = np.sqrt(np.hanning(_SIDE + 2)[1:-1]).astype(np.float32)
# The discrete Fourier transform as a matrix: for so few numbers it is faster than NumPy's.
_FOURIER = np.fft.fft(np.eye(_SIDE)).astype(np.complex64)


def has_detail(signatures: Signatures, rows: Rows) -> npt.NDArray[np.bool_]:
    """Return which pictures of some rows vary by more than `LEAST_DETAIL`; the others need no search."""
    out = np.empty(len(rows), dtype=bool)
    for part, block in signatures.blocks(rows):
        out[part] = block.luma().std(axis=(1, 2), dtype=np.float32) > LEAST_DETAIL
    return out


def _gaussian(sigma: float) -> Floats32:
    """Return the 32x32 matrix that blurs a row, mirrored at its ends, out to four standard deviations."""
    kernel = cv2.getGaussianKernel(2 * round(4 * sigma) + 1, sigma, cv2.CV_64F)
    blurred = cv2.sepFilter2D(
        np.eye(LUMA_SIDE), cv2.CV_64F, np.ones(1), kernel, borderType=cv2.BORDER_REFLECT
    )
    return np.asarray(blurred, dtype=np.float32)


_FINE, _FINE_TO_COARSE = _gaussian(FINE), _gaussian(float(np.sqrt(COARSE**2 - FINE**2)))
_SOFTENING = _gaussian(SOFTENING)
_NEIGHBOURHOOD = np.ascontiguousarray(_gaussian(NEIGHBOURHOOD)[_INSIDE])


def _blur(pictures: Floats32, gaussian: Floats32) -> Floats32:
    return np.asarray(gaussian @ pictures @ gaussian.T)


def _extract_detail(smooth: Floats32, coarse: Floats32) -> Floats32:
    """Return the unit vectors of evened detail of smoothed pictures, ``(n, 784)``; zeros without detail."""
    band = smooth - coarse
    strength = np.sqrt(_blur(band * band, _NEIGHBOURHOOD))
    band = band[:, _INSIDE, _INSIDE].reshape(len(band), _SIDE**2)
    overall = np.sqrt((band * band).mean(axis=1, keepdims=True))
    even = band / (strength.reshape(band.shape) + (OVERALL * overall + LEAST_STRENGTH))
    even -= even.mean(axis=1, keepdims=True)
    length = np.sqrt((even * even).sum(axis=1, keepdims=True))
    even *= np.where(overall > LEAST_DETAIL, 1 / np.maximum(length, 1e-9), 0)
    return np.asarray(even, dtype=np.float32)


@dataclass(slots=True, eq=False)
class _Details:
    """What is compared in pictures: smoothed ones, blurred ones ``(n, 32, 32)``, unit detail ``(n, 784)``."""

    smooth: Floats32
    coarse: Floats32
    detail: Floats32

    @classmethod
    def of(cls, signatures: Signatures) -> _Details:
        smooth = _blur(signatures.luma().astype(np.float32), _FINE)
        coarse = _blur(smooth, _FINE_TO_COARSE)
        return cls(smooth, coarse, _extract_detail(smooth, coarse))

    def __getitem__(self, which: npt.NDArray[Any]) -> _Details:
        return _Details(self.smooth[which], self.coarse[which], self.detail[which])

    def turn(self, which: npt.NDArray[Any], turn: int) -> None:
        """Bring some of the pictures under one of the `TURNS`."""
        for pictures in (self.smooth, self.coarse, self.detail.reshape(-1, _SIDE, _SIDE)):
            pictures[which] = turn_pictures(pictures[which], turn)

    def soften(self) -> Floats32:
        """Return the detail after a blur by `SOFTENING`."""
        soft = _blur(self.smooth, _SOFTENING)
        return _extract_detail(soft, _blur(soft, _FINE_TO_COARSE))


class DetailComparer:
    """Measures the distance of pairs of pictures.

    Parameters
    ----------
    signatures : Signatures
    """

    def __init__(self, signatures: Signatures) -> None:
        self.signatures = signatures
        self._parts = np.full(len(signatures), np.nan, dtype=np.float32)
        self._all: _Details | None = None

    def count_parts(self, rows: Places) -> Floats32:
        """Return how many independent parts the detail of pictures has, shape ``(n_rows,)``.

        It is the geometric mean of two participation ratios, of the power spectrum (one wave: 1; all alike:
        hundreds) and of the energy in 7x7 cells (one spot: 1; all alike: 49). Stripes, a single edge or a
        smooth spot have few, and are soon alike.
        """
        fresh = np.unique(rows[np.isnan(self._parts[rows])])
        for start in range(0, len(fresh), PAIRS_AT_ONCE):
            part = fresh[start : start + PAIRS_AT_ONCE]
            self._parts[part] = _participation(self._details(part).detail)
        return self._parts[rows]

    def measure_distance(
        self, first: Places, second: Places, turns: Places, doubtful: float = 1.0, limit: float = 1.0
    ) -> Floats32:
        """Return the distance of the detail of pairs, in [0, 1]; the second picture under its turn.

        The distance is 1 - correlation, to the power of the root of the pair's parts (geometric mean) over
        `PARTS`: what correlates in many parts is less likely another picture.

        Parameters
        ----------
        first, second, turns : ndarray of int, shape (n_pairs,)
            Sorted by the first picture, what is taken of it is computed once.
        doubtful : float
            Pairs farther than this as they lie are also compared after one picture was moved onto the other,
            and softened; the nearer counts.
        limit : float
            Pairs farther than this are only known to be: they may be nearer than the distance returned.

        Returns
        -------
        ndarray of float32, shape (n_pairs,)
        """
        out = np.empty(len(first), dtype=np.float32)
        for start in range(0, len(first), PAIRS_AT_ONCE):
            part = slice(start, start + PAIRS_AT_ONCE)
            one, other, turn = first[part], second[part], turns[part]
            power = np.sqrt(np.sqrt(self.count_parts(one) * self.count_parts(other)) / PARTS)
            single, place = np.unique(one, return_inverse=True)
            ours, theirs = self._details(single), self._details(other)
            for way in np.unique(turn[turn > 0]):
                theirs.turn(np.flatnonzero(turn == way), int(way))
            plain = np.clip(_unlike(ours.detail[place], theirs.detail), 0, 1)
            far = plain.copy()
            again = np.flatnonzero(far**power > doubtful)
            if len(again):
                nearer = _measure_aligned(ours, place[again], theirs[again], power[again], limit)
                far[again] = np.minimum(far[again], nearer)
            soft = np.flatnonzero((far**power > doubtful) & (plain**power < SOFTENED_BELOW))
            if len(soft):
                far[soft] = np.minimum(far[soft], _measure_softened(ours[place[soft]], theirs[soft]))
            out[part] = np.maximum(far, 0) ** power
        return out

    def _details(self, rows: Places) -> _Details:
        """Return what is compared in the pictures of some rows; of few pictures all of it is kept."""
        n = len(self.signatures)
        if n > KEPT:
            return _Details.of(self.signatures[rows])
        if self._all is None:
            smooth, coarse = np.empty((2, n, LUMA_SIDE, LUMA_SIDE), dtype=np.float32)
            self._all = _Details(smooth, coarse, np.empty((n, _SIDE**2), dtype=np.float32))
            for part, block in self.signatures.blocks(np.arange(n)):
                made = _Details.of(block)
                smooth[part], coarse[part], self._all.detail[part] = made.smooth, made.coarse, made.detail
        return self._all[rows]

    def agree_in_colour(self, first: Places, second: Places, turns: Places) -> npt.NDArray[np.bool_]:
        """Return whether the colours of pairs agree; a picture of one colour agrees with any."""
        agree = np.empty(len(first), dtype=bool)
        for turn in np.unique(turns):
            every = np.flatnonzero(turns == turn)
            for start in range(0, len(every), PAIRS_AT_ONCE):
                which = every[start : start + PAIRS_AT_ONCE]
                ours = self._colour_pattern(first[which], 0)
                theirs = self._colour_pattern(second[which], int(turn))
                energy = np.minimum((ours**2).mean(axis=1), (theirs**2).mean(axis=1))
                lengths = np.sqrt((ours**2).sum(axis=1) * (theirs**2).sum(axis=1))
                cosine = (ours * theirs).sum(axis=1) / np.maximum(lengths, 1e-9)
                agree[which] = (cosine >= LEAST_CHROMA) | (energy < GREY)
        return agree

    def _colour_pattern(self, rows: Places, turn: int) -> Floats32:
        """Return the chroma of pictures, turned, without its mean, shape ``(n_rows, 512)``."""
        chroma = self.signatures[rows].chroma()
        planes = chroma.reshape(-1, *chroma.shape[2:]).astype(np.float32)
        planes = turn_pictures(planes - planes.mean(axis=(1, 2), keepdims=True), turn)
        return planes.reshape(len(rows), -1)


def _unlike(ours: Floats32, theirs: Floats32) -> Floats32:
    """Return 1 - correlation of unit vectors of detail."""
    return np.asarray(1 - (ours * theirs).sum(axis=1), dtype=np.float32)


def _measure_softened(ours: _Details, theirs: _Details) -> Floats32:
    """Return 1 - correlation of detail after one of the two was softened; the nearer of both ways."""
    return np.minimum(_unlike(ours.soften(), theirs.detail), _unlike(theirs.soften(), ours.detail))


def _measure_aligned(
    ours: _Details, place: Rows, theirs: _Details, power: Floats32, limit: float
) -> Floats32:
    """Return 1 - correlation of detail after one picture was moved onto the other; 1 where that is hopeless.

    ``place`` is where the first picture of each pair is among ``ours``.
    """
    nearer = np.full(len(place), 1, dtype=np.float32)
    rows = np.arange(len(place))
    blurred, sharp = Target(ours.coarse), Target(ours.smooth)
    # One picture is moved onto the other, then the other way round for pairs that came near enough.
    for back in (False, True):
        moving, goal = (ours, theirs) if back else (theirs, ours)
        into, onto = (place[rows], rows) if back else (rows, place[rows])
        every_second = np.ascontiguousarray(goal.detail.reshape(-1, _SIDE, _SIDE)[:, ::2, ::2])
        motion = no_motion(len(rows))
        # Two steps between blurred pictures, which see farther, then four between sharp ones.
        for known, sources, pictures, hopeless in (
            (blurred, moving.coarse, goal.coarse, HOPELESS),
            (sharp, moving.smooth, goal.smooth, UNPROMISING),
        ):
            goals, taken = Target(pictures[onto]) if back else known[onto], sources[into]
            for _ in range(2):
                motion = goals.improve(motion, taken)
            rough = _roughly_unlike(moving.detail[into], every_second[onto], motion)
            near = np.maximum(rough, 0) ** power[rows] < hopeless * limit
            rows, into, onto, motion = rows[near], into[near], onto[near], motion[near]
            goals, taken = goals[near], taken[near]
        for _ in range(2):
            motion = goals.improve(motion, taken)
        moved = move_pictures(taken, motion)
        unlike = _unlike(_extract_detail(moved, _blur(moved, _FINE_TO_COARSE)), goal.detail[onto])
        nearer[rows] = np.minimum(nearer[rows], unlike)
    return nearer


def _roughly_unlike(moving: Floats32, goal: Floats32, motion: Floats32) -> Floats32:
    """Return about 1 - correlation after the detail itself was moved; ``goal`` holds every second pixel."""
    moved = move_pictures(moving.reshape(-1, _SIDE, _SIDE), motion, sampled=True)
    ours = moved.reshape(len(moving), _SIDE**2 // 4)
    theirs = goal.reshape(ours.shape)
    lengths = np.sqrt((ours * ours).sum(axis=1) * (theirs * theirs).sum(axis=1))
    return np.asarray(1 - (ours * theirs).sum(axis=1) / np.maximum(lengths, 1e-9), dtype=np.float32)


def _participation(detail: Floats32) -> Floats32:
    """Return the parts of unit vectors of detail, as `DetailComparer.count_parts` explains them."""
    square = detail.reshape(-1, _SIDE, _SIDE)
    half = _SIDE // 2 + 1  # of a real picture's spectrum
    power = np.abs(_FOURIER @ (square * _WINDOW * _WINDOW[:, None] @ _FOURIER[:, :half])) ** 2
    twice = np.full(half, 2.0, dtype=np.float32)
    twice[[0, -1]] = 1
    waves = (power * twice).sum(axis=(1, 2)) ** 2 / np.maximum((power**2 * twice).sum(axis=(1, 2)), 1e-30)
    cells = (square**2).reshape(-1, 7, 4, 7, 4).sum(axis=(2, 4))
    places = cells.sum(axis=(1, 2)) ** 2 / np.maximum((cells**2).sum(axis=(1, 2)), 1e-30)
    return np.asarray(np.sqrt(waves * places), dtype=np.float32)
