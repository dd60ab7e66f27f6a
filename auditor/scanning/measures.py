"""Numbers measured on one decoded picture."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from auditor.scanning.schema import MEASURES

#: Immerkaer, "Fast noise variance estimation", CVIU 64(2), 1996: the mask that is blind to edges up to second order.
NOISE_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)


#: Crete et al. blur again with a box of 9 pixels.
REBLUR = 9
#: Rows and columns on which blur is measured, at most: enough for a share of a sum, and a quarter of the work on photos.
BLUR_LINES = 128


def blur(luma: npt.NDArray[np.uint8]) -> float:
    """Return how blurred a picture ``(height, width)`` is, from 0 (crisp) to 1: how little its differences shrink when blurred again.

    The larger of the horizontal and the vertical one, so that motion blur counts. A picture without any difference gets 1.

    References
    ----------
    Crete, Dolmiere, Ladret and Nicolas, "The blur effect: perception and estimation with a new no-reference perceptual blur metric",
    Proc. SPIE 6492, 2007.
    """
    found: list[float] = []
    for lines in (luma[:: -(-luma.shape[0] // BLUR_LINES)], luma[:, :: -(-luma.shape[1] // BLUR_LINES)].T):
        if lines.shape[1] > 1:
            lines = np.ascontiguousarray(lines)
            again = cv2.blur(lines, (REBLUR, 1))
            before = cv2.absdiff(lines[:, 1:], lines[:, :-1])
            lost = cv2.subtract(before, cv2.absdiff(again[:, 1:], again[:, :-1]))
            total = cv2.sumElems(before)[0]
            if total:
                found.append(1.0 - cv2.sumElems(lost)[0] / total)
    return max(found, default=1.0)


def measure(rgb: npt.NDArray[np.uint8]) -> tuple[float, ...]:
    """Return the measures of `MEASURES`, in order, for an RGB picture ``(height, width, 3)`` of ``uint8``."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    histogram = np.bincount(luma.ravel(), minlength=256)
    n = luma.size
    shares = histogram / n
    cumulative = np.cumsum(histogram)
    present = shares[shares > 0]
    levels = np.arange(256)
    mean = float(shares @ levels)
    spread = math.sqrt(max(float(shares @ levels**2) - mean * mean, 0.0))
    laplacian = cv2.Laplacian(luma, cv2.CV_32F)
    _, sharp = cv2.meanStdDev(laplacian)
    noise = float(np.abs(cv2.filter2D(luma, cv2.CV_32F, NOISE_MASK)).mean()) * math.sqrt(math.pi / 2) / 6
    means, spreads = cv2.meanStdDev(rgb)
    high = rgb.max(axis=2)
    low = rgb.min(axis=2)
    saturation = float(np.mean((high - low) / np.maximum(high, 1)))
    values = (
        mean / 255, spread / 255,
        float(np.searchsorted(cumulative, 0.05 * n)) / 255, float(np.searchsorted(cumulative, 0.95 * n)) / 255,
        float(sharp[0, 0]), noise, saturation, float(-(present * np.log2(present)).sum()),
        *(means.ravel() / 255), *(spreads.ravel() / 255), float(low.min()) / 255, float(high.max()) / 255,
        float(np.searchsorted(cumulative, 0.01 * n)) / 255, float(np.searchsorted(cumulative, 0.99 * n)) / 255, blur(luma),
    )  # fmt: skip
    assert len(values) == len(MEASURES)
    return tuple(float(f"{v:.6g}") for v in values)
