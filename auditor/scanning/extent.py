"""Where a container says that its picture ends: what is cut off, and what lies behind.

Decoders stop at the last pixel that they need: a GIF whose later frames are gone, or an icon without its
largest picture, opens without a word. JPEG and PNG have a probe of their own (`auditor.scanning.probe`).
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

#: First bytes of formats; `kind_of` recognises further ones.
MAGICS = (
    (b"\xff\xd8", "JPEG"), (b"\x89PNG", "PNG"), (b"GIF8", "GIF"), (b"BM", "BMP"), (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"), (b"\xff\x4f\xff\x51", "JPEG2000"), (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"qoif", "QOI"), (b"\x01\xda", "SGI"), (b"\0\0\1\0", "ICO"),
    *((b"P%d" % number + space, "PPM") for number in range(1, 7) for space in (b"\n", b" ", b"\r", b"\t")),
)  # fmt: skip
#: Sizes of the header that follows "BM" and the file's own: texts that begin with these letters have other
#: bytes there.
BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
#: Brands of AVIF in the first box of a file.
AVIF_BRANDS = frozenset({b"avif", b"avis"})
#: The boxes that AVIF and JPEG 2000 files are made of: what follows under another name is no part of the
#: picture.
BOXES = frozenset({
    b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"wide", b"uuid", b"idat", b"moof", b"mfra", b"sidx",
    b"styp", b"jP  ", b"jp2h", b"jp2c", b"jp2i", b"xml ", b"uinf", b"asoc", b"rreq", b"nlst", b"lbl ", b"cref",
    b"ftbl",
})  # fmt: skip
#: Directories of a TIFF that are walked: each is a page.
PAGES = 65_536
#: TIFF tags of the places of strips and tiles, and of their sizes (TIFF 6.0, sections 8 and 15).
PLACES = {273: 279, 324: 325}
#: Bytes of a value by its TIFF type (TIFF 6.0, section 2).
VALUE_BYTES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
#: How a Targa file of version 2 ends.
TARGA_FOOTER = b"TRUEVISION-XFILE.\0"
#: The end of a QOI file.
QOI_END = bytes(7) + b"\x01"


class Extent(NamedTuple):
    """What a container says: ``end`` is the position behind the picture, -1 where the file ends before it."""

    end: int
    reason: str = ""
    marker_alone: bool = False


def kind_of(data: bytes) -> str:
    """Return the format that the first bytes are those of, as Pillow calls it; "" for none.

    Examples
    --------
    >>> kind_of(b"GIF89a"), kind_of(b"RIFF\\x10\\0\\0\\0WEBPVP8 "), kind_of(b"hello")
    ('GIF', 'WEBP', '')
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        size = min(int.from_bytes(data[:4], "big"), 256)
        brands = {data[8:12], *(data[i : i + 4] for i in range(16, size, 4))}
        return "AVIF" if AVIF_BRANDS & brands else ""
    if data[:2] == b"BM" and len(data) >= 18 and int.from_bytes(data[14:18], "little") not in BMP_HEADERS:
        return ""
    return next((name for magic, name in MAGICS if data.startswith(magic)), "")


def extent(data: bytes, *, decoded: bool, format: str = "") -> Extent | None:
    """Return where the picture ends; ``None`` for formats that do not say so, JPEG and PNG among them.

    Parameters
    ----------
    data : bytes
    decoded : bool
        Whether the first picture was decoded whole: then wrong sizes in its directory are forgiven, as
        decoders do.
    format : str
        What a decoder took it for; a Targa file has no first bytes of its own.
    """
    kind = kind_of(data) or format
    readers = {
        "GIF": _gif,
        "WEBP": _webp,
        "BMP": _bmp,
        "AVIF": _boxes,
        "JPEG2000": _jpeg2000,
        "ICO": _icon,
        "QOI": _qoi,
    }
    if decoded:
        readers |= {"PPM": _netpbm, "SGI": _sgi, "TGA": _targa}
    reader = readers.get(kind)
    try:
        return _tiff(data, decoded) if kind == "TIFF" else reader(data) if reader is not None else None
    except (IndexError, struct.error):
        return Extent(-1, f"truncated: the {kind} ends before its picture does")


