"""An offline descriptor of what a picture looks like, made from its signature alone: no pretrained weights, no second decode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from auditor.scanning.paged import SWEEP, gathered, give_back
from auditor.scanning.signature import luma, rgb16

if TYPE_CHECKING:
    import pandas as pd

#: Columns of a descriptor: a million images then take 512 MB.
DIMENSIONS = 128
#: Distinct pictures that the projection is fitted on: 16 for each column kept; the fit takes about one CPU
#: second.
FIT_IMAGES = 2048
#: Images in a block: bounds the memory at about 5 MB, which a processor's cache holds, whatever the data
#: set's size.
BLOCK = 256
#: Orientation bins, and side of a cell in pixels (Dalal and Triggs 2005 use 9 and 8 on pictures four times as
#: large).
ORIENTATIONS, CELL = 8, 4
#: Bins of hue, saturation and value.
COLOUR_BINS = (8, 3, 3)
#: Eigenvalues are raised by this share of their mean before whitening, so that directions which are mostly
#: noise are not blown up.
RIDGE = 0.1

Floats = npt.NDArray[np.float32]


def gradient_histograms(pictures: npt.NDArray[np.uint8]) -> Floats:
    """Return histograms of oriented gradients of luma thumbnails ``(n, 32, 32)``, shape ``(n, 512)``.

    Each cell is normalised by itself and its eight neighbours.

    References
    ----------
    Dalal, Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.
    """
    n, side = len(pictures), pictures.shape[1]
    grey = pictures.astype(np.float32)
    padded = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    across = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    strength, angle = cv2.cartToPolar(across.reshape(n * side, side), down.reshape(n * side, side))
    position = angle.reshape(n, side, side) * np.float32(ORIENTATIONS / np.pi)
    position -= np.float32(ORIENTATIONS) * (
        position >= ORIENTATIONS
    )  # opposite directions are one orientation
    weight = strength.reshape(n, side, side)
    cells = side // CELL
    of_cell = np.repeat(np.eye(cells, dtype=np.float32), CELL, axis=0)
    bins = np.empty((n, cells, cells, ORIENTATIONS), dtype=np.float32)
    for k in range(ORIENTATIONS):
        # A gradient counts for the two orientations it lies between; the last one is next to the first.
        apart = position - np.float32(k)
        if k == 0:
            np.minimum(apart, ORIENTATIONS - apart, out=apart)
        share = np.abs(apart, out=apart)
        np.subtract(1, share, out=share)
        np.maximum(share, 0, out=share)
        share *= weight
        rows = share.reshape(n, cells, CELL, side)
        rows = sum((rows[:, :, i] for i in range(1, CELL)), rows[:, :, 0])
        bins[..., k] = (rows.reshape(-1, side) @ of_cell).reshape(n, cells, cells)
    energy = np.pad((bins**2).sum(axis=3), ((0, 0), (1, 1), (1, 1)))
    around = sum(energy[:, i : i + cells, j : j + cells] for i in range(3) for j in range(3))
    # 8 grey levels per pixel of a cell: weaker gradients are compression noise and stay small.
    bins /= np.sqrt(np.asarray(around) + (8.0 * CELL * CELL) ** 2, dtype=np.float32)[..., None]
    return bins.reshape(n, -1)


def colour_histograms(pictures: npt.NDArray[np.uint8]) -> Floats:
    """Return square roots of HSV histograms of RGB thumbnails ``(n, 16, 16, 3)``, shape ``(n, 72)``; each row has length 1."""
    n = len(pictures)
    hsv = cv2.cvtColor(pictures.reshape(n * 16, 16, 3), cv2.COLOR_RGB2HSV_FULL).reshape(n, 256, 3)
    size, shade = int(np.prod(COLOUR_BINS)), np.arange(256)
    steps = (COLOUR_BINS[1] * COLOUR_BINS[2], COLOUR_BINS[2], 1)
    tables = [
        (shade * bins // 256 * step).astype(np.uint8) for bins, step in zip(COLOUR_BINS, steps, strict=True)
    ]  # size < 256
    which = sum(table[hsv[..., i]] for i, table in enumerate(tables)) + np.arange(n)[:, None] * size
    counts = np.bincount(which.ravel(), minlength=n * size).reshape(n, size)
    return np.sqrt(counts / 256).astype(np.float32)


def features(signatures: npt.NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
    """Return the three blocks of raw features of signatures: thumbnail ``(n, 768)``, gradients ``(n, 512)``, colours ``(n, 72)``."""
    small = rgb16(signatures)
    thumbnail = np.asarray(small.reshape(len(small), -1) / np.float32(255), dtype=np.float32)
    return thumbnail, gradient_histograms(luma(signatures)), colour_histograms(small)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A fitted projection from raw features to descriptors: ``(features - mean) @ directions``.

    Attributes
    ----------
    mean : ndarray of float32, shape (1352,)
    directions : ndarray of float32, shape (1352, n_columns)
        Principal directions, largest variance first, scaled so that each column of the fitted descriptors has
        a variance of about 1.
    scales : ndarray of float32, shape (n_columns,)
        What each column was divided by: multiplied with it, descriptors are plain principal components.
    """

    mean: Floats
    directions: Floats
    scales: Floats

    def __call__(self, signatures: npt.NDArray[np.uint8]) -> Floats:
        """Return descriptors of signatures, shape ``(n, n_columns)``."""
        return self.project(np.concatenate(features(signatures), axis=1))

    def project(self, raw: Floats) -> Floats:
        """Return descriptors of raw features ``(n, 1352)``, shape ``(n, n_columns)``."""
        return np.asarray((raw - self.mean) @ self.directions, dtype=np.float32)


