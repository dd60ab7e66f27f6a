"""TFRecord files and the ``tf.train.Example`` messages in them, read without TensorFlow."""

from __future__ import annotations

import importlib
import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from auditor.errors import MissingExtraError

#: What is added to a rotated checksum, so that a checksum of data that holds checksums means something
#: (TensorFlow, tsl/lib/hash/crc32c.h).
MASK_DELTA = 0xA282EAD8
#: Bytes before the data of a record (length, its checksum) and behind it (checksum).
HEAD, TAIL = 12, 4


class Stretch(NamedTuple):
    """Where the data of a record is in its file."""

    offset: int
    size: int


def masked_crc(data: bytes) -> int:
    """Return the checksum that TFRecord files hold: CRC-32C, rotated and shifted.

    Examples
    --------
    >>> hex(masked_crc(bytes(32)))  # CRC-32C of 32 zeros is 0x8a9136aa (RFC 3720, section B.4)
    '0xfd7fffa'
    """
    try:
        crc = importlib.import_module("google_crc32c").value(data)
    except ImportError:
        raise MissingExtraError.of("google-crc32c", "tfrecord") from None
    return int(((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF)


def stretches(view: mmap.mmap | bytes) -> Iterator[Stretch | str]:
    """Yield where each record is, without reading it.

    At last, where the file is damaged, why nothing behind can be found.
    """
    at, end = 0, len(view)
    while at < end:
        head = view[at : at + HEAD]
        if len(head) < HEAD:
            yield "the file is cut short inside the head of a record"
            return
        size, crc = struct.unpack("<QI", head)
        if masked_crc(head[:8]) != crc:
            yield "a bad checksum of a record's length"
            return
        if at + HEAD + size + TAIL > end:
            yield "the file is cut short inside a record"
            return
        yield Stretch(at + HEAD, size)
        at += HEAD + size + TAIL


def record(file: Path, place: Stretch) -> bytes:
    """Return the data of a record.

    Raises
    ------
    OSError
        Its checksum is wrong.
    """
    with file.open("rb", buffering=0) as stream:
        stream.seek(place.offset)
        data = stream.read(place.size + TAIL)
    if len(data) < place.size + TAIL:
        raise OSError("the file has become shorter")
    if masked_crc(data[:-TAIL]) != int.from_bytes(data[-TAIL:], "little"):
        raise OSError("the record has a bad checksum (CRC)")
    return data[:-TAIL]


def _varint(view: Any, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _fields(view: Any, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field number, wire type, start, end) of the fields of a message.

    The start of a varint is its value.
    """
    while at < end:
        tag, at = _varint(view, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(view, at)
            yield tag >> 3, 0, value, at
            continue
        size = {1: 8, 5: 4}.get(kind)
        if kind == 2:
            size, at = _varint(view, at)
        if size is None or at + size > end:
            raise ValueError("no message of protocol buffers")
        yield tag >> 3, kind, at, at + size
        at += size


def features(view: Any, at: int, end: int, small: int | None = None) -> dict[str, bytes | int | float]:
    """Return the first value of each feature of an Example (tensorflow/core/example/feature.proto).

    Parameters
    ----------
    view : bytes or mmap
    at, end : int
        Where the message is in it.
    small : int, optional
        Leave values of more bytes than this unread: what maps a file need not read its images to know their
        labels.

    Raises
    ------
    ValueError
        It is no such message.
    """
    found: dict[str, bytes | int | float] = {}
    try:
        for number, _, start, stop in _fields(view, at, end):
            if number != 1:
                continue
            for _, _, entry, entry_end in _fields(view, start, stop):
                name, value = "", None
                for part, kind, first, last in _fields(view, entry, entry_end):
                    if part == 1 and kind == 2:
                        name = bytes(view[first:last]).decode("utf-8", "backslashreplace")
                    elif part == 2:
                        value = _value(view, first, last, small)
                if value is not None:
                    found[name] = value
    except IndexError:
        raise ValueError("a message that ends early") from None
    return found


def _value(view: Any, at: int, end: int, small: int | None) -> bytes | int | float | None:
    """Return the first value of a feature; blank bytes for one that is larger than ``small``."""
    for kind, _, start, stop in _fields(view, at, end):
        for _, wire, first, last in _fields(view, start, stop):
            if kind == 1:
                return bytes(view[first:last]) if small is None or last - first <= small else b""
            if kind == 2:
                return float(struct.unpack("<f", view[first : first + 4])[0]) if last - first >= 4 else None
            number = first if wire == 0 else _varint(view, first)[0]
            return number - (1 << 64) if number >> 63 else number
    return None