def _gif(data: bytes) -> Extent:
    """Walk the blocks up to the trailer (GIF89a specification, appendix B)."""

    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    position, frames = 13 + table(data[10]), 0
    while position < len(data):
        block = data[position]
        if block == 0x3B:
            return Extent(position + 1) if frames else Extent(-1, "truncated: the GIF has no picture")
        if block == 0x2C:
            frames += 1
            position += 10 + table(data[position + 9]) + 1
        elif block == 0x21:
            position += 2
        else:  # decoders skip what is no block
            position += 1
            continue
        while (size := data[position]) > 0:
            position += 1 + size
        position += 1
    if position == len(data) and frames:
        return Extent(
            -1, "missing end marker: the GIF has no trailer, its pictures are complete", marker_alone=True
        )
    return Extent(-1, "truncated: the GIF ends inside its pictures")


def _webp(data: bytes) -> Extent:
    announced = 8 + int.from_bytes(data[4:8], "little")
    if announced > len(data):
        return Extent(-1, f"truncated: the WebP announces {announced:,} bytes and has {len(data):,}")
    return Extent(min(announced + announced % 2, len(data)))


def _bmp(data: bytes) -> Extent | None:
    """Uncompressed pictures alone; the header's size is often wrong: the larger of the two ends counts."""
    header = int.from_bytes(data[14:18], "little")
    if header < 40 or len(data) < 34 or int.from_bytes(data[30:34], "little") not in (0, 3):
        return None
    width, height = (int.from_bytes(data[at : at + 4], "little", signed=True) for at in (18, 22))
    bits, start = int.from_bytes(data[28:30], "little"), int.from_bytes(data[10:14], "little")
    end = start + (width * bits + 31) // 32 * 4 * abs(height)
    if width <= 0 or height == 0 or start < 14 + header or bits not in (1, 4, 8, 16, 24, 32):
        return None
    if end > len(data):
        return Extent(-1, f"truncated: the BMP needs {end:,} bytes and has {len(data):,}")
    announced = int.from_bytes(data[2:6], "little")
    return Extent(max(end, min(announced, len(data))))


def _boxes(data: bytes) -> Extent:
    """Walk the boxes of an ISO base media file (ISO/IEC 14496-12, 4.2)."""
    position, last = 0, ""
    while position + 8 <= len(data):
        size, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if kind not in BOXES:
            return Extent(position)
        last = kind.decode("ascii").strip()
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size == 0:
            return Extent(len(data))
        if size < 8:
            return Extent(position)
        position += size
    if position > len(data):
        return Extent(-1, f"truncated: the file ends inside its box '{last}'")
    if last in ("ftyp", "meta"):
        return Extent(-1, "truncated: the file ends before its picture data")
    return Extent(position)


def _jpeg2000(data: bytes) -> Extent:
    """The code stream ends with its own marker (ITU-T T.800, A.4.4), inside boxes or alone."""
    end = data.rfind(b"\xff\xd9") + 2
    if data.startswith(b"\0\0\0\x0c"):
        walked = _boxes(data)
        if walked.end < 0 or b"jp2c" not in data:
            return Extent(-1, walked.reason or "truncated: the JPEG 2000 file has no code stream")
        end = walked.end if walked.end < len(data) else end
    if end < 2:
        return Extent(-1, "truncated: the JPEG 2000 code stream has no end")
    return Extent(end)


def _tiff(data: bytes, decoded: bool) -> Extent | None:
    """Follow the directories; a TIFF may have anything behind its pages, so only a cut is reported."""
    order = "<" if data[0] == 0x49 else ">"
    (directory,) = struct.unpack_from(order + "I", data, 4)
    seen: set[int] = set()
    while directory and directory not in seen and len(seen) < PAGES:
        cut = Extent(-1, f"truncated: the TIFF ends before the directory of page {len(seen) + 1}")
        if directory + 2 > len(data):
            return cut
        (count,) = struct.unpack_from(order + "H", data, directory)
        after = directory + 2 + 12 * count
        if after + 4 > len(data):
            return cut
        tags = {
            tag: (kind, n, at + 8)
            for at in range(directory + 2, after, 12)
            for tag, kind, n in [struct.unpack_from(order + "HHI", data, at)]
        }
        for place, size in PLACES.items():
            starts, sizes = (_numbers(data, order, tags.get(tag)) for tag in (place, size))
            ends = [
                start + (1 if decoded and not seen else n) for start, n in zip(starts, sizes, strict=False)
            ]
            if not decoded:  # a table that decoding needs may be gone too
                ends += [_value_end(data, order, entry) for entry in tags.values()]
            if max(ends, default=0) > len(data):
                return Extent(-1, f"truncated: the TIFF ends inside page {len(seen) + 1}")
        seen.add(directory)
        (directory,) = struct.unpack_from(order + "I", data, after)
    return None


