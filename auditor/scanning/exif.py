"""The few EXIF tags that a scan reads: orientation, position, serial numbers."""

from __future__ import annotations

import struct
from collections.abc import Mapping

#: EXIF 3.0 (CIPA DC-008-2023), tables 4, 9 and 17.
ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825
LATITUDE, LONGITUDE = 2, 4
#: Owner's name, body and lens serial numbers; and DNG's camera serial number, which phones write too.
SERIALS = frozenset({0xA430, 0xA431, 0xA435, 0xC62F})


def _entries(data: bytes, offset: int, order: str) -> Mapping[int, int]:
    """Return tag -> value of one directory; values that are not stored in place are their offsets."""
    if not 0 < offset <= len(data) - 2:
        return {}
    (count,) = struct.unpack_from(order + "H", data, offset)
    count = min(count, (len(data) - offset - 2) // 12)
    found: dict[int, int] = {}
    for i in range(count):
        place = offset + 2 + 12 * i
        tag, kind = struct.unpack_from(order + "HH", data, place)
        found[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, place + 8)[0]
    return found


def read_exif(data: bytes) -> tuple[int, str]:
    """Return the orientation (1 to 8; 1 where unknown) and what is private: any of ``gps serial``.

    Parameters
    ----------
    data : bytes
        The TIFF structure, with or without the ``Exif\\0\\0`` before it.
    """
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return 1, ""
    tags = _entries(data, struct.unpack_from(order + "I", data, 4)[0], order)
    orientation = tags.get(ORIENTATION, 1)
    private = []
    if GPS_IFD in tags and {LATITUDE, LONGITUDE} <= _entries(data, tags[GPS_IFD], order).keys():
        private.append("gps")
    if SERIALS & (tags.keys() | (_entries(data, tags[EXIF_IFD], order).keys() if EXIF_IFD in tags else set())):
        private.append("serial")
    return orientation if 1 <= orientation <= 8 else 1, " ".join(private)
