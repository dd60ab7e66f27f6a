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

from auditor.scanning.mapped_signatures import LUMA_SIDE

#: Pixels at the rim that are not compared: what shifts, zooms and borders bring in.
MARGIN = 2
#: Pixels by which each parameter may move the rim. A border of 5 % needs 1.6, a turn by 5 degrees 1.4;
#: from 4.5 on look-alikes gain more than copies.
REACH = 3.0
#: Grey levels per pixel below which a direction of the picture counts as flat, and does not move.
FLAT = 0.25
#: Least contrast between two pictures: a move is divided by it.
LEAST_CONTRAST = 0.2

Floats32 = npt.NDArray[np.float32]

_CENTRE: Floats32 = ((np.arange(LUMA_SIDE) - 15.5) / 15.5).astype(np.float32)
# The regression looks at every second pixel: the pictures are blurred, and it is a quarter of the work.
_SAMPLED = slice(MARGIN, LUMA_SIDE - MARGIN, 2)
_NEXT, _PREVIOUS = slice(MARGIN + 1, LUMA_SIDE + 1 - MARGIN, 2), slice(MARGIN - 1, LUMA_SIDE - 1 - MARGIN, 2)
_SIDE = len(_CENTRE[_SAMPLED])


def no_motion(n: int) -> Floats32:
    """Return the parameters that leave n pictures as they are, shape ``(n, 6)``.

    Across: shift, zoom, shear; then the same down; each in pixels at the rim of the picture.
    """
    return np.zeros((n, 6), dtype=np.float32)


class Target:
    """Smooth pictures ``(n, 32, 32)`` that others are moved onto."""

    def __init__(self, pictures: Floats32) -> None:
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
        gram[:, range(7), range(7)] += FLAT**2 * _SIDE**2
        self._inverse = np.linalg.inv(gram)

    def __getitem__(self, which: npt.NDArray[Any]) -> Target:
        some = object.__new__(Target)
        some._basis, some._inverse = self._basis[which], self._inverse[which]
        return some

    def improve(self, motion: Floats32, moving: Floats32) -> Floats32:
        """Return the parameters after one Gauss-Newton step, which brings ``moving`` nearer to these.

        The moved picture is regressed on the target (which takes up contrast) and on the target's derivatives
        by the six parameters.
        """
        warped = move_pictures(moving, motion, sampled=True).reshape(len(moving), _SIDE**2, 1)
        solved = (self._inverse @ (self._basis @ warped))[:, :, 0]
        contrast = solved[:, :1]
        beyond = solved[:, 1:] / np.where(np.abs(contrast) < LEAST_CONTRAST, LEAST_CONTRAST, contrast)
        return np.asarray(np.clip(motion - beyond, -REACH, REACH), dtype=np.float32)


@cache
def _motion_basis(size: int, sampled: bool) -> tuple[Floats32, Floats32]:
    """Return what the source of each pixel is a sum of, across and down, each ``(4, side * side)``.

    That is where the pixel lies in a picture of ``size``, then what a shift, a zoom and a shear by 1 add.
    """
    kept = _SAMPLED if sampled else slice(None)
    lies = np.arange(LUMA_SIDE, dtype=np.float32)[kept] - (LUMA_SIDE - size) // 2
    rim = _CENTRE[kept]
    down, across = (index.ravel() for index in np.indices((len(lies), len(lies))))
    ones = np.ones(len(across), dtype=np.float32)
    return (
        np.stack([lies[across], ones, rim[across], rim[down]]),
        np.stack([lies[down], ones, rim[down], rim[across]]),
    )


def move_pictures(pictures: npt.NDArray[Any], motion: Floats32, *, sampled: bool = False) -> Floats32:
    """Return pictures ``(n, 32, 32)`` moved by the parameters ``(n, 6)``, bilinear.

    What lies outside repeats the rim. With ``sampled`` only the pixels that the regression looks at,
    ``(n, 14, 14)``; the pictures may then lack their margins. n is 1,023 at most: OpenCV sees all pictures as
    one, and addresses 32,767 rows.
    """
    n, size = len(pictures), pictures.shape[1]
    inset = (LUMA_SIDE - size) // 2
    if sampled and not motion.any():
        seen = slice(MARGIN - inset, size - MARGIN + inset, 2)
        return np.ascontiguousarray(pictures[:, seen, seen], dtype=np.float32)
    if not n:
        return np.empty((0, LUMA_SIDE, LUMA_SIDE), dtype=np.float32)
    still = np.ones((n, 1), dtype=np.float32)
    across, down = (
        np.clip(np.hstack([still, half]) @ basis, 0, size - 1)
        for half, basis in zip(np.hsplit(motion, 2), _motion_basis(size, sampled), strict=True)
    )
    down += np.arange(0, n * size, size, dtype=np.float32)[:, None]
    stacked = np.ascontiguousarray(pictures, dtype=np.float32).reshape(n * size, size)
    # A row of the maps is a picture, not a line of one: for many short rows OpenCV takes twice as long.
    found = cv2.remap(stacked, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    side = _SIDE if sampled else LUMA_SIDE
    return np.asarray(found.reshape(n, side, side), dtype=np.float32)
