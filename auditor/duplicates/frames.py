"""Frames: plain borders around a picture, and the picture inside them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from auditor.evidence.matching import BLOCK
from auditor.scanning.paged import SWEEP, give_back
from auditor.scanning.signature import luma

#: Corner pixels of a frame differ by no more grey levels than this; compression moves them by a few.
ALIKE = 16
#: Grey levels by which the middle pixel of a line must differ from the frame's colour, to be of the picture.
UNLIKE = 8.0
#: The outermost line is of the frame if it is nearer to the frame's colour than this share of the first line
#: inside: a border of 3 % covers 0.7 of that line along the longer side of a 3:4 photo.
COVERED = 0.5
#: A line is the first inside if the next one is not much farther from the frame's colour: it has this share
#: of its difference.
INSIDE = 0.75
#: Widest frame, in pixels of the 32x32 thumbnail (12 % of a side).
WIDEST = 4


def content_boxes(signatures: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the lines of the frame of each picture at its top, bottom, left and right, shape ``(n_rows, 4)``; all 0 without a frame.

    A frame has four alike corners, and on every side a line at which the middle (median) pixel leaves the
    colour of the corners: the picture reaches it along half of each side at least, which things on a plain
    ground seldom do. Where one does, it is compared once more.
    """
    out = np.empty((len(rows), 4), dtype=np.int64)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        out[part] = _boxes(luma(signatures[rows[part]]).astype(np.float32))
        if start % SWEEP < BLOCK:
            give_back(signatures)
    return out


def _boxes(pictures: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    out = np.zeros((len(pictures), 4), dtype=np.int64)
    corners = pictures[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    alike = np.flatnonzero(np.ptp(corners, axis=1) <= ALIKE)  # few, of which alone more is asked
    pictures, colour = pictures[alike], np.median(corners[alike], axis=1)[:, None, None]
    framed = np.ones(len(alike), dtype=bool)
    boxes = np.zeros((len(alike), 4), dtype=np.int64)
    sides = (
        pictures,
        pictures[:, ::-1],
        pictures.transpose(0, 2, 1),
        pictures[:, :, ::-1].transpose(0, 2, 1),
    )
    for side, lines in enumerate(sides):
        apart = np.median(np.abs(lines[:, : WIDEST + 2, WIDEST : 32 - WIDEST] - colour), axis=2)
        inside = (apart[:, :-1] >= UNLIKE) & (apart[:, :-1] >= INSIDE * apart[:, 1:])
        first = inside.argmax(axis=1)
        framed &= (
            inside.any(axis=1) & (first > 0) & (apart[:, 0] <= COVERED * apart[np.arange(len(lines)), first])
        )
        boxes[:, side] = first
    out[alike[framed]] = boxes[framed]
    return out


def unframed(signatures: npt.NDArray[np.uint8], boxes: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Return the signatures of what is inside the frames, scaled to the whole (bilinear), shape ``(n, SIGNATURE_BYTES)``."""
    out = np.empty_like(signatures)
    planes = ((slice(0, 1024), 32), (slice(1024, 1280), 16), (slice(1280, 1536), 16))
    for row, (top, bottom, left, right) in enumerate(boxes.tolist()):
        for where, side in planes:
            down, across = (32 - top - bottom) / 32, (32 - left - right) / 32
            move = np.array(
                [
                    [across, 0, (left * side / 32) + (across - 1) / 2],
                    [0, down, (top * side / 32) + (down - 1) / 2],
                ],
                dtype=np.float64,
            )
            plane = cv2.warpAffine(
                signatures[row, where].reshape(side, side),
                move,
                (side, side),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
            out[row, where] = plane.ravel()
    return out
