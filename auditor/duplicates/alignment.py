"""Brings one thumbnail onto another: shift, zoom along each axis, turn and shear.

Inverse compositional alignment: the derivatives are those of the picture that stays, and are taken once
(Baker and Matthews, "Lucas-Kanade 20 years on: a unifying framework", IJCV 56(3), 2004).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

#: Pixels at the margin that are not compared: what shifts, zooms and borders bring in.
MARGIN = 2
#: Each of the six parameters is allowed to move a pixel by so much of the thumbnail's 32: a crop or border of
#: 5 % on each side moves it by 1.6, a turn by 5 degrees by 1.4. With 4.5 and more look-alikes gain more than
#: copies.
REACH = 3.0

Floats = npt.NDArray[np.float32]

_CENTRE: Floats = ((np.arange(32) - 15.5) / 15.5).astype(np.float32)
#: The regression looks at every second pixel: the pictures are blurred, and it is a quarter of the work.
_SAMPLED = slice(MARGIN, 32 - MARGIN, 2)
_NEXT, _PREVIOUS = slice(MARGIN + 1, 33 - MARGIN, 2), slice(MARGIN - 1, 31 - MARGIN, 2)
_SIDE = len(_CENTRE[_SAMPLED])


def no_move(n: int) -> Floats:
    """Return the parameters that leave n pictures as they are, shape ``(n, 6)``.

    Across: shift, zoom, shear; then the same down; each in pixels at the rim of the picture.
    """
    return np.zeros((n, 6), dtype=np.float32)


class Target:
    """Smooth pictures ``(n, 32, 32)`` that others are moved onto."""

    def __init__(self, pictures: Floats) -> None:
        across = pictures[:, _SAMPLED, _NEXT] - pictures[:, _SAMPLED, _PREVIOUS]
        down = pictures[:, _NEXT, _SAMPLED] - pictures[:, _PREVIOUS, _SAMPLED]
        across *= 0.5
        down *= 0.5
        x, y = _CENTRE[_SAMPLED], _CENTRE[_SAMPLED][:, None]
        basis = np.empty((len(pictures), 7, _SIDE, _SIDE), dtype=np.float32)
        basis[:, 0], basis[:, 1], basis[:, 4] = pictures[:, _SAMPLED, _SAMPLED], across, down
        np.multiply(across, x, out=basis[:, 2])
        np.multiply(across, y, out=basis[:, 3])
        np.multiply(down, y, out=basis[:, 5])
        np.multiply(down, x, out=basis[:, 6])
        self._basis = basis.reshape(len(pictures), 7, _SIDE**2)
        self._basis -= self._basis.mean(axis=2, keepdims=True)
        gram = self._basis @ self._basis.transpose(0, 2, 1)
        # A ridge of a quarter grey level per pixel: flat directions do not move.
        gram[:, range(7), range(7)] += 0.25**2 * _SIDE**2
        self._inverse = np.linalg.inv(gram)

    def __getitem__(self, which: npt.NDArray[Any]) -> Target:
        some = object.__new__(Target)
        some._basis, some._inverse = self._basis[which], self._inverse[which]
        return some

    def step(self, moving: Floats, move: Floats) -> Floats:
        """Return the parameters after a Gauss-Newton step, with which smooth pictures ``moving`` are nearer to these.

        The moved picture is regressed on the target (which takes up contrast) and on the target's derivatives
        by the six parameters.
        """
        warped = moved(moving, move, sampled=True).reshape(len(moving), _SIDE**2, 1)
        solved = (self._inverse @ (self._basis @ warped))[:, :, 0]
        contrast = solved[:, :1]
        beyond = solved[:, 1:] / np.where(np.abs(contrast) < 0.2, 0.2, contrast)
        return np.asarray(np.clip(move - beyond, -REACH, REACH), dtype=np.float32)


@cache
def _places(size: int, sampled: bool) -> tuple[Floats, Floats]:
    """Return what the places that are looked up are sums of, across and down, each ``(4, side * side)``.

    Where a pixel lies in a picture of ``size``, then what a shift, a zoom and a shear by 1 add to that.
    """
    kept = _SAMPLED if sampled else slice(None)
    lies, rim = np.arange(32, dtype=np.float32)[kept] - (32 - size) // 2, _CENTRE[kept]
    down, across = (index.ravel() for index in np.indices((len(lies), len(lies))))
    ones = np.ones(len(across), dtype=np.float32)
    return np.stack([lies[across], ones, rim[across], rim[down]]), np.stack(
        [lies[down], ones, rim[down], rim[across]]
    )


def moved(pictures: npt.NDArray[Any], move: Floats, *, sampled: bool = False) -> Floats:
    """Return pictures ``(n, 32, 32)`` moved by the parameters ``(n, 6)``, bilinear; what lies outside repeats the rim.

    With ``sampled`` only the pixels that the regression looks at, ``(n, 14, 14)``; the pictures may then lack
    their margins. OpenCV looks all up at once in the pictures one below the other, and addresses 32,767 rows:
    n is 1,023 at most.
    """
    n, size = len(pictures), pictures.shape[1]
    inset = (32 - size) // 2
    if sampled and not move.any():
        seen = slice(MARGIN - inset, size - MARGIN + inset, 2)
        return np.ascontiguousarray(pictures[:, seen, seen], dtype=np.float32)
    if not n:
        return np.empty((0, 32, 32), dtype=np.float32)
    still = np.ones((n, 1), dtype=np.float32)
    across, down = (
        np.hstack([still, half]) @ basis
        for half, basis in zip(np.hsplit(move, 2), _places(size, sampled), strict=True)
    )
    np.clip(across, 0, size - 1, out=across)
    np.clip(down, 0, size - 1, out=down)
    down += np.arange(0, n * size, size, dtype=np.float32)[:, None]
    below = np.ascontiguousarray(pictures, dtype=np.float32).reshape(n * size, size)
    # Asked for picture by picture, not row by row: OpenCV takes twice as long for as many short rows.
    found = cv2.remap(below, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    side = _SIDE if sampled else 32
    return np.asarray(found.reshape(n, side, side), dtype=np.float32)
