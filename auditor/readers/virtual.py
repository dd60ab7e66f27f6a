"""Pictures that are arrays, not files.

They are served as PNG, which loses nothing, so that one way of scanning holds for all.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

#: Colour axes are at most this long: grey, grey with alpha, RGB, RGBA.
CHANNELS = (1, 2, 3, 4)


def encode_png(picture: npt.NDArray[Any]) -> bytes:
    """Return an array as PNG.

    Shapes: ``(height, width)``, ``(height, width, channels)`` of RGB or RGBA, ``(1 or 3, height, width)``.

    ``uint8`` and ``uint16`` are kept as they are, bool becomes 0 and 255. Other whole numbers must fit into
    16 bits. Floats in [0, 1] are spread over 16 bits, floats in [0, 255] are rounded; others are refused.

    Raises
    ------
    OSError
        The array is no picture.

    Examples
    --------
    >>> encode_png(np.zeros((2, 3), np.uint8))[:4]
    b'\\x89PNG'
    """
    if picture.ndim == 3 and picture.shape[0] in (1, 3) and picture.shape[2] not in CHANNELS:
        picture = np.moveaxis(picture, 0, 2)
    if (
        picture.ndim not in (2, 3)
        or 0 in picture.shape
        or (picture.ndim == 3 and picture.shape[2] not in CHANNELS)
    ):
        raise OSError(f"an array of shape {picture.shape} is no picture")
    if picture.ndim == 3 and picture.shape[2] <= 2:
        picture = picture[..., 0]
    deep = _integers(picture)
    if deep.ndim == 3:
        deep = deep[..., [2, 1, 0, 3][: deep.shape[2]]]
    made, data = cv2.imencode(".png", np.ascontiguousarray(deep), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not made:
        raise OSError("the array cannot be encoded as PNG")
    return bytes(data)


def _integers(picture: npt.NDArray[Any]) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    kind = picture.dtype.kind
    if picture.dtype in (np.uint8, np.uint16):
        return picture
    if kind == "b":
        return picture.astype(np.uint8) * np.uint8(255)
    if kind not in "iuf":
        raise OSError(f"an array of type {picture.dtype} is no picture")
    if kind == "f" and not np.isfinite(picture).all():
        raise OSError("the array holds values that are not finite")
    low, high = float(picture.min()), float(picture.max())
    if kind == "f":
        if low >= 0 and high <= 1:
            return np.rint(picture.astype(np.float64) * 65535).astype(np.uint16)
        if low >= 0 and high <= 255:
            return np.rint(picture.astype(np.float64)).astype(np.uint8)
        raise OSError(f"floats from {low:g} to {high:g}; pictures are in [0, 1] or [0, 255]")
    if low < 0 or high > 65535:
        raise OSError(f"whole numbers from {low:g} to {high:g}; pictures are in [0, 65535]")
    return picture.astype(np.uint8) if high < 256 else picture.astype(np.uint16)
