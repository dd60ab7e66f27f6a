"""Numbers measured on decoded pictures: sums over each picture's pixels, then arithmetic for a batch."""

from __future__ import annotations

from enum import IntEnum, auto
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from auditor.scanning.jpeg_trace import block_trace

#: Immerkaer, "Fast noise variance estimation", CVIU 64(2), 1996: the mask [1 -2 1] x [1 -2 1] is blind to
#: edges up to second order.
SECOND_DIFFERENCE = np.array([1, -2, 1], dtype=np.float32)
#: Crete et al. blur again with a box of 9 pixels.
REBLUR = 9
#: Rows (for blur also columns) on which blur and saturation are measured, at most: a fifth of the work. All
#: rows give the same to 0.003, where photos of clothes differ by 0.05 in blur and 0.15 in saturation.
LINES = 64
#: Rows on which levels are counted and colours averaged, at most: every one, second or third of most reduced
#: pictures. All of them give the same brightness to 0.002, where photos of clothes differ by 0.09, and the
#: same contrast to 0.001, where they differ by 0.07.
LEVEL_ROWS = 128
#: Counts of a histogram of luma.
LEVELS = 256


class Sum(IntEnum):
    """What is summed per picture, by its column behind the histogram; colours of a grey one are -1."""

    PIXELS = LEVELS
    INTERIOR_PIXELS = auto()
    LAPLACIAN = auto()
    LAPLACIAN_SQUARED = auto()
    NOISE_MASK = auto()
    MEAN_SATURATION = auto()
    LOWEST = auto()
    HIGHEST = auto()
    BLUR = auto()
    BLOCK_TRACE = auto()
    RED = auto()
    GREEN = auto()
    BLUE = auto()
    RED_SQUARED = auto()
    GREEN_SQUARED = auto()
    BLUE_SQUARED = auto()


#: Numbers behind the histogram.
SUMS = len(Sum)

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]


