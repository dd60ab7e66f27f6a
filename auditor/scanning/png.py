"""PNG pixels by OpenCV, from the chunks that make them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: The chunks that pixels and transparency depend on. libpng prints a warning where it dislikes another one,
#: such as a usual colour profile; OpenCV makes nothing of those.
PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
#: Bits per channel that a colour type may have (PNG specification, table 12): libpng prints what breaks it.
DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}


def decode_png(data: bytes) -> npt.NDArray[np.generic] | None:
    """Decode a PNG whose chunks are whole, as stored: grey, BGR or BGRA; ``None`` where OpenCV refuses."""
    depth, colour = data[24:26]
    if depth not in DEPTHS.get(colour, ()):
        return None
    try:
        pixels = cv2.imdecode(np.frombuffer(_pixel_chunks(data), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    return None if pixels is None else np.asarray(pixels)


def _pixel_chunks(data: bytes) -> bytes:
    """Return a PNG without the chunks that are not `PIXEL_CHUNKS`."""
    kept, position, kind = [SIGNATURE], len(SIGNATURE), b""
    while position < len(data) and kind != b"IEND":
        kind, start = data[position + 4 : position + 8], position
        position += 12 + int.from_bytes(data[position : position + 4], "big")
        if kind in PIXEL_CHUNKS:
            kept.append(data[start:position])
    return b"".join(kept)


__all__ = ["decode_png"]
