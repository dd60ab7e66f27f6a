"""Brings one thumbnail onto another: shift, zoom along each axis, turn and shear (Lucas and Kanade, 1981)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

#: Pixels at the margin that are not compared: what shifts, zooms and borders bring in.
MARGIN = 2
#: Each of the six parameters is allowed to move a pixel by so much of the thumbnail's 32: a crop or border of 5 % on each side moves it
#: by 1.6, a turn by 5 degrees by 1.4. With 4.5 and more look-alikes gain more than copies.
REACH = 3.0

Floats = npt.NDArray[np.float32]

_CENTRE: Floats = ((np.arange(32) - 15.5) / 15.5).astype(np.float32)
#: The regression looks at every second pixel: the pictures are blurred, and it is a quarter of the work.
_SAMPLED = slice(MARGIN, 32 - MARGIN, 2)
_NEXT, _PREVIOUS = slice(MARGIN + 1, 33 - MARGIN, 2), slice(MARGIN - 1, 31 - MARGIN, 2)


def no_move(n: int) -> Floats:
    """Return the parameters that leave n pictures as they are, shape ``(n, 6)``.

    Across: shift, zoom, shear; then the same down; each in pixels at the rim of the picture.
    """
    return np.zeros((n, 6), dtype=np.float32)


def step(moving: Floats, target: Floats, move: Floats) -> Floats:
    """Return the parameters after a Gauss-Newton step, with which ``moving`` is nearer to ``target``; both ``(n, 32, 32)`` and smooth.

    The target is regressed on the moved picture (which takes up contrast) and on its derivatives by the six parameters.
    """
    n = len(moving)
    warped = moved(moving, move) if move.any() else moving
    across = (warped[:, _SAMPLED, _NEXT] - warped[:, _SAMPLED, _PREVIOUS]) / 2
    down = (warped[:, _NEXT, _SAMPLED] - warped[:, _PREVIOUS, _SAMPLED]) / 2
    x, y = _CENTRE[_SAMPLED], _CENTRE[_SAMPLED][:, None]
    parts = (warped[:, _SAMPLED, _SAMPLED], across, across * x, across * y, down, down * y, down * x)
    basis: Floats = np.stack(parts, axis=1).reshape(n, len(parts), len(x) ** 2).astype(np.float32, copy=False)
    basis -= basis.mean(axis=2, keepdims=True)
    goal = target[:, _SAMPLED, _SAMPLED].reshape(n, len(x) ** 2, 1)
    goal = goal - goal.mean(axis=1, keepdims=True)
    gram = basis @ basis.transpose(0, 2, 1)
    # A ridge of a quarter grey level per pixel: flat directions do not move.
    gram[:, range(len(parts)), range(len(parts))] += 0.25**2 * basis.shape[2]
    solved = np.linalg.solve(gram, basis @ goal)[:, :, 0]
    contrast = solved[:, :1]
    taken = solved[:, 1:] / np.where(np.abs(contrast) < 0.2, 0.2, contrast)
    return np.asarray(np.clip(move + taken, -REACH, REACH), dtype=np.float32)


def moved(pictures: npt.NDArray[Any], move: Floats) -> Floats:
    """Return pictures ``(n, 32, 32)`` moved by the parameters ``(n, 6)``, bilinear; what lies outside repeats the rim."""
    pictures = np.ascontiguousarray(pictures, dtype=np.float32)
    matrices = np.empty((len(pictures), 2, 3), dtype=np.float64)
    for axis, (shift, zoom, shear) in enumerate(((move[:, 0], move[:, 1], move[:, 2]), (move[:, 3], move[:, 4], move[:, 5]))):
        matrices[:, axis, axis] = 1 + zoom / 15.5
        matrices[:, axis, 1 - axis] = shear / 15.5
        matrices[:, axis, 2] = shift - zoom - shear
    out = np.empty_like(pictures)
    for picture, matrix, target in zip(pictures, matrices, out, strict=True):
        cv2.warpAffine(
            picture, matrix, (32, 32), dst=target, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        )
    return out
