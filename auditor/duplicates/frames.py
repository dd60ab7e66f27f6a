"""Frames: plain borders around a picture, and the picture inside them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from auditor.scanning.mapped_signatures import LUMA_SIDE, Signatures

#: Grey levels by which the corner pixels of a frame differ at most; compression moves them by a few.
ALIKE = 16
#: A line belongs to the picture if its median pixel differs from the frame's colour by these grey levels.
UNLIKE = 8.0
#: The outermost line is frame if its difference is at most this share of the first inside line's: a border of
#: 3 % covers 0.7 of that line along the longer side of a 3:4 photo.
COVERED = 0.5
#: A line is the first inside if it has this share of the next line's difference: the picture begins there.
INSIDE = 0.75
#: Widest frame, in pixels of the thumbnail (12 % of a side).
WIDEST = 4

Rows = npt.NDArray[np.int64]


def find_frames(signatures: Signatures, rows: Rows) -> Rows:
    """Return the width of each picture's frame at its top, bottom, left and right, in pixels; 0 without one.

    A frame has four alike corners, and on every side a line whose median pixel has another colour: the
    picture fills at least half of that line. An object on a plain ground seldom does. If one does,
    its picture is only compared once more.

    Returns
    -------
    ndarray of int64, shape (n_rows, 4)
    """
    out = np.empty((len(rows), 4), dtype=np.int64)
    for part, block in signatures.blocks(rows):
        out[part] = _measure_widths(block.luma().astype(np.float32))
    return out


def _measure_widths(pictures: npt.NDArray[np.float32]) -> Rows:
    out = np.zeros((len(pictures), 4), dtype=np.int64)
    corners = pictures[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    alike = np.flatnonzero(np.ptp(corners, axis=1) <= ALIKE)  # few pictures have a frame
    pictures, colour = pictures[alike], np.median(corners[alike], axis=1)[:, None, None]
    framed, widths = np.ones(len(alike), dtype=bool), np.zeros((len(alike), 4), dtype=np.int64)
    left = pictures.transpose(0, 2, 1)
    for side, lines in enumerate((pictures, pictures[:, ::-1], left, left[:, ::-1])):
        inner = lines[:, : WIDEST + 2, WIDEST : LUMA_SIDE - WIDEST]
        apart = np.median(np.abs(inner - colour), axis=2)
        inside = (apart[:, :-1] >= UNLIKE) & (apart[:, :-1] >= INSIDE * apart[:, 1:])
        first = inside.argmax(axis=1)
        covered = apart[:, 0] <= COVERED * apart[np.arange(len(lines)), first]
        framed &= inside.any(axis=1) & (first > 0) & covered
        widths[:, side] = first
    out[alike[framed]] = widths[framed]
    return out


def crop_frames(signatures: Signatures, widths: Rows) -> Signatures:
    """Return the signatures of what is inside the frames, scaled to the whole (bilinear)."""
    out = Signatures(np.empty_like(signatures.array))
    planes = [(signatures.luma(), out.luma())]
    planes += [(signatures.chroma()[:, i], out.chroma()[:, i]) for i in range(2)]
    for row, (top, bottom, left, right) in enumerate(widths.tolist()):
        down, across = ((LUMA_SIDE - wide) / LUMA_SIDE for wide in (top + bottom, left + right))
        for whole, inside in planes:
            side = whole.shape[1]
            move = np.array(
                [
                    [across, 0, left * side / LUMA_SIDE + (across - 1) / 2],
                    [0, down, top * side / LUMA_SIDE + (down - 1) / 2],
                ]
            )
            inside[row] = cv2.warpAffine(
                whole[row], move, (side, side),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip
    return out
