"""What a picture looks like, from its signature alone: no pretrained weights, no second decode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from auditor.scanning.mapped_signatures import Signatures

if TYPE_CHECKING:
    import pandas as pd

#: What describes pictures where the user brings nothing better.
OFFLINE = "thumbnails, edges and colours"
#: Columns of a descriptor: a million images then take 512 MB.
DIMENSIONS = 128
#: Distinct pictures that the projection is fitted on: 16 for each column kept; the fit takes a CPU second.
FIT_IMAGES = 2048
#: Digests that are looked at at once to find those: a sort of all would hold each several times.
DIGESTS_AT_ONCE = 50_000
#: Orientation bins (Dalal and Triggs 2005 use 9).
ORIENTATIONS = 8
#: Side of a cell in pixels (Dalal and Triggs 2005 use 8 on pictures four times as large).
CELL = 4
#: Grey levels per pixel of a cell below which gradients are compression noise, and stay small.
NOISE = 8.0
#: Bins of hue, saturation and value.
COLOUR_BINS = (8, 3, 3)
#: Share of the mean eigenvalue that is added to each before whitening: directions of noise are not blown up.
RIDGE = 0.1

Floats32 = npt.NDArray[np.float32]


def gradient_histograms(pictures: npt.NDArray[np.uint8]) -> Floats32:
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
    position -= np.float32(ORIENTATIONS) * (position >= ORIENTATIONS)  # opposite directions are one
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
    bins /= np.sqrt(np.asarray(around) + (NOISE * CELL * CELL) ** 2, dtype=np.float32)[..., None]
    return bins.reshape(n, -1)


def colour_histograms(pictures: npt.NDArray[np.uint8]) -> Floats32:
    """Return square roots of HSV histograms of RGB thumbnails ``(n, 16, 16, 3)``, shape ``(n, 72)``."""
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


def features(signatures: Signatures) -> tuple[Floats32, Floats32, Floats32]:
    """Return the raw features: thumbnail ``(n, 768)``, gradients ``(n, 512)``, colours ``(n, 72)``."""
    small = signatures.rgb()
    thumbnail = np.asarray(small.reshape(len(small), -1) / np.float32(255), dtype=np.float32)
    return thumbnail, gradient_histograms(signatures.luma()), colour_histograms(small)


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

    mean: Floats32
    directions: Floats32
    scales: Floats32

    def __call__(self, signatures: Signatures) -> Floats32:
        """Return descriptors of signatures, shape ``(n, n_columns)``."""
        return self.project(np.concatenate(features(signatures), axis=1))

    def project(self, raw: Floats32) -> Floats32:
        """Return descriptors of raw features ``(n, 1352)``, shape ``(n, n_columns)``."""
        return np.asarray((raw - self.mean) @ self.directions, dtype=np.float32)


def fit_projection(signatures: Signatures, columns: int = DIMENSIONS) -> Projection:
    """Fit the projection: each kind of feature scaled to the same variance, then PCA with whitening.

    Parameters
    ----------
    signatures : Signatures
    columns : int
        Largest number of columns; no direction without variance is kept.
    """
    return _fit(_raw_features(signatures), columns)


def fit_projection_of(raw: Floats32, columns: int = DIMENSIONS, ridge: float = RIDGE) -> Projection:
    """Fit the projection on raw features of one kind, shape ``(n, width)``."""
    return _fit([raw], columns, ridge)


def _raw_features(signatures: Signatures) -> list[Floats32]:
    """Return the three kinds of raw features of all signatures, made block by block."""
    parts = [features(block) for _, block in signatures.blocks(np.arange(len(signatures)))]
    return [np.concatenate(kind) for kind in zip(*parts, strict=True)]


def _fit(kinds: list[Floats32], columns: int, ridge: float = RIDGE) -> Projection:
    """Fit the projection on the three kinds of raw features."""
    from scipy.linalg import eigh

    spreads = [max(float(kind.var(axis=0).sum()), 1e-6) for kind in kinds]
    scale = np.repeat(1 / np.sqrt(spreads), [kind.shape[1] for kind in kinds]).astype(np.float32)
    raw = np.concatenate(kinds, axis=1)
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
    scales = np.sqrt(values + ridge * values.mean())
    return Projection(
        mean, (vectors * signs / scales * scale[:, None]).astype(np.float32), scales.astype(np.float32)
    )


def fitting_rows(images: pd.DataFrame, limit: int = FIT_IMAGES) -> npt.NDArray[np.int64]:
    """Return at most ``limit`` rows to fit on: distinct readable pictures, in the order of pixel digests.

    A digest is as good as a random number and belongs to the picture, so that neither row order, names nor
    copies change the choice.
    """
    import pandas as pd

    digests, readable = images["pixel_digest"], (images["status"] == "ok").to_numpy()
    lowest = pd.Series(dtype=object)
    for start in range(0, len(digests), DIGESTS_AT_ONCE):
        some = slice(start, start + DIGESTS_AT_ONCE)
        part = digests.iloc[some].astype(object)[readable[some]]
        lowest = pd.concat([lowest, part[part != ""]])
        lowest = lowest[~lowest.duplicated()].sort_values(kind="stable").iloc[:limit]
    return np.asarray(lowest.index, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Descriptor:
    """What each picture looks like.

    Attributes
    ----------
    values : ndarray of float32, shape (n_images, n_columns)
        Zeros for unreadable images.
    scales : ndarray of float32, shape (n_columns,)
        Multiplied with them, the values are plain principal components.
    source : str
        What the numbers are of, in words.
    """

    values: Floats32
    scales: Floats32
    source: str = OFFLINE


def describe(images: pd.DataFrame, signatures: Signatures) -> Descriptor:
    """Return the descriptor of every image, of at most `DIMENSIONS` columns.

    Parameters
    ----------
    images : DataFrame
        Needs the columns ``status`` and ``pixel_digest``; index 0..n-1.
    signatures : Signatures
    """
    rows = fitting_rows(images)
    if not len(rows):
        return Descriptor(np.zeros((len(images), 1), np.float32), np.ones(1, np.float32))
    raw = _raw_features(signatures[rows])
    projection = _fit(raw, DIMENSIONS)
    out = np.zeros((len(images), projection.directions.shape[1]), dtype=np.float32)
    out[rows] = projection.project(np.concatenate(raw, axis=1))
    left = (images["status"] == "ok").to_numpy(copy=True)
    left[rows] = False
    others = np.flatnonzero(left)
    for part, block in signatures.blocks(others):
        out[others[part]] = projection(block)
    return Descriptor(out, projection.scales)
