"""Scaling of pixels, fitted on training images alone and applied inside the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Scaler:
    """An affine map per channel.

    It maps ``pixels`` to ``pixels * scale + offset``, one number per channel (red, green, blue). It is
    hashable, so it can be part of a model's description.
    """

    kind: Literal["min-max", "standard"]
    scale: tuple[float, ...]
    offset: tuple[float, ...]

    def __call__(self, pixels: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Scale pixels ``(..., channels)``."""
        scaled = np.asarray(pixels, dtype=np.float64) * np.array(self.scale) + np.array(self.offset)
        return np.asarray(scaled)


@dataclass(frozen=True, slots=True)
class PixelStatistics:
    """Statistics of each channel over all pixels, each of shape ``(channels,)``.

    Exact, since they come from histograms.
    """

    minimum: npt.NDArray[np.float64]
    maximum: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]

    def min_max(self) -> Scaler:
        """Return the map of ``[minimum, maximum]`` to [0, 1].

        A constant channel becomes 0, as in scikit-learn's ``MinMaxScaler``.
        """
        width = np.where(self.maximum > self.minimum, self.maximum - self.minimum, 1.0)
        return Scaler("min-max", tuple((1 / width).tolist()), tuple((0.0 - self.minimum / width).tolist()))

    def standard(self) -> Scaler:
        """Return the map to mean 0 and standard deviation 1, as in scikit-learn's ``StandardScaler``."""
        width = np.where(self.std > 0, self.std, 1.0)
        return Scaler("standard", tuple((1 / width).tolist()), tuple((0.0 - self.mean / width).tolist()))


def measure_pixels(pieces: Iterable[npt.NDArray[np.uint8]], channels: int = 3) -> PixelStatistics:
    """Return the statistics of images ``(n, height, width, channels)`` of ``uint8`` that come in pieces."""
    counts = np.zeros((channels, 256), dtype=np.int64)
    for piece in pieces:
        for channel in range(channels):
            counts[channel] += np.bincount(piece[..., channel].ravel(), minlength=256)
    levels = np.arange(256, dtype=np.float64)
    total = np.maximum(counts.sum(axis=1), 1)
    mean = counts @ levels / total
    variance = (counts * (levels[None, :] - mean[:, None]) ** 2).sum(axis=1) / total
    present = counts > 0
    minimum = np.where(present.any(axis=1), present.argmax(axis=1), 0).astype(float)
    maximum = np.where(present.any(axis=1), 255 - present[:, ::-1].argmax(axis=1), 255).astype(float)
    return PixelStatistics(minimum, maximum, mean, np.sqrt(variance))
