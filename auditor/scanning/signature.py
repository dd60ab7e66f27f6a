"""The signature of a picture: a thumbnail of fixed size, from which hashes and descriptors are made."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from auditor.scanning.mapped_signatures import CHROMA_SIDE, LUMA_SIDE, Signatures
from auditor.scanning.schema import SIGNATURE_BYTES


def signature(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the signature of an RGB picture ``(height, width, 3)``, ``(SIGNATURE_BYTES,)`` ``uint8``."""
    return signature_of(np.ascontiguousarray(rgb[..., ::-1]))


def signature_of(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the signature, shape ``(SIGNATURE_BYTES,)``, of a picture; BGR or grey."""
    return np.asarray(signatures_of(pixels[None])[0])


def signatures_of(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the signatures of pictures of one size, squashed to squares: 32x32 luma, 16x16 Cr, 16x16 Cb.

    Parameters
    ----------
    pictures : ndarray of uint8
        BGR ``(n, height, width, 3)`` or grey ``(n, height, width)``.

    Returns
    -------
    ndarray of uint8, shape (n, SIGNATURE_BYTES)
    """
    n = len(pictures)
    small = (
        pictures
        if pictures.shape[1:3] == (32, 32)
        else np.stack([_thumbnail(picture) for picture in pictures])
    )
    found = np.empty((n, SIGNATURE_BYTES), dtype=np.uint8)
    luma, chroma = Signatures(found).luma(), Signatures(found).chroma()
    if small.ndim == 3:
        luma[:], chroma[:] = small, 128
        return found
    tall = cv2.cvtColor(
        small.reshape(n * LUMA_SIDE, LUMA_SIDE, 3), cv2.COLOR_BGR2YCrCb
    )  # one below the other
    half = cv2.resize(tall, (CHROMA_SIDE, n * CHROMA_SIDE), interpolation=cv2.INTER_AREA)
    luma[:] = tall[..., 0].reshape(luma.shape)
    for plane in range(2):
        chroma[:, plane] = half[..., plane + 1].reshape(n, CHROMA_SIDE, CHROMA_SIDE)
    return found


def _thumbnail(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Shrink to 32x32: by halving, which is fastest, and one linear step to a power of two times 32.

    The linear step comes while the thumbnail still has two pixels or more for each of its own.
    """
    height, width = pixels.shape[:2]
    across, down = (1 << max((side // 32).bit_length() - 1, 0) for side in (width, height))
    while min(across, down) > 2:
        across, down, height, width = across // 2, down // 2, height // 2, width // 2
        pixels = cv2.resize(pixels[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    small = cv2.resize(pixels, (32 * across, 32 * down), interpolation=cv2.INTER_LINEAR)
    while across > 1 or down > 1:
        across, down = max(across // 2, 1), max(down // 2, 1)
        small = cv2.resize(small, (32 * across, 32 * down), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def low_frequencies(
    pictures: npt.NDArray[np.uint8], weights: npt.NDArray[np.floating] | float = 1.0
) -> npt.NDArray[np.float32]:
    """Return the lowest coefficients ``(n, 8, 8)`` of the cosine transform of pictures ``(n, 32, 32)``.

    ``weights``, shape ``(8,)``, multiply each frequency, down and across.
    """
    k, x = np.arange(8)[:, None], np.arange(32)[None, :]
    cosines = np.cos(np.pi * (2 * x + 1) * k / 64).astype(np.float32)
    rows = (cosines * np.reshape(weights, (-1, 1))).astype(np.float32)
    return np.asarray(rows @ pictures.astype(np.float32) @ rows.T)


def perceptual_hash(signatures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Return the 64-bit pHash of each signature, shape ``(n,)``: which low frequencies exceed their median.

    Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010.
    """
    flat = low_frequencies(Signatures(signatures).luma()).reshape(-1, 64)
    bits = flat > np.median(flat, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)