def fit_projection(signatures: npt.NDArray[np.uint8], columns: int = DIMENSIONS) -> Projection:
    """Fit the projection: blocks of features scaled to the same variance, then PCA with whitening.

    Parameters
    ----------
    signatures : ndarray of uint8, shape (n_fit, SIGNATURE_BYTES)
    columns : int
        At most so many columns are kept, and no direction without variance.
    """
    return _fit(_blocks(signatures), columns)


def _blocks(signatures: npt.NDArray[np.uint8]) -> list[Floats]:
    """Return the blocks of raw features of all signatures, made `BLOCK` pictures at a time."""
    parts = [features(signatures[start : start + BLOCK]) for start in range(0, len(signatures), BLOCK)]
    return [np.concatenate(block) for block in zip(*parts, strict=True)]


def _fit(blocks: list[Floats], columns: int) -> Projection:
    """Fit the projection on blocks of raw features."""
    from scipy.linalg import eigh

    scale = np.concatenate(
        [
            np.full(b.shape[1], 1 / np.sqrt(max(float(b.var(axis=0).sum()), 1e-6)), dtype=np.float32)
            for b in blocks
        ]
    )
    raw = np.concatenate(blocks, axis=1)
    mean = raw.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = (raw - mean) * scale
    n, width = centred.shape
    kept = max(min(columns, n - 1, width), 1)
    # Of the two Gram matrices the smaller one has the same eigenvalues.
    if n > width:
        values, vectors = eigh(
            centred.T @ centred / n, subset_by_index=(width - kept, width - 1), check_finite=False
        )
    else:
        values, left = eigh(centred @ centred.T / n, subset_by_index=(n - kept, n - 1), check_finite=False)
        vectors = centred.T @ left / np.sqrt(np.maximum(values * n, 1e-12))
    values, vectors = values[::-1], vectors[:, ::-1]
    real = values > 1e-6
    values, vectors = values[real], vectors[:, real]
    if not len(values):
        return Projection(mean, np.zeros((width, 1), np.float32), np.ones(1, np.float32))
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))])
    scales = np.sqrt(values + RIDGE * values.mean())
    return Projection(
        mean, (vectors * signs / scales * scale[:, None]).astype(np.float32), scales.astype(np.float32)
    )


def fitting_rows(images: pd.DataFrame, limit: int = FIT_IMAGES) -> npt.NDArray[np.int64]:
    """Return rows to fit on, at most ``limit``: distinct readable pictures in the order of their pixel digests.

    A digest is as good as a random number and belongs to the picture, so that neither row order, names nor
    copies change the choice.
    """
    import pandas as pd

    digests, readable = images["pixel_digest"], (images["status"] == "ok").to_numpy()
    lowest = pd.Series(dtype=object)
    for start in range(0, len(digests), SWEEP):  # a sort of all would hold every digest several times
        part = digests.iloc[start : start + SWEEP].astype(object)[readable[start : start + SWEEP]]
        lowest = pd.concat([lowest, part[part != ""]])
        lowest = lowest[~lowest.duplicated()].sort_values(kind="stable").iloc[:limit]
    return np.asarray(lowest.index, dtype=np.int64)


def describe(images: pd.DataFrame, signatures: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Return the descriptor of every image, ``(n_images, n_columns)``, and what its columns were divided by.

    There are at most `DIMENSIONS` columns. Rows of unreadable images are zeros. Multiplied with the second,
    shape ``(n_columns,)``, descriptors are plain principal components.

    Parameters
    ----------
    images : DataFrame
        Needs the columns ``status`` and ``pixel_digest``; index 0..n-1.
    signatures : ndarray of uint8, shape (n_images, SIGNATURE_BYTES)
    """
    rows = fitting_rows(images)
    if not len(rows):
        return np.zeros((len(images), 1), dtype=np.float32), np.ones(1, dtype=np.float32)
    fitted = _blocks(gathered(signatures, rows))
    projection = _fit(fitted, DIMENSIONS)
    out = np.zeros((len(images), projection.directions.shape[1]), dtype=np.float32)
    out[rows] = projection.project(np.concatenate(fitted, axis=1))
    left = (images["status"] == "ok").to_numpy(copy=True)
    left[rows] = False
    readable = np.flatnonzero(left)
    for start in range(0, len(readable), BLOCK):
        block = readable[start : start + BLOCK]
        out[block] = projection(signatures[block])
        if start % SWEEP < BLOCK:
            give_back(signatures)
    return out, projection.scales


__all__ = [
    "DIMENSIONS",
    "Projection",
    "colour_histograms",
    "describe",
    "features",
    "fit_projection",
    "gradient_histograms",
]