def _tall(pictures: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return pictures ``(n, height, width, ...)`` one below the other, for OpenCV to treat at once."""
    return np.ascontiguousarray(pictures).reshape(-1, *pictures.shape[2:])


def _totals(values: npt.NDArray[Any]) -> list[float]:
    """Return the sum of the whole numbers of each of ``(n, height, width)``."""
    if len(values) == 1:  # OpenCV is several times faster on one large picture
        return [cv2.sumElems(values[0])[0]]
    return [float(total) for total in values.sum(axis=(1, 2), dtype=np.int64)]


def _moments(values: npt.NDArray[Any]) -> tuple[list[float], list[float]]:
    """Return the sum of the whole numbers of each of ``(n, height, width)``, and that of their squares."""
    if len(values) == 1:
        return _totals(values), [float(round(cv2.norm(values[0], cv2.NORM_L2SQR)))]  # OpenCV squares a root
    return _totals(values), [
        float(total) for total in np.square(values, dtype=np.int32).sum(axis=(1, 2), dtype=np.int64)
    ]


def _lines(pictures: Bytes, most: int = LINES) -> Bytes:
    """Return every k-th row of pictures ``(n, height, ...)``, ``most`` at most."""
    return np.ascontiguousarray(pictures[:, :: -(-pictures.shape[1] // most)])


def _columns(pictures: Bytes) -> Bytes:
    """Return every k-th column of pictures ``(n, height, width)`` as a row, `LINES` at most."""
    some = pictures[:, :, :: -(-pictures.shape[2] // LINES)]
    return (
        cv2.transpose(np.ascontiguousarray(some[0]))[None]
        if len(some) == 1
        else np.ascontiguousarray(some.transpose(0, 2, 1))
    )


def blur(luma: Bytes) -> Floats:
    """Return how blurred pictures ``(n, height, width)`` are, from 0 (crisp) to 1.

    That is how little their differences shrink when blurred again: the larger of the horizontal and the
    vertical one, so that motion blur counts. A picture without any difference gets 1.

    References
    ----------
    Crete, Dolmiere, Ladret and Nicolas, "The blur effect: perception and estimation with a new no-reference
    perceptual blur metric", Proc. SPIE 6492, 2007.
    """
    found = [[-1.0] * len(luma)]
    for lines in (_lines(luma), _columns(luma)):
        if lines.shape[2] > 1:
            rows = _tall(lines)
            again = cv2.blur(rows, (REBLUR, 1))
            before = cv2.absdiff(rows[:, 1:], rows[:, :-1])
            lost = cv2.subtract(before, cv2.absdiff(again[:, 1:], again[:, :-1]))
            total, gone = (_totals(part.reshape(*lines.shape[:2], -1)) for part in (before, lost))
            found.append([1 - g / t if t else -1.0 for t, g in zip(total, gone, strict=True)])
    return np.array([most if most >= 0 else 1.0 for most in map(max, zip(*found, strict=True))])


def sums(pictures: Bytes, reduced: int = 1) -> Floats:
    """Return the histograms and every `Sum` of pictures of one size, shape ``(n, LEVELS + SUMS)``.

    All are whole numbers or depend on one picture alone, so that a picture's measures never depend on its
    neighbours in a batch.

    Parameters
    ----------
    pictures : ndarray of uint8
        BGR ``(n, height, width, 3)`` or grey ``(n, height, width)``.
    reduced : int
        The factor by which they were reduced in decoding.
    """
    n, height, width = pictures.shape[:3]
    out = np.zeros((n, LEVELS + SUMS))
    tall = _tall(pictures)
    grey = cv2.cvtColor(tall, cv2.COLOR_BGR2GRAY) if pictures.ndim == 4 else tall
    _sum_luma(out, grey, grey.reshape(n, height, width), reduced)
    flat = pictures.reshape(n, -1)
    extremes = cv2.minMaxLoc(flat)[:2] if n == 1 else (flat.min(axis=1), flat.max(axis=1))
    out[:, Sum.LOWEST], out[:, Sum.HIGHEST] = extremes
    if pictures.ndim == 4:
        _sum_colours(out, pictures)
    else:
        out[:, Sum.RED :] = -1
    return out


def _sum_luma(out: Floats, grey: Bytes, luma: Bytes, reduced: int) -> None:
    """Fill in what is summed of luma, given one picture below the other and ``(n, height, width)``."""
    n, height, width = luma.shape
    counted = _lines(luma, LEVEL_ROWS)
    if n == 1:
        out[0, :LEVELS] = cv2.calcHist([counted[0]], [0], None, [LEVELS], [0, LEVELS]).ravel()
    else:
        shifted = counted.reshape(n, -1) + np.arange(0, n * LEVELS, LEVELS, dtype=np.int64)[:, None]
        out[:, :LEVELS] = np.bincount(shifted.ravel(), minlength=n * LEVELS).reshape(n, LEVELS)
    out[:, Sum.PIXELS] = counted.shape[1] * width
    if height > 2 and width > 2:
        _sum_interior(out, grey, luma)
    out[:, Sum.BLUR], out[:, Sum.BLOCK_TRACE] = blur(luma), block_trace(luma, reduced)


def _sum_interior(out: Floats, grey: Bytes, luma: Bytes) -> None:
    """Fill in what is summed of filtered luma, away from the border, where there is an interior."""
    n, height, width = luma.shape
    out[:, Sum.INTERIOR_PIXELS] = (height - 2) * (width - 2)
    edges = cv2.Laplacian(grey, cv2.CV_16S).reshape(luma.shape)[:, 1:-1, 1:-1]
    out[:, Sum.LAPLACIAN], out[:, Sum.LAPLACIAN_SQUARED] = _moments(edges)
    del edges  # its memory serves the next filter
    masked = cv2.sepFilter2D(grey, cv2.CV_16S, SECOND_DIFFERENCE, SECOND_DIFFERENCE)
    masked = masked.reshape(luma.shape)[:, 1:-1, 1:-1]
    out[:, Sum.NOISE_MASK] = cv2.norm(masked[0], cv2.NORM_L1) if n == 1 else _totals(np.abs(masked))


def _sum_colours(out: Floats, pictures: Bytes) -> None:
    some = _lines(pictures, LEVEL_ROWS)
    planes = [plane.reshape(some.shape[:3]) for plane in cv2.split(_tall(some))]  # OpenCV is fast on planes
    for plane, first, second in zip(
        planes,
        (Sum.BLUE, Sum.GREEN, Sum.RED),
        (Sum.BLUE_SQUARED, Sum.GREEN_SQUARED, Sum.RED_SQUARED),
        strict=True,
    ):
        out[:, first], out[:, second] = _moments(plane)
    blue, green, red = map(_lines, planes)
    most, least = (_tall(extreme(extreme(blue, green), red)) for extreme in (np.maximum, np.minimum))
    saturation = cv2.divide(cv2.subtract(most, least), most, scale=255).reshape(blue.shape)
    out[:, Sum.MEAN_SATURATION] = np.array(_totals(saturation)) / (blue.shape[1] * blue.shape[2])


def measures(batch: Floats) -> Floats:
    """Return `MEASURES`, in order, of pictures by their `sums`, shape ``(n, len(MEASURES))``.

    They are rounded to 6 significant digits.
    """
    histograms, of = batch[:, :LEVELS], {kind: batch[:, kind] for kind in Sum}
    size = of[Sum.PIXELS]
    levels = np.arange(float(LEVELS))
    shares = histograms / size[:, None]
    cumulative = np.cumsum(histograms, axis=1)
    mean = (histograms * levels).sum(axis=1) / size
    spread = np.sqrt(np.maximum((histograms * levels**2).sum(axis=1) / size - mean**2, 0))
    dark, bright, floor, peak = (
        (cumulative < share * size[:, None]).sum(axis=1) / 255 for share in (0.05, 0.95, 0.01, 0.99)
    )
    inside = np.maximum(of[Sum.INTERIOR_PIXELS], 1)
    laplacian = of[Sum.LAPLACIAN] / inside
    sharpness = np.sqrt(np.maximum(of[Sum.LAPLACIAN_SQUARED] / inside - laplacian**2, 0))
    noise = of[Sum.NOISE_MASK] / inside * np.sqrt(np.pi / 2) / 6
    entropy = np.abs((shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1))
    grey = of[Sum.RED] < 0
    colours = batch[:, Sum.RED :].T / size
    colours[3:] = np.sqrt(np.maximum(colours[3:] - colours[:3] ** 2, 0))
    colours[:3, grey], colours[3:, grey] = mean[grey], spread[grey]
    columns = np.array([
        mean / 255, spread / 255, dark, bright, sharpness, noise, of[Sum.MEAN_SATURATION] / 255, entropy,
        *(colours / 255), of[Sum.LOWEST] / 255, of[Sum.HIGHEST] / 255, floor, peak,
        of[Sum.BLUR], of[Sum.BLOCK_TRACE],
    ])  # fmt: skip
    return rounded(columns.T)


def rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round to 6 significant digits, so that no two machines disagree about the last ones.

    Examples
    --------
    >>> rounded(np.array([0.0, 0.12345678, 1234.56789])).tolist()
    [0.0, 0.123457, 1234.57]
    """
    with np.errstate(divide="ignore"):
        digits = np.where(values == 0, 0, 5 - np.floor(np.log10(np.abs(values))))
    scale = 10.0**digits
    return np.asarray(np.rint(values * scale) / scale)
