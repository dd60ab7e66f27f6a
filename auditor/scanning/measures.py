"""Numbers measured on decoded pictures: sums over the pixels one by one, the arithmetic for a whole batch at once."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from auditor.scanning.blocks import block_trace
from auditor.scanning.schema import MEASURES

#: Immerkaer, "Fast noise variance estimation", CVIU 64(2), 1996: the mask [1 -2 1] x [1 -2 1] is blind to edges up to second order.
SECOND_DIFFERENCE = np.array([1, -2, 1], dtype=np.float32)
#: Crete et al. blur again with a box of 9 pixels.
REBLUR = 9
#: Rows (for blur also columns) on which blur and saturation are measured, at most: enough for a share of a sum (all of them give the same
#: blur to 0.003, where photos of clothes differ by 0.05, and saturation to 0.0015, where they differ by 0.16), and a fifth of the work.
LINES = 64
#: Sums per picture: pixels, interior pixels, Laplacian, its square, noise mask, mean saturation, lowest, highest, blur, JPEG trace,
#: 3 means, 3 deviations.
SUMS = 16

Sums = tuple[npt.NDArray[np.float32], Sequence[float]]


def blur(luma: npt.NDArray[np.uint8]) -> float:
    """Return how blurred a picture ``(height, width)`` is, from 0 (crisp) to 1: how little its differences shrink when blurred again.

    The larger of the horizontal and the vertical one, so that motion blur counts. A picture without any difference gets 1.

    References
    ----------
    Crete, Dolmiere, Ladret and Nicolas, "The blur effect: perception and estimation with a new no-reference perceptual blur metric",
    Proc. SPIE 6492, 2007.
    """
    found: list[float] = []
    for turned in (luma, cv2.transpose(luma)):
        lines = _lines(turned)
        if lines.shape[1] > 1:
            again = cv2.blur(lines, (REBLUR, 1))
            before = cv2.absdiff(lines[:, 1:], lines[:, :-1])
            lost = cv2.subtract(before, cv2.absdiff(again[:, 1:], again[:, :-1]))
            total = cv2.sumElems(before)[0]
            if total:
                found.append(1.0 - cv2.sumElems(lost)[0] / total)
    return max(found, default=1.0)


def _lines(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return every so-manyth row of a picture, `LINES` at most."""
    return np.ascontiguousarray(pixels[:: -(-pixels.shape[0] // LINES)])


def sums(pixels: npt.NDArray[np.uint8], reduced: int = 1) -> Sums:
    """Return the luma histogram ``(256,)`` and the `SUMS` of one picture: BGR ``(height, width, 3)`` or grey ``(height, width)``.

    ``reduced`` is the factor by which it was reduced in decoding. All are whole numbers or depend on the picture alone, so
    a picture's measures never depend on its neighbours in a batch.
    """
    colour = pixels.ndim == 3
    luma = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) if colour else pixels
    histogram = cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel()
    height, width = luma.shape
    interior = max(height - 2, 0) * max(width - 2, 0)
    laplacian = squares = noise = 0.0
    if interior:
        inside = cv2.Laplacian(luma, cv2.CV_16S)[1:-1, 1:-1]
        laplacian, squares = cv2.sumElems(inside)[0], cv2.norm(inside, cv2.NORM_L2SQR)
        noise = cv2.norm(cv2.sepFilter2D(luma, cv2.CV_16S, SECOND_DIFFERENCE, SECOND_DIFFERENCE)[1:-1, 1:-1], cv2.NORM_L1)
    of_luma = blur(luma), block_trace(luma, reduced)
    if not colour:
        filled = np.flatnonzero(histogram)
        return histogram, (height * width, interior, laplacian, squares, noise, 0.0, filled[0], filled[-1], *of_luma, *[-1.0] * 6)
    blue, green, red = cv2.split(_lines(pixels))  # OpenCV is several times faster on single planes
    most, least = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
    saturation = cv2.sumElems(cv2.divide(cv2.subtract(most, least), most, scale=255))[0] / most.size
    spreads = [cv2.meanStdDev(plane) for plane in cv2.split(pixels)[::-1]]
    lowest, highest, *_ = cv2.minMaxLoc(pixels.reshape(height, -1))
    return histogram, (
        height * width, interior, laplacian, squares, noise, saturation, lowest, highest, *of_luma,
        *(float(mean.item()) for mean, _ in spreads), *(float(deviation.item()) for _, deviation in spreads),
    )  # fmt: skip


def measures(batch: Sequence[Sums]) -> npt.NDArray[np.float64]:
    """Return the measures of `MEASURES`, in order, of a batch of pictures, ``(n, len(MEASURES))``, rounded to 6 significant digits."""
    if not batch:
        return np.empty((0, len(MEASURES)))
    histograms = np.array([h for h, _ in batch], dtype=np.float64)
    size, interior, laplacian, squares, noise, saturation, lowest, highest, blurs, traces, *channels = np.array(
        [s for _, s in batch], dtype=np.float64
    ).T
    colours = np.array(channels)
    levels = np.arange(256.0)
    shares = histograms / size[:, None]
    cumulative = np.cumsum(histograms, axis=1)
    mean = (histograms * levels).sum(axis=1) / size
    spread = np.sqrt(np.maximum((histograms * levels**2).sum(axis=1) / size - mean**2, 0))
    dark, bright, floor, peak = ((cumulative < share * size[:, None]).sum(axis=1) / 255 for share in (0.05, 0.95, 0.01, 0.99))
    inside = np.maximum(interior, 1)
    sharpness = np.sqrt(np.maximum(squares / inside - (laplacian / inside) ** 2, 0))
    entropy = np.abs((shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1))
    grey = colours[0] < 0
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
