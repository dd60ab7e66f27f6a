"""What other decoders make of a file that the scan has read: tried for real, for `--decoders all`.

TensorFlow is loaded by name and only here, in workers that were asked for it; where it is not installed,
OpenCV alone is tried.
"""

from __future__ import annotations

import importlib
import io
import os
import struct
import warnings
import zlib
from functools import cache
from types import ModuleType

import cv2
import numpy as np

from auditor.scanning.probe import Header

#: Channels that Pillow's mode has; a palette counts as colour.
CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I": 1, "F": 1, "LA": 2, "P": 3, "RGB": 3, "RGBA": 4, "CMYK": 4}
#: What is said of a file that Pillow refuses.
PILLOW_REFUSES = "Pillow refuses it"
#: The chunks of metadata that Pillow reads (PngImagePlugin.PngStream).
METADATA = frozenset({b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"tEXt", b"zTXt", b"iTXt", b"eXIf"})
#: The length of JFIF's header without a thumbnail (ITU-T T.871, 10.1), and the bytes of a PNG's largest
#: pixel: RGBA of 16 bits.
JFIF_LENGTH, LARGEST_PIXEL = 16, 8
#: What each file is found to be where all decoders agree.
ALIKE = "alike"


@cache
def tensorflow() -> ModuleType | None:
    """Return TensorFlow, or None where it is not installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    try:
        return importlib.import_module("tensorflow")
    except ImportError:
        return None


def refused_by_pillow(data: bytes, header: Header) -> bool:
    """Whether Pillow refuses a file that another decoder has read, for what it holds besides the picture.

    Pillow reads metadata that others pass over. Of a PNG it is given the header and that metadata with a picture of
    one pixel, so that nothing is decoded twice; of a JPEG it reads no more than what is before the picture.
    """
    from PIL import Image

    tried = _png_of_one_pixel(data) if header.format == "PNG" else data if _has_metadata(data) else b""
    if not tried:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(tried)) as picture:
                if header.format == "PNG":
                    picture.load()
        except Exception:  # of many kinds: whatever it raises, it refuses
            return True
    return False


def _has_metadata(data: bytes) -> bool:
    """Whether a JPEG holds more segments than tables and the usual JFIF header, which no decoder refuses."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:
            return False
        usual = marker == 0xE0 and length == JFIF_LENGTH and data.startswith(b"JFIF\0", at + 4)
        if (marker & 0xF0 == 0xE0 and not usual) or marker == 0xFE:
            return True
        at += 2 + length
    return True


def _png_of_one_pixel(data: bytes) -> bytes:
    """Return a PNG with the header, palette and metadata of another and one pixel.

    Blank where there is no metadata.
    """
    kept, at, metadata = [data[:8]], 8, False
    while at + 12 <= len(data):
        kind, length = data[at + 4 : at + 8], int.from_bytes(data[at : at + 4], "big")
        if kind == b"IHDR":
            body = struct.pack(">II", 1, 1) + data[at + 16 : at + 20] + b"\0"
            kept.append(_chunk(b"IHDR", body))
        elif kind == b"IDAT" and not any(part[4:8] == b"IDAT" for part in kept[1:]):
            kept.append(_chunk(b"IDAT", zlib.compress(bytes(1 + LARGEST_PIXEL))))
        elif kind in (b"PLTE", b"tRNS") or kind in METADATA:
            kept.append(data[at : at + 12 + length])
            metadata = metadata or kind in METADATA
        at += 12 + length
    return b"".join([*kept, _chunk(b"IEND", b"")]) if metadata else b""


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def compare(data: bytes, header: Header) -> str:
    """Return how OpenCV and TensorFlow differ from the header's size and channels.

    Phrases joined by " / ", or `ALIKE`.
    """
    found = [*_opencv(data, header), *_tensorflow(data, header)]
    return " / ".join(found) or ALIKE


def _opencv(data: bytes, header: Header) -> list[str]:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        pixels = None
    if pixels is None:
        return ["OpenCV refuses it"]
    size = (pixels.shape[1], pixels.shape[0])
    if size == (header.width, header.height):
        return ["OpenCV turns it"] if header.orientation > 1 and _turned(data) else []
    return ["OpenCV turns it" if size == (header.height, header.width) else "OpenCV sees another size"]


def _turned(data: bytes) -> bool:
    """Whether OpenCV's picture differs from the one without EXIF orientation.

    They are of the same size: mirrored, upside down, or square.
    """
    buffer = np.frombuffer(data, np.uint8)
    plain = cv2.imdecode(buffer, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return plain is None or not np.array_equal(plain, cv2.imdecode(buffer, cv2.IMREAD_COLOR))


def _tensorflow(data: bytes, header: Header) -> list[str]:
    tf = tensorflow()
    if tf is None:
        return []
    try:
        shape = tuple(tf.io.decode_image(data).shape)
    except Exception:  # whatever it raises, it refuses
        return ["TensorFlow refuses it"]
    found = []
    if len(shape) == 4:
        found.append("TensorFlow returns four dimensions")
        shape = shape[1:]
    if shape[:2] != (header.height, header.width):
        found.append("TensorFlow sees another size")
    if shape[2] != CHANNELS.get(header.mode, 3):
        found.append(f"TensorFlow sees {shape[2]} channels")
    return found
