"""The quality that a JPEG was saved with, read from its quantisation table."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

#: Luminance quantisation of ITU-T T.81, annex K.1, in the order of the file (zigzag).
STANDARD = np.array([
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
    29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
])  # fmt: skip


def _tables() -> npt.NDArray[np.int64]:
    """Return the table of each quality from 1 to 100, as libjpeg scales the standard one (jcparam.c)."""
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)[:, None]
    return np.asarray(np.clip((STANDARD * scale + 50) // 100, 1, 255), dtype=np.int64)


_SCALED = _tables()


@lru_cache(maxsize=4096)
def jpeg_quality(segment: bytes) -> float:
    """Return the quality, 1 to 100, whose luminance table is nearest to a DQT segment's; NaN without one.

    Encoders with tables of their own (Photoshop, cameras) get the quality that is most like theirs. The
    nearest is that of the least sum of differences of logarithms, so that fine steps count as much as coarse
    ones.

    Examples
    --------
    >>> jpeg_quality(bytes([0]) + bytes(_SCALED[89].tolist())), jpeg_quality(b"")
    (90.0, nan)
    """
    position = 0
    while position < len(segment):
        wide, number = segment[position] >> 4, segment[position] & 15
        size = 128 if wide else 64
        values = segment[position + 1 : position + 1 + size]
        if len(values) < size:
            break
        if number == 0:
            table = np.frombuffer(values, dtype=">u2" if wide else "u1").astype(float)
            return float(np.abs(np.log(_SCALED) - np.log(np.maximum(table, 1))).sum(axis=1).argmin() + 1)
        position += 1 + size
    return float("nan")
