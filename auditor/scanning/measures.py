"""Numbers measured on decoded pictures: sums over the pixels one by one, the arithmetic for a whole batch at once."""

from __future__ import annotations

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
#: Rows (for blur also columns) on which blur and saturation are measured, at most: enough for a share of a
#: sum (all of them give the same blur to 0.003, where photos of clothes differ by 0.05, and saturation to
#: 0.003, where they differ by 0.15), and a fifth of the work.
LINES = 64
#: Rows on which levels are counted and colours averaged, at most: every one, second or third of most reduced
#: pictures. All of them give the same brightness to 0.002, where photos of clothes differ by 0.09, and the
#: same contrast to 0.001, where they differ by 0.07.
LEVEL_ROWS = 128
#: What is summed per picture, behind the 256 counts of its histogram of luma: pixels, interior pixels,
#: Laplacian, its square, noise mask, mean saturation, lowest, highest, blur, JPEG trace, 3 sums of red, green
#: and blue (-1 where grey), 3 of their squares.
SUMS = 16

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
    """Return every so-manyth row of pictures ``(n, height, ...)``, ``most`` at most."""
    return np.ascontiguousarray(pictures[:, :: -(-pictures.shape[1] // most)])


def _columns(pictures: Bytes) -> Bytes:
    """Return every so-manyth column of pictures ``(n, height, width)`` as a row, `LINES` at most."""
    some = pictures[:, :, :: -(-pictures.shape[2] // LINES)]
    return (
        cv2.transpose(np.ascontiguousarray(some[0]))[None]
        if len(some) == 1
        else np.ascontiguousarray(some.transpose(0, 2, 1))
    )


def blur(luma: Bytes) -> Floats:
    """Return how blurred pictures ``(n, height, width)`` are, from 0 (crisp) to 1: how little their differences shrink when blurred again.

    The larger of the horizontal and the vertical one, so that motion blur counts. A picture without any
    difference gets 1.

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
    """Return the histograms and the `SUMS` of pictures of one size: BGR ``(n, height, width, 3)`` or grey ``(n, height, width)``.

    ``reduced`` is the factor by which they were reduced in decoding. All are whole numbers or depend on one
    picture alone, so that a picture's measures never depend on its neighbours in a batch. Shape ``(n, 256 +
    SUMS)``.
    """
    n, height, width = pictures.shape[:3]
    colour = pictures.ndim == 4
    tall = _tall(pictures)
    grey = cv2.cvtColor(tall, cv2.COLOR_BGR2GRAY) if colour else tall
    luma = grey.reshape(n, height, width)
    counted = _lines(luma, LEVEL_ROWS)
    out = np.zeros((n, 256 + SUMS))
    if n == 1:
        out[0, :256] = cv2.calcHist([counted[0]], [0], None, [256], [0, 256]).ravel()
    else:
        shifted = counted.reshape(n, -1) + np.arange(0, n << 8, 1 << 8, dtype=np.int64)[:, None]
        out[:, :256] = np.bincount(shifted.ravel(), minlength=n << 8).reshape(n, 256)
    told = out[:, 256:].T
    told[0], told[1] = counted.shape[1] * width, max(height - 2, 0) * max(width - 2, 0)
    if told[1, 0]:
        inside = cv2.Laplacian(grey, cv2.CV_16S).reshape(luma.shape)[:, 1:-1, 1:-1]
        told[2], told[3] = _moments(inside)
        inside = cv2.sepFilter2D(grey, cv2.CV_16S, SECOND_DIFFERENCE, SECOND_DIFFERENCE).reshape(luma.shape)[
            :, 1:-1, 1:-1
        ]
        told[4] = cv2.norm(inside[0], cv2.NORM_L1) if n == 1 else _totals(np.abs(inside))
        del inside
    told[8], told[9] = blur(luma), block_trace(luma, reduced)
    flat = pictures.reshape(n, -1)
    told[6], told[7] = cv2.minMaxLoc(flat)[:2] if n == 1 else (flat.min(axis=1), flat.max(axis=1))
    if not colour:
        told[10:] = -1
        return out
    some = _lines(pictures, LEVEL_ROWS)
    planes = cv2.split(_tall(some))  # OpenCV is several times faster on single planes
    for place, plane in enumerate(planes[::-1]):
        told[10 + place], told[13 + place] = _moments(plane.reshape(some.shape[:3]))
    blue, green, red = (_lines(plane.reshape(some.shape[:3])) for plane in planes)
    most, least = (_tall(extreme(extreme(blue, green), red)) for extreme in (np.maximum, np.minimum))
    saturation = cv2.divide(cv2.subtract(most, least), most, scale=255).reshape(blue.shape)
    told[5] = _totals(saturation)
    told[5] /= blue.shape[1] * width
    return out


def measures(batch: Floats) -> Floats:
    """Return the measures of `MEASURES`, in order, of pictures by their `sums`; ``(n, len(MEASURES))``, rounded to 6 significant digits."""
    histograms = batch[:, :256]
    size, interior, laplacian, squares, noise, saturation, lowest, highest, blurs, traces, *channels = batch[
        :, 256:
    ].T
    colours = np.array(channels)
    levels = np.arange(256.0)
    shares = histograms / size[:, None]
    cumulative = np.cumsum(histograms, axis=1)
    mean = (histograms * levels).sum(axis=1) / size
    spread = np.sqrt(np.maximum((histograms * levels**2).sum(axis=1) / size - mean**2, 0))
    dark, bright, floor, peak = (
        (cumulative < share * size[:, None]).sum(axis=1) / 255 for share in (0.05, 0.95, 0.01, 0.99)
    )
    inside = np.maximum(interior, 1)
    sharpness = np.sqrt(np.maximum(squares / inside - (laplacian / inside) ** 2, 0))
    entropy = np.abs((shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1))
    grey = colours[0] < 0
    colours /= size
    colours[3:] = np.sqrt(np.maximum(colours[3:] - colours[:3] ** 2, 0))
    colours[:3, grey], colours[3:, grey] = mean[grey], spread[grey]
    columns = np.array([
        mean / 255, spread / 255, dark, bright, sharpness, noise / inside * np.sqrt(np.pi / 2) / 6, saturation / 255, entropy,
        *(colours / 255), lowest / 255, highest / 255, floor, peak, blurs, traces,
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
