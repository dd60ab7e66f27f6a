"""JPEG pixels by libjpeg-turbo, and what libjpeg warns of: it shows corrupt pictures without an error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import simplejpeg


def decode_jpeg(
    data: bytes, *, grey: bool, factor: int = 1, size: tuple[int, int] = (0, 0)
) -> tuple[npt.NDArray[np.uint8] | None, str]:
    """Decode a JPEG, and return its pixels and libjpeg's first warning; ``None`` where it refuses.

    Nothing is printed, and nothing of the process is touched: threads may decode at once.

    Parameters
    ----------
    data : bytes
    grey : bool
        Return ``(height, width)``, else BGR ``(height, width, 3)``.
    factor : {1, 2, 4, 8}
        By how much the picture is reduced in decoding.
    size : (int, int)
        Height and width after that, where they are known.
    """
    how = {
        "colorspace": "GRAY" if grey else "BGR",
        "min_factor": float(factor),
        "min_height": size[0],
        "min_width": size[1],
    }
    warning = ""
    for strict in (True, False):
        try:
            pixels = simplejpeg.decode_jpeg(data, strict=strict, **how)
            return np.asarray(pixels[..., 0] if grey else pixels, dtype=np.uint8), warning
        except ValueError as error:
            warning = warning or str(error)
    return None, warning


__all__ = ["decode_jpeg"]