def _value_end(data: bytes, order: str, entry: tuple[int, int, int]) -> int:
    """Return the position behind the values of a directory's entry."""
    kind, n, at = entry
    size = n * VALUE_BYTES.get(kind, 1)
    return struct.unpack_from(order + "I", data, at)[0] + size if size > 4 else 0


def _numbers(data: bytes, order: str, entry: tuple[int, int, int] | None) -> tuple[int, ...]:
    """Return the values of a directory's entry (type, number, place); none for types of no whole numbers."""
    if entry is None or entry[0] not in (3, 4):
        return ()
    kind, n, at = entry
    n = min(n, len(data))
    code, size = ("H", 2) if kind == 3 else ("I", 4)
    if n * size > 4:
        (at,) = struct.unpack_from(order + "I", data, at)
    return struct.unpack_from(f"{order}{n}{code}", data, at)


def _icon(data: bytes) -> Extent | None:
    count = int.from_bytes(data[4:6], "little")
    end = 6 + 16 * count
    for at in range(6, end, 16):
        if at + 16 > len(data):
            return Extent(-1, "truncated: the icon ends inside its directory")
        end = max(
            end,
            int.from_bytes(data[at + 8 : at + 12], "little")
            + int.from_bytes(data[at + 12 : at + 16], "little"),
        )
    if not count:
        return None
    if end > len(data):
        return Extent(-1, f"truncated: the icon needs {end:,} bytes and has {len(data):,}")
    return Extent(end)


def _qoi(data: bytes) -> Extent:
    end = data.rfind(QOI_END)
    return (
        Extent(end + len(QOI_END))
        if end >= 14
        else Extent(-1, "truncated: the QOI file ends before its end marker")
    )


def _netpbm(data: bytes) -> Extent | None:
    """Raw pictures alone (P4 to P6), by the numbers of their header (Netpbm's manuals of pbm, pgm, ppm)."""
    number = 2 if data[1:2] == b"4" else 3
    found = re.match(rb"P[456]" + rb"(?:\s|#[^\n]*\n)+(\d+)" * number + rb"\s", data)
    if found is None:
        return None
    width, height, *white = map(int, found.groups())
    row = (
        (width + 7) // 8
        if not white
        else width * (3 if data[1:2] == b"6" else 1) * (2 if white[0] > 255 else 1)
    )
    return Extent(min(found.end() + row * height, len(data)))


def _sgi(data: bytes) -> Extent | None:
    """By size where stored as it is, by the table of rows where runs are packed.

    Haeberli, "The SGI Image File Format", 1.0.
    """
    packed, bytes_each, _, width, height, channels = struct.unpack_from(">BBHHHH", data, 2)
    if packed != 1:
        return Extent(min(512 + width * height * channels * bytes_each, len(data)))
    rows = height * channels
    starts, lengths = (struct.unpack_from(f">{rows}I", data, 512 + 4 * rows * table) for table in (0, 1))
    return Extent(min(max(map(sum, zip(starts, lengths, strict=True))), len(data)))


def _targa(data: bytes) -> Extent | None:
    """Pictures without runs, and without the areas of version 2, which may lie anywhere before its footer.

    Truevision TGA, 2.0.
    """
    identity, _, kind, _, colours, depth, _, _, width, height, bits = struct.unpack_from("<BBBHHBHHHHB", data)
    if kind not in (1, 2, 3) or data.endswith(TARGA_FOOTER):
        return None
    end = 18 + identity + colours * ((depth + 7) // 8) + width * height * ((bits + 7) // 8)
    footer = end + 8 + len(TARGA_FOOTER)
    return Extent(min(footer if data[:footer].endswith(TARGA_FOOTER) else end, len(data)))
