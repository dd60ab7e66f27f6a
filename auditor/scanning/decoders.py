"""What other decoders make of a file that the scan has read: tried for real, for `--decoders all`.

TensorFlow is loaded by name and only here, in workers that were asked for it; where it is not installed,
OpenCV alone is tried.
"""

from __future__ import annotations

import importlib
import os
from functools import cache
from types import ModuleType

import cv2
import numpy as np

from auditor.scanning.probe import Header

#: Channels that Pillow's mode has; a palette counts as colour.
CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I": 1, "F": 1, "LA": 2, "P": 3, "RGB": 3, "RGBA": 4, "CMYK": 4}
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


def compare(data: bytes, header: Header) -> str:
    """Return how OpenCV and TensorFlow differ from the header's size and channels: phrases joined by " / ", or `ALIKE`."""
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
    """Whether OpenCV's picture differs from the one without EXIF orientation (of the same size: mirrored, or upside down, or square)."""
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
