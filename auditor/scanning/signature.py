"""The signature of a picture: a thumbnail of fixed size from which hashes, descriptors and verification derive without decoding again."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from auditor.scanning.schema import SIGNATURE_BYTES


def signature(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the signature of an RGB picture ``(height, width, 3)``, ``(SIGNATURE_BYTES,)`` ``uint8``."""
    return signature_of(np.ascontiguousarray(rgb[..., ::-1]))


def signature_of(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the signature ``(SIGNATURE_BYTES,)`` of a picture, BGR ``(height, width, 3)`` or grey ``(height, width)``."""
    return np.asarray(signatures_of(pixels[None])[0])


def signatures_of(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the signatures of pictures of one size, BGR ``(n, height, width, 3)`` or grey ``(n, height, width)``, squashed to a square.

    ``(n, SIGNATURE_BYTES)`` ``uint8``: 32x32 luma, 16x16 Cr, 16x16 Cb.
    """
    n = len(pictures)
    small = (
        pictures
        if pictures.shape[1:3] == (32, 32)
        else np.stack([_thumbnail(picture) for picture in pictures])
    )
    found = np.empty((n, SIGNATURE_BYTES), dtype=np.uint8)
    if small.ndim == 3:
        found[:, :1024], found[:, 1024:] = small.reshape(n, -1), 128
        return found
    tall = cv2.cvtColor(small.reshape(n * 32, 32, 3), cv2.COLOR_BGR2YCrCb)  # one below the other
    chroma = cv2.resize(tall, (16, n * 16), interpolation=cv2.INTER_AREA)
    found[:, :1024] = tall[..., 0].reshape(n, -1)
    found[:, 1024:1280] = chroma[..., 1].reshape(n, -1)
    found[:, 1280:] = chroma[..., 2].reshape(n, -1)
    return found


def _thumbnail(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Shrink to 32x32: by halving, which OpenCV does many times faster than anything else, but for one step that is linear.

    That step goes to a power of two times 32, while there are at least two pixels for each of the
    thumbnail's.
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


def luma(signatures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the luma thumbnails ``(n, 32, 32)`` of signatures ``(n, SIGNATURE_BYTES)``."""
    return signatures[:, :1024].reshape(-1, 32, 32)


def rgb16(signatures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return RGB thumbnails ``(n, 16, 16, 3)`` of signatures ``(n, SIGNATURE_BYTES)``."""
    n = len(signatures)
    grey = luma(signatures)
    y = sum(grey[:, i::2, j::2].astype(np.float32) for i in range(2) for j in range(2)) / np.float32(4)
    cr, cb = (signatures[:, a : a + 256].reshape(n, 16, 16).astype(np.float32) - 128 for a in (1024, 1280))
    # ITU-R BT.601, the inverse of OpenCV's RGB -> YCrCb.
    rgb = np.stack([y + 1.403 * cr, y - 0.714 * cr - 0.344 * cb, y + 1.773 * cb], axis=-1)
    return np.asarray(np.clip(np.rint(rgb), 0, 255), dtype=np.uint8)


def _dct_rows() -> npt.NDArray[np.float32]:
    k, x = np.arange(8)[:, None], np.arange(32)[None, :]
    return np.asarray(np.cos(np.pi * (2 * x + 1) * k / 64), dtype=np.float32)


def perceptual_hash(signatures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Return the 64-bit pHash of each signature, shape ``(n,)``: the 8x8 lowest DCT coefficients of luma over their median.

    Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010.
    """
    rows = _dct_rows()
    low = rows @ luma(signatures).astype(np.float32) @ rows.T
    flat = low.reshape(-1, 64)
    bits = flat > np.median(flat, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)


__all__ = [
    "SIGNATURE_BYTES",
    "luma",
    "perceptual_hash",
    "rgb16",
    "signature",
    "signature_of",
    "signatures_of",
]
