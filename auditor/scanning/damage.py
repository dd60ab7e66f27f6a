"""What is wrong with a file that cannot be decoded, in plain words, and how much of it survives."""

from __future__ import annotations

import re
import struct
import zlib

import numpy as np

from auditor.scanning.extent import extent, kind_of
from auditor.scanning.jpeg import decode_jpeg
from auditor.scanning.probe import Header

#: What other kinds of content start with (in lower case, after white space).
CONTENTS = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
    (b"{", "JSON text"),
    (b"[", "JSON text"),
    (b"%pdf", "a PDF document"),
    (b"pk\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7felf", "a program"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
    (b"\x93numpy", "a NumPy array"),
    (b"\x89hdf", "an HDF5 file"),
    (b"sqlite format 3", "a database"),
)
#: What is said of bytes that are nothing known.
UNKNOWN = "data of an unknown kind"
#: Formats whose first bytes are too few to tell them from anything else.
TWO_BYTES = frozenset({"SGI", "PPM"})
#: The end marker of a JPEG (ITU-T T.81, table B.1).
END_OF_IMAGE = b"\xff\xd9"
#: Damage in the middle of a JPEG puts the decoder out of step: it has all its pixels while data is left.
#: libjpeg says how much.
SURPLUS = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
#: Bytes that sound encoders are known to leave there as padding.
PADDING = 16


def content(data: bytes) -> str:
    """Say what a file holds that is no image.

    Examples
    --------
    >>> content(b"<!DOCTYPE html><p>404"), content(b"hello\\n"), content(bytes(100))
    ('an HTML page', 'text', 'nothing but zero bytes')
    """
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for magic, what in CONTENTS:
        if start.startswith(magic):
            return what
    if not data.strip(b"\0"):
        return "nothing but zero bytes"
    try:
        text = data[:512].decode("utf-8", "strict" if len(data) <= 512 else "ignore")
    except UnicodeDecodeError:
        return UNKNOWN
    return "text" if all(c.isprintable() or c in "\r\n\t" for c in text) else UNKNOWN


def classify(
    data: bytes, header: Header | None, error: BaseException | None = None, *, opened: bool = True
) -> tuple[str, str]:
    """Return the defect (a key of `DEFECTS`) and the reason of a file that Pillow refuses to open or, once
    `opened`, to decode.
    """
    if header is not None and header.defect == "missing-end-marker":
        if _complete(data):
            return (
                "missing-end-marker",
                "missing end marker: the JPEG's last bytes are gone, its picture is complete",
            )
        return "truncated", "truncated: the file ends inside the picture data"
    if header is not None and header.defect:
        return header.defect, header.reason
    if error is None:
        known = kind_of(data)
        if not known or (header is None and len(data) > 64 and known in TWO_BYTES):
            return "not-an-image", f"not an image: {content(data)}"
        if header is not None and header.bits == 12:
            return "unsupported", "unsupported: a JPEG of 12 bits per channel"
        found = extent(data, decoded=False)
        if found is not None and found.end < 0:
            return "truncated", found.reason
        return (
            ("truncated", f"truncated: only {len(data)} bytes of a {known}")
            if len(data) < 64
            else ("broken-header", f"broken header of a {known}")
        )
    if not opened and not kind_of(data) and content(data) != UNKNOWN:
        return "not-an-image", f"not an image: {content(data)}"
    found = extent(data, decoded=False)
    if found is not None and found.end < 0:
        return "truncated", found.reason
    text = " ".join(str(error).split()) or type(error).__name__
    low = text.lower()
    if any(
        word in low
        for word in (
            "truncated",
            "unexpected end",
            "too short",
            "not enough",
            "end of file",
            "premature",
            "unpack requires",
            "eof",
        )
    ):
        return "truncated", "truncated: the file ends before the picture does"
    if any(
        word in low
        for word in (
            "unsupported",
            "not supported",
            "cannot handle",
            "unknown",
            "not implemented",
            "not available",
        )
    ) or isinstance(error, NotImplementedError):
        return "unsupported", f"unsupported variant: {text}"
    if "crc" in low or "checksum" in low:
        return "bad-checksum", f"bad checksum: {text}"
    return ("damaged", f"damaged: {text}") if opened else ("broken-header", f"broken header: {text}")


def _complete(data: bytes) -> bool:
    """Whether all that a JPEG lacks is its end marker: with one put behind it, libjpeg misses nothing."""
    pixels, warning = decode_jpeg(data + END_OF_IMAGE, grey=True, factor=8)
    return pixels is not None and not corrupt_data(warning)


def corrupt_data(said: str) -> str:
    """Return the tolerated defect that libjpeg's warning speaks of; "" for none or for a harmless one.

    Examples
    --------
    >>> corrupt_data("Corrupt JPEG data: premature end of data segment")
    'cut-short'
    >>> corrupt_data("Corrupt JPEG data: 172 extraneous bytes before marker 0xd9")
    'corrupt-data'
    >>> corrupt_data("Corrupt JPEG data: 2 extraneous bytes before marker 0xd9")
    ''
    """
    if "premature end" in said or "Unsupported marker" in said:  # a marker where picture data was to go on
        return "cut-short"
    surplus = SURPLUS.search(said)
    if (
        (surplus and int(surplus[1]) > PADDING)
        or "Corrupt JPEG data: bad" in said
        or "Corrupt JPEG data: found" in said
    ):
        return "corrupt-data"
    return ""


def surviving_rows(data: bytes, header: Header) -> float:
    """Return the share of rows of a truncated JPEG or PNG that can still be decoded, in [0, 1].

    NaN where it is unknown.
    """
    if not header.height or not header.width:
        return float("nan")
    return (
        _png_rows(data, header)
        if header.format == "PNG"
        else _jpeg_rows(data)
        if header.format in ("JPEG", "MPO")
        else float("nan")
    )


def _jpeg_rows(data: bytes) -> float:
    """Decode what is there with an end marker behind it; count the rows above the flat tail of libjpeg's."""
    pixels, _ = decode_jpeg(data + END_OF_IMAGE, grey=True, factor=8)
    if pixels is None:
        return 0.0
    flat = (pixels == pixels[-1, -1]).all(axis=1)
    alive = np.flatnonzero(~flat)
    return float((alive[-1] + 1) / len(flat)) if len(alive) else 0.0


def _png_rows(data: bytes, header: Header) -> float:
    """Inflate the picture data as far as it goes; an interlaced picture counts by its share of bytes."""
    position, packed, interlaced, colour, depth = 8, [], False, 0, 8
    while position + 8 <= len(data):
        length, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        body = data[position + 8 : position + 8 + length]
        if kind == b"IHDR" and len(body) >= 13:
            depth, colour, interlaced = body[8], body[9], body[12] == 1
        if kind == b"IDAT":
            packed.append(body)
        position += 12 + length
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1)
    row = 1 + (header.width * samples * depth + 7) // 8
    inflater, size = zlib.decompressobj(), 0
    try:
        for chunk in packed:
            while chunk:
                size += len(inflater.decompress(chunk, 1 << 20))
                chunk = inflater.unconsumed_tail
    except (zlib.error, struct.error):
        pass
    rows = size / row if interlaced else size // row
    return float(min(1.0, rows / header.height))


__all__ = ["classify", "content", "corrupt_data", "surviving_rows"]
