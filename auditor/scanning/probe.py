"""What the structure of a JPEG or PNG file says, read from its bytes without decoding a pixel."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, replace

from auditor.scanning.exif import Exif, read_exif
from auditor.scanning.quality import jpeg_quality

#: Markers that start a frame: SOF0 to SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1).
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: The frames that libjpeg-turbo decodes with Huffman coding: baseline, extended, progressive.
USUAL_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
#: A marker inside entropy-coded data: not a stuffed zero, not a restart, not a fill byte.
NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
#: More scans than this in one JPEG are a known way to keep a decoder busy (libjpeg-turbo, "Two Issues with
#: the JPEG Standard", 2015).
USUAL_SCANS = 64

#: The tag of the list of pictures in an MPO's index.
MP_ENTRIES = 0xB002
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
JPEG_MAGIC = b"\xff\xd8\xff"
#: Pillow's mode by PNG colour type.
PNG_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}


@dataclass(frozen=True, slots=True)
class Header:
    """Facts from the structure of a file; ``defect`` (with ``reason``) where the structure is broken.

    ``usual`` says that OpenCV may decode it: a mainstream variant with nothing odd in its structure.
    """

    format: str
    mode: str = ""
    width: int = 0
    height: int = 0
    bits: int = 8
    orientation: int = 1
    animated: bool = False
    transparent: bool = False
    trailing: int = 0
    private: str = ""
    camera: str = ""
    taken: str = ""
    quality: float = float("nan")
    defect: str = ""
    reason: str = ""
    usual: bool = True


CUT = Header("JPEG", defect="truncated", reason="truncated: the file ends inside its header", usual=False)


def probe(data: bytes) -> Header | None:
    """Return what the structure of a JPEG or PNG says; ``None`` for other formats."""
    if data.startswith(JPEG_MAGIC):
        return _jpeg(data)
    if data.startswith(PNG_MAGIC):
        return _png(data)
    return None


#: Chunks of a PNG whose bytes are looked at; copying all others would cost as much as their checksums.
PNG_CHUNKS_READ = (b"IHDR", b"acTL", b"eXIf")


def _jpeg_end(data: bytes, position: int, scans_follow: bool) -> tuple[int, int]:
    """Return the position just behind the end marker (-1 where there is none) and the number of scans."""
    scans = 1
    if not scans_follow:  # entropy-coded data cannot hold a marker
        end = data.find(b"\xff\xd9", position)
        return (end + 2 if end >= 0 else -1), scans
    while True:
        found = NEXT_MARKER.search(data, position)
        if found is None:
            return -1, scans
        marker, position = data[found.start() + 1], found.end()
        if marker == 0xD9:
            return position, scans
        if marker in (0x01, 0xD8):
            continue
        if marker == 0xDA:
            scans += 1
        if position + 2 > len(data):
            return -1, scans
        position += int.from_bytes(data[position : position + 2], "big")


def _jpeg(data: bytes) -> Header:
    position, size = 2, len(data)
    frame, mpo, exif, quality = -1, 0, Exif(), float("nan")
    mode, width, height, bits, components = "", 0, 0, 8, 0
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 4 > size:
            return CUT
        marker = data[position + 1]
        if marker in (0xFF, 0x00):
            position += 1
            continue
        if marker == 0xD9:
            reason = "broken header: the JPEG ends before any picture data"
            return Header("JPEG", defect="broken-header", reason=reason, usual=False)
        if 0xD0 <= marker <= 0xD8 or marker == 0x01:
            position += 2
            continue
        length = data[position + 2] << 8 | data[position + 3]
        body = position + 4
        position += 2 + length
        if marker in START_OF_FRAME and frame < 0:
            if body + 6 > size:
                return CUT
            frame = marker
            bits, height, width, components = struct.unpack_from(">BHHB", data, body)
            mode = {1: "L", 3: "RGB", 4: "CMYK"}.get(components, "")
        elif marker == 0xE1 and data.startswith(b"Exif\0", body):
            exif = read_exif(data[body + 6 : position])
        elif marker == 0xDB and quality != quality:
            quality = jpeg_quality(data[body:position])
        elif marker == 0xE2 and data.startswith(b"MPF\0", body):
            mpo = body + 4
        elif marker == 0xDA:
            break
    if frame < 0:
        reason = "broken header: the JPEG has no frame header"
        return Header("JPEG", defect="broken-header", reason=reason, usual=False)
    several = frame != 0xC0 or body >= size or data[body] < components
    end, scans = _jpeg_end(data, position, several)
    # A tool that saves the first picture alone may leave the index of all: then nothing follows the first,
    # and nothing is cut.
    cut = mpo > 0 and 0 < end < size and _mpo_is_cut(data, mpo)
    usual = (
        not cut
        and frame in USUAL_FRAMES
        and mode in ("L", "RGB")
        and bits == 8
        and width > 0
        and height > 0
        and end > 0
        and scans <= USUAL_SCANS
    )
    return Header(
        "MPO" if mpo else "JPEG", mode, width, height, bits, exif.orientation, private=exif.private, camera=exif.camera, taken=exif.taken,
        quality=quality, trailing=0 if mpo or end < 0 else size - end,
        defect="missing-end-marker" if end < 0 else "truncated" if cut else "",  # how much is missing is known after decoding
        reason="truncated: the MPO ends inside a picture behind its first" if cut else "", usual=usual,
    )  # fmt: skip


def _mpo_is_cut(data: bytes, base: int) -> bool:
    """Whether the last picture of an MPO has no end, by the index at ``base`` (CIPA DC-007, 5.2.3; sizes in it are often wrong)."""
    order = "<" if data[base : base + 2] == b"II" else ">"
    last = 0
    try:
        (directory,) = struct.unpack_from(order + "I", data, base + 4)
        (count,) = struct.unpack_from(order + "H", data, base + directory)
        for at in range(base + directory + 2, base + directory + 2 + 12 * count, 12):
            tag, _, size, place = struct.unpack_from(order + "HHII", data, at)
            if tag == MP_ENTRIES:
                last = max(
                    (
                        struct.unpack_from(order + "I", data, base + place + row + 8)[0]
                        for row in range(0, size, 16)
                    ),
                    default=0,
                )
    except struct.error:
        return False
    return last > 0 and data.find(b"\xff\xd9", base + last) < 0


def _png(data: bytes) -> Header:
    header = Header("PNG", usual=False)
    position, size = 8, len(data)
    seen: set[bytes] = set()
    while b"IEND" not in seen:
        if position + 12 > size:
            if b"IDAT" in seen and position == size:
                return _png_defect(
                    header, "missing-end-marker", "missing end marker: the PNG has no IEND chunk"
                )
            return _png_defect(header, "truncated", "truncated: the PNG ends inside a chunk")
        kind = data[position + 4 : position + 8]
        body = position + 8
        end = body + int.from_bytes(data[position : position + 4], "big")
        if end + 4 > size:
            if not kind.isalpha():
                reason = "damaged: the PNG's chunks do not follow each other"
                return _png_defect(header, "damaged", reason)
            reason = f"truncated: the PNG ends inside its {kind.decode()} chunk"
            return _png_defect(header, "truncated", reason)
        if zlib.crc32(memoryview(data)[position + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            name = kind.decode("ascii", "backslashreplace")
            return _png_defect(header, "bad-checksum", f"bad checksum in the PNG's {name} chunk")
        if not seen and not (kind == b"IHDR" and end - body >= 13):
            reason = "broken header: the PNG does not start with its IHDR chunk"
            return _png_defect(header, "broken-header", reason)
        header = _add_png_chunk(header, kind, data[body:end] if kind in PNG_CHUNKS_READ else b"", not seen)
        seen.add(kind)
        position = end + 4
    if b"IDAT" not in seen:
        return _png_defect(header, "truncated", "truncated: the PNG has no picture data")
    if header.mode == "P" and b"PLTE" not in seen:
        return _png_defect(header, "broken-header", "broken header: the PNG's palette is missing")
    return replace(header, trailing=size - position)


def _png_defect(header: Header, defect: str, reason: str) -> Header:
    return replace(header, defect=defect, reason=reason, usual=False)


def _add_png_chunk(header: Header, kind: bytes, body: bytes, first: bool) -> Header:
    """Return the header with what one chunk says."""
    if kind == b"IHDR" and first:
        width, height, depth, colour = struct.unpack_from(">IIBB", body)
        mode = {(0, 1): "1", (0, 16): "I;16"}.get((colour, depth), PNG_MODES.get(colour, ""))
        return Header(
            "PNG",
            mode,
            width,
            height,
            8 if colour == 3 else depth,
            transparent=colour in (4, 6),
            usual=mode != "" and width > 0 and height > 0,
        )
    if kind == b"tRNS":
        return replace(header, transparent=True)
    if kind == b"acTL" and len(body) >= 8:
        return replace(header, animated=int.from_bytes(body[:4], "big") > 1, usual=False)
    if kind == b"eXIf":
        exif = read_exif(body)
        return replace(
            header, orientation=exif.orientation, private=exif.private, camera=exif.camera, taken=exif.taken
        )
    return header
