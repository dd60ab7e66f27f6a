"""Bytes to pixels and facts: header probe and one decode."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Longest side in pixels up to which a JPEG is decoded in full; larger ones are decoded at 1/2, 1/4 or 1/8 (DCT scaling).
FULL_SIDE = 640
#: Pillow's own limit for decompression bombs, in pixels.
MAX_PIXELS = 178_956_970
#: What Pillow raises on odd and fuzzed files.
DECODE_ERRORS = (OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, NotImplementedError, MemoryError, struct.error, zlib.error, EOFError, OverflowError)

BITS = {"1": 1, "I;16": 16, "I;16B": 16, "I;16L": 16, "I;16N": 16, "I": 32, "F": 32}


class Unreadable(Exception):
    """The image cannot be decoded; the argument says why, in plain words."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Header facts and the picture, ``(height, width, 3)`` RGB ``uint8``, perhaps at a reduced scale."""

    format: str
    mode: str
    width: int
    height: int
    bits: int
    orientation: int
    animated: bool
    rgb: npt.NDArray[np.uint8]
    pixel_digest: str


def decode(data: bytes) -> Decoded:
    """Decode one image; raises `Unreadable` with the reason."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise Unreadable("empty file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data))
        except UnidentifiedImageError:
            raise Unreadable("not an image") from None
        except (Image.DecompressionBombError, *DECODE_ERRORS) as error:
            raise Unreadable(f"broken header: {error}"[:120]) from None
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise Unreadable(f"decompression bomb: {width} x {height} pixels")
        try:
            if image.format == "PNG":
                image.verify()
                image = Image.open(io.BytesIO(data))
            orientation = int(image.getexif().get(0x0112, 1) or 1)
            facts = (image.format or "", image.mode, width, height, BITS.get(image.mode, 8), orientation, bool(getattr(image, "is_animated", False)))
            if image.format in ("JPEG", "MPO") and max(image.size) > FULL_SIDE:
                image.draft("RGB", (FULL_SIDE // 2, FULL_SIDE // 2))
            image.load()
            if image.mode.startswith("I") or image.mode == "F":
                grey = np.asarray(image, dtype=np.float64)
                top = 65535.0 if image.mode.startswith("I") else max(float(grey.max(initial=0.0)), 1.0)
                rgb = np.repeat(np.clip(grey / top * 255.0, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
                digest_of = grey.tobytes()
            else:
                digest_of = image.tobytes() + (bytes(image.getpalette() or b"") if image.mode == "P" else b"")
                rgb = np.asarray(image.convert("RGB"))
        except (Image.DecompressionBombError, *DECODE_ERRORS) as error:
            text = str(error)
            raise Unreadable("truncated" if "truncated" in text.lower() or "broken PNG" in text else f"damaged: {text}"[:120]) from None
    digest = hashlib.sha256(f"{facts[1]} {rgb.shape[1]}x{rgb.shape[0]} ".encode() + digest_of).hexdigest()[:32]
    return Decoded(*facts, rgb=rgb, pixel_digest=digest)
