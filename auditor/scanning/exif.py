"""The few EXIF tags that a scan reads: orientation, position, serial numbers, camera and time."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

#: EXIF 3.0 (CIPA DC-008-2023), tables 4, 6, 9 and 17.
MAKE, MODEL, ORIENTATION, CHANGED = 0x010F, 0x0110, 0x0112, 0x0132
EXIF_IFD, GPS_IFD, TAKEN = 0x8769, 0x8825, 0x9003
LATITUDE, LONGITUDE = 2, 4
#: Owner's name, body and lens serial numbers; and DNG's camera serial number, which phones write too.
SERIALS = frozenset({0xA430, 0xA431, 0xA435, 0xC62F})
#: TIFF types of texts and of two-byte numbers, and bytes of a text that are read.
ASCII, SHORT, LONGEST = 2, 3, 64


class Exif(NamedTuple):
    """What the metadata of a file says.

    Attributes
    ----------
    orientation : int
        1 to 8; 1 where unknown.
    private : str
        Any of ``gps serial``.
    camera : str
        Maker and model; "" where unknown.
    taken : str
        Local time of the exposure, or else of the last change, as ``2026:11:26 14:05:09``; "" where unknown.
    """

    orientation: int = 1
    private: str = ""
    camera: str = ""
    taken: str = ""


class _Entry(NamedTuple):
    kind: int
    length: int
    value: int
    place: int


def _entries(data: bytes, offset: int, order: str) -> Mapping[int, _Entry]:
    """Return the entries of one directory by tag; ``value`` is an offset where it does not fit in place."""
    if not 0 < offset <= len(data) - 2:
        return {}
    (count,) = struct.unpack_from(order + "H", data, offset)
    count = min(count, (len(data) - offset - 2) // 12)
    found: dict[int, _Entry] = {}
    for i in range(count):
        place = offset + 2 + 12 * i
        tag, kind, n = struct.unpack_from(order + "HHI", data, place)
        found[tag] = _Entry(
            kind,
            n,
            struct.unpack_from(order + ("H" if kind == SHORT else "I"), data, place + 8)[0],
            place + 8,
        )
    return found


def _text(data: bytes, entry: _Entry | None) -> str:
    if entry is None or entry.kind != ASCII:
        return ""
    start = entry.place if entry.length <= 4 else entry.value
    return clean(data[start : start + min(entry.length, LONGEST)].partition(b"\0")[0].decode("latin-1"))


def clean(text: str) -> str:
    """Return a text of the metadata on one line, without what cannot be printed.

    Examples
    --------
    >>> clean("  Canon\\n EOS\\x07 ")
    'Canon EOS'
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text[:LONGEST]).split())


def camera_name(make: str, model: str) -> str:
    """Return maker and model, the maker once.

    Examples
    --------
    >>> camera_name("Canon", "Canon EOS 5D"), camera_name("Apple", "iPhone 15"), camera_name("", "")
    ('Canon EOS 5D', 'Apple iPhone 15', '')
    """
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()


def read_exif(data: bytes) -> Exif:
    """Return what the metadata says.

    Parameters
    ----------
    data : bytes
        The TIFF structure, with or without the ``Exif\\0\\0`` before it.
    """
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return Exif()
    tags = _entries(data, struct.unpack_from(order + "I", data, 4)[0], order)
    inner = _entries(data, tags[EXIF_IFD].value, order) if EXIF_IFD in tags else {}
    orientation = tags[ORIENTATION].value if ORIENTATION in tags else 1
    private = []
    if GPS_IFD in tags and {LATITUDE, LONGITUDE} <= _entries(data, tags[GPS_IFD].value, order).keys():
        private.append("gps")
    if SERIALS & (tags.keys() | inner.keys()):
        private.append("serial")
    return Exif(
        orientation if 1 <= orientation <= 8 else 1,
        " ".join(private),
        camera_name(_text(data, tags.get(MAKE)), _text(data, tags.get(MODEL))),
        _text(data, inner.get(TAKEN)) or _text(data, tags.get(CHANGED)),
    )
