"""Bytes to header facts and pixels.

Every image is decoded once, by a fast decoder where its structure is usual and by Pillow elsewhere.

libjpeg-turbo and OpenCV decode three times as fast, JPEG at a reduced scale too, but do not say why they
refuse a file, and treat unusual colour modes in ways of their own. So they get the JPEG and PNG files whose
structure `auditor.scanning.probe` found to be whole and usual, and Pillow gets the rest, the broken ones
included, for their reason. Which of them decodes depends on the bytes alone.

EXIF orientation is never applied: width, height and pixels are as stored, which is what frameworks that
ignore EXIF see.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt
import xxhash

from auditor.scanning.damage import classify, corrupt_data, surviving_rows
from auditor.scanning.deep import from_deep
from auditor.scanning.exif import CHANGED, MAKE, MODEL, TAKEN, Exif, camera_name, clean, read_exif
from auditor.scanning.extent import extent, kind_of
from auditor.scanning.jpeg import decode_jpeg
from auditor.scanning.png import decode_png
from auditor.scanning.probe import Header, probe

if TYPE_CHECKING:
    from PIL import Image

#: Pictures are measured at the largest of these reductions that leaves the longest side at least
#: `MEASURED_SIDE`: they are what libjpeg can decode to for less work, by leaving out DCT coefficients.
REDUCTIONS = (8, 4, 2)
#: Longest side in pixels below which nothing is reduced; eight times the side of the signature's thumbnail.
MEASURED_SIDE = 256
#: Pillow's own limit for decompression bombs: twice ``Image.MAX_IMAGE_PIXELS`` is where it refuses, and once
#: where it warns.
MAX_PIXELS = 178_956_970
#: What Pillow raises on odd and fuzzed files.
DECODE_ERRORS = (
    OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, AttributeError, NotImplementedError, ArithmeticError, EOFError,
    AssertionError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip


class Unreadable(Exception):
    """The image cannot be decoded.

    ``defect`` is a key of `auditor.scanning.schema.DEFECTS`, the text says why in plain words, ``header``
    holds what is known nevertheless.
    """

    def __init__(
        self, defect: str, reason: str, header: Header | None = None, survives: float = float("nan")
    ) -> None:
        super().__init__(" ".join("".join(c if c.isprintable() else " " for c in reason).split())[:160])
        self.defect, self.header, self.survives = defect, header or Header(""), survives


@dataclass(frozen=True, slots=True)
class Decoded:
    """Header facts, and the picture as ``uint8``.

    BGR ``(height, width, 3)`` or grey ``(height, width)``, at the measured scale.

    ``pixel_digest`` is a 128-bit XXH3, in hexadecimal, over mode, size and decoded pixels (alpha and 16-bit
    values included; palettes applied). ``defect`` is one of the tolerated ones.
    """

    header: Header
    pixels: npt.NDArray[np.uint8]
    pixel_digest: str
    defect: str = ""

    @property
    def rgb(self) -> npt.NDArray[np.uint8]:
        """The picture as RGB ``(height, width, 3)``."""
        return np.asarray(
            cv2.cvtColor(self.pixels, cv2.COLOR_BGR2RGB if self.pixels.ndim == 3 else cv2.COLOR_GRAY2RGB),
            dtype=np.uint8,
        )


def reduction(width: int, height: int) -> int:
    """Return the factor by which a picture of this size is reduced before it is measured.

    Examples
    --------
    >>> [reduction(side, 100) for side in (32, 511, 512, 1024, 4000)]
    [1, 1, 2, 4, 8]
    """
    longest = max(width, height)
    for factor in REDUCTIONS:
        if longest >= factor * MEASURED_SIDE:
            return factor
    return 1


def decode_usual(data: bytes, white: int = 0) -> Decoded | None:
    """Decode a JPEG or PNG whose structure is whole and usual.

    ``None`` for any other file, which may cost a process its life.

    Raises
    ------
    Unreadable
        The file is empty, or a decompression bomb.
    """
    header = _checked(data)
    return _decode_fast(data, header, white) if header is not None and header.usual else None


def decode(data: bytes, white: int = 0) -> Decoded:
    """Decode one image, whatever it is.

    ``white`` is what becomes 255 of 16 bits (`auditor.scanning.deep.from_deep`).

    Raises
    ------
    Unreadable
        With the kind of defect and the reason in plain words.
    """
    header = _checked(data)
    decoded = _decode_fast(data, header, white) if header is not None and header.usual else None
    return decoded or _with_pillow(data, header, white)


def _checked(data: bytes) -> Header | None:
    if not data:
        raise Unreadable("empty", "empty file: 0 bytes")
    header = probe(data)
    if header is not None and header.width * header.height > MAX_PIXELS:
        raise Unreadable(
            "bomb",
            f"decompression bomb: the header announces {header.width} x {header.height} pixels",
            header,
        )
    return header


def _digest(header: Header, pixels: npt.NDArray[np.generic]) -> str:
    """Return the digest of `Decoded`.

    XXH3 takes a tenth of the time of SHA-256, which still distinguishes files.
    """
    digest = xxhash.xxh3_128(
        f"{header.mode} {header.width}x{header.height} {pixels.shape[0]} {pixels.dtype.itemsize}".encode()
    )
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def _decode_fast(data: bytes, header: Header, white: int) -> Decoded | None:
    """Decode a JPEG or PNG without Pillow; ``None`` where its decoder refuses."""
    factor = reduction(header.width, header.height)
    pixels: npt.NDArray[np.generic] | None
    if header.format == "PNG":
        pixels, warning, expected = decode_png(data), "", (header.height, header.width)
    else:
        expected = (-(-header.height // factor), -(-header.width // factor))
        pixels, warning = decode_jpeg(data, grey=header.mode == "L", factor=factor, size=expected)
    if pixels is None or pixels.shape[:2] != expected:
        return None
    digest = _digest(header, pixels)
    reduced = (
        _shrunk(_eight_bit(pixels, white), factor) if header.format == "PNG" else _eight_bit(pixels, white)
    )
    return Decoded(header, reduced, digest, corrupt_data(warning))


def _eight_bit(pixels: npt.NDArray[np.generic], white: int) -> npt.NDArray[np.uint8]:
    """Return ``uint8`` grey or BGR without alpha, which is white in files of any depth."""
    if pixels.ndim == 3 and pixels.shape[2] != 3:
        pixels = np.ascontiguousarray(pixels[..., :3]) if pixels.shape[2] == 4 else pixels[..., 0]
    if pixels.dtype == np.uint16:
        pixels = from_deep(pixels.astype(np.uint16, copy=False), white)
    return np.ascontiguousarray(pixels).astype(np.uint8, copy=False)


def _shrunk(pixels: npt.NDArray[np.uint8], factor: int) -> npt.NDArray[np.uint8]:
    if factor == 1:
        return pixels
    height, width = (max(1, -(-side // factor)) for side in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _with_pillow(data: bytes, known: Header | None, white: int) -> Decoded:
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data))
        except UnidentifiedImageError:
            raise Unreadable(*classify(data, known), known or Header(kind_of(data))) from None
        except Image.DecompressionBombError as error:
            raise Unreadable("bomb", _announced(error), known or Header(kind_of(data))) from None
        except MemoryError:
            raise Unreadable(
                "memory", "the header asks for more memory than a worker may use", known
            ) from None
        except DECODE_ERRORS as error:
            raise Unreadable(
                *classify(data, known, error, opened=False), known or Header(kind_of(data))
            ) from None
        header = known or Header(image.format or "")
        try:
            header = _pillow_header(image, known)
            if header.width * header.height > MAX_PIXELS:
                raise Unreadable(
                    "bomb",
                    f"decompression bomb: the header announces {header.width} x {header.height} pixels",
                    header,
                )
            if header.defect and not (
                header.defect == "missing-end-marker" and header.format in ("JPEG", "MPO")
            ):
                raise Unreadable(header.defect, header.reason, header, _survives(data, header, header.defect))
            image.load()
            whole, full = _pillow_pixels(_as_stored(image, header), white)
        except Unreadable:
            raise
        except Image.DecompressionBombError as error:
            raise Unreadable("bomb", _announced(error), header) from None
        except MemoryError:
            raise Unreadable("memory", "decoding needs more memory than a worker may use", header) from None
        except DECODE_ERRORS as error:
            defect, reason = classify(data, header, error)
            raise Unreadable(defect, reason, header, _survives(data, header, defect)) from None
    if header.defect:
        raise Unreadable(*classify(data, header), header, 1.0)
    found = extent(data, decoded=True, format=header.format) if known is None else None
    if found is not None and found.end < 0:
        raise Unreadable(
            "missing-end-marker" if found.marker_alone else "truncated",
            found.reason,
            header,
            1.0 if found.marker_alone else nan,
        )
    if found is not None:
        header = replace(header, trailing=len(data) - found.end)
    if full.size == 0:
        raise Unreadable("broken-header", "broken header: the picture has no pixels", header)
    return Decoded(header, _shrunk(full, reduction(header.width, header.height)), _digest(header, whole))


def _announced(error: Exception) -> str:
    pixels = re.search(r"\d+", str(error))
    return (
        f"decompression bomb: the header announces {int(pixels[0]):,} pixels"
        if pixels
        else "decompression bomb: too many pixels"
    )


def _as_stored(image: Image.Image, header: Header) -> Image.Image:
    """Undo what Pillow does to TIFF alone.

    It turns the picture by its orientation, and takes the tag away.
    """
    from PIL import ExifTags
    from PIL.Image import Transpose as T

    if image.format != "TIFF" or header.orientation == 1 or ExifTags.Base.Orientation in image.getexif():
        return image
    back = (
        T.FLIP_LEFT_RIGHT,
        T.ROTATE_180,
        T.FLIP_TOP_BOTTOM,
        T.TRANSPOSE,
        T.ROTATE_90,
        T.TRANSVERSE,
        T.ROTATE_270,
    )
    return image.transpose(back[header.orientation - 2])


def _survives(data: bytes, header: Header, defect: str) -> float:
    if defect == "missing-end-marker":
        return 1.0
    return surviving_rows(data, header) if defect == "truncated" else float("nan")


def _pillow_header(image: Image.Image, known: Header | None) -> Header:
    from PIL import ExifTags

    bits = {"1": 1, "I;16": 16, "I;16B": 16, "I;16L": 16, "I;16N": 16, "I": 32, "F": 32}.get(image.mode, 8)
    if known is not None and known.width:
        return known if known.mode else replace(known, mode=image.mode)
    stored = image.info.get("exif")
    if isinstance(stored, bytes):
        found = read_exif(stored)
    else:
        exif = image.getexif()
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        make, model, changed = (clean(str(exif.get(tag) or "")) for tag in (MAKE, MODEL, CHANGED))
        found = Exif(
            int(exif.get(ExifTags.Base.Orientation, 1) or 1),
            "gps" if {2, 4} <= exif.get_ifd(ExifTags.IFD.GPSInfo).keys() else "",
            camera_name(make, model),
            clean(str(inner.get(TAKEN) or "")) or changed,
        )
    orientation = found.orientation if 1 <= found.orientation <= 8 else 1
    width, height = image.size
    if image.format == "TIFF" and orientation > 4:  # Pillow gives the size after turning
        width, height = height, width
    return Header(
        image.format or "",
        image.mode,
        width,
        height,
        bits=bits,
        orientation=orientation,
        animated=bool(getattr(image, "is_animated", False)) and image.format != "MPO",
        transparent=image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info,
        private=found.private,
        camera=found.camera,
        taken=found.taken,
        usual=False,
    )


def _pillow_pixels(image: Image.Image, white: int) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.uint8]]:
    """Return the picture as decoded, for its digest, and as 8-bit grey or BGR."""
    mode = image.mode
    if mode.startswith("I;16"):
        deep = np.asarray(image).astype(np.uint16)
        return deep, from_deep(deep, white)
    if mode == "I":
        wide = np.asarray(image).astype(np.int32)
        return wide, from_deep(np.clip(wide, 0, 65535).astype(np.uint16), white)
    if mode == "F":
        real = np.asarray(image).astype(np.float32)
        finite = np.nan_to_num(real, nan=0.0, posinf=0.0, neginf=0.0)
        top = float(finite.max(initial=0.0))
        largest = next((w for w in (1.0, 255.0, 65535.0) if top <= w), max(top, 1.0))
        return real, np.clip(finite * (255.0 / largest), 0, 255).astype(np.uint8)
    if mode in ("1", "L", "LA", "La"):
        whole: npt.NDArray[np.generic] = np.asarray(image.convert("LA" if mode in ("LA", "La") else "L"))
        return whole, np.ascontiguousarray(whole[..., 0] if whole.ndim == 3 else whole).astype(np.uint8)
    alpha = mode in ("RGBA", "PA", "RGBa") or "transparency" in image.info
    whole = np.asarray(image.convert("RGBA" if alpha else "RGB"))
    return np.ascontiguousarray(whole[..., [2, 1, 0, 3] if alpha else [2, 1, 0]]), np.ascontiguousarray(
        whole[..., 2::-1]
    )
