"""Files of every format, cut anywhere and with something behind them."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from auditor.scanning.extent import extent, kind_of
from auditor.scanning.pixels import Unreadable, decode
from tests.scanning.making import encoded, picture

SMALL = {"width": 24, "height": 18}
MORE = {"save_all": True, "append_images": [picture(seed=k, **SMALL) for k in (3, 4)]}
#: Name, Pillow's format, mode and options; the name up to the dash is what the file is called when it is
#: opened.
MADE = {
    "GIF": ("GIF", "RGB", {}),
    "GIF-frames": ("GIF", "RGB", MORE),
    "BMP": ("BMP", "RGB", {}),
    "BMP-palette": ("BMP", "P", {}),
    "BMP-bits": ("BMP", "1", {}),
    "TIFF": ("TIFF", "RGB", {}),
    "TIFF-lzw": ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    "TIFF-deflate": ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
    "TIFF-jpeg": ("TIFF", "RGB", {"compression": "jpeg"}),
    "TIFF-grey": ("TIFF", "I;16", {}),
    "WEBP": ("WEBP", "RGB", {}),
    "WEBP-lossless": ("WEBP", "RGBA", {"lossless": True}),
    "WEBP-frames": ("WEBP", "RGB", MORE),
    "AVIF": ("AVIF", "RGB", {}),
    "AVIF-frames": ("AVIF", "RGB", MORE),
    "JPEG2000": ("JPEG2000", "RGB", {}),
    "JPEG2000-stream": ("JPEG2000", "L", {"no_jp2": True}),
    "ICO": ("ICO", "RGBA", {}),
    "QOI": ("QOI", "RGB", {}),
    "SGI": ("SGI", "RGB", {}),
    "SGI-grey": ("SGI", "L", {"bpc": 2}),
    "TGA": ("TGA", "RGBA", {}),
    "TGA-palette": ("TGA", "P", {}),
    "DIB": ("DIB", "RGB", {}),
    "PPM": ("PPM", "RGB", {}),
    "PPM-grey": ("PPM", "L", {}),
    "PPM-bits": ("PPM", "1", {}),
    "PNG": ("PNG", "RGB", {}),
    "PNG-frames": ("PNG", "RGB", MORE),
    "JPEG": ("JPEG", "RGB", {}),
    "JPEG-progressive": ("JPEG", "RGB", {"progressive": True}),
    "JPEG-cmyk": ("JPEG", "CMYK", {}),
}
FILES = {
    name: encoded(picture(mode, **SMALL), format, **options) for name, (format, mode, options) in MADE.items()
}
#: Formats whose structure says where they end.
ENDING = [name for name in FILES if name.split("-")[0] not in ("TIFF", "DIB")]


def verdict(data: bytes) -> str:
    try:
        return decode(data).defect
    except Unreadable as error:
        return error.defect


@pytest.mark.parametrize("name", FILES)
def test_whole_files_are_whole(name):
    found = decode(FILES[name])
    assert (found.header.format, found.defect, found.header.trailing) == (name.split("-")[0], "", 0)
    with Image.open(io.BytesIO(FILES[name])) as known:
        assert found.header.animated == ("frames" in name) == bool(getattr(known, "is_animated", False))


#: A Targa file says nothing of its kind at its start, and its footer may be gone without a loss.
@pytest.mark.parametrize("name", [n for n in FILES if not n.startswith("TGA")])
def test_a_file_cut_at_any_byte_is_called_cut(name):
    data = FILES[name]
    found = {n: verdict(data[:n]) for n in range(12, len(data))}
    cut = ("truncated", "missing-end-marker")
    assert all(found.values()), [n for n, defect in found.items() if not defect]
    assert sum(defect in cut for defect in found.values()) > 0.95 * len(found), {
        n: d for n, d in found.items() if d not in cut
    }


@pytest.mark.parametrize("name", ENDING)
@pytest.mark.parametrize("behind", [b"junk" * 20, bytes(100), b"\xff\xd8\xff\xe0" + bytes(60)])
def test_bytes_behind_the_picture_are_counted(name, behind):
    found = decode(FILES[name] + behind)
    assert (found.header.trailing, found.defect) == (len(behind), "")


@pytest.mark.parametrize("name", ["TGA", "TGA-palette"])
def test_a_targa_is_cut_or_complete_with_a_stump_of_its_footer(name):
    data = FILES[name]
    picture_end = len(data) - 26
    assert all(verdict(data[:n]) for n in range(1, picture_end))
    for n in range(picture_end, len(data)):
        found = decode(data[:n])
        assert (found.defect, found.header.trailing) == ("", n - picture_end)


def test_a_raw_netpbm_with_comments_and_two_bytes_a_value():
    values = np.arange(24 * 18, dtype=">u2").tobytes()
    data = b"P5\n# made by hand\n24 18\n# deep\n65535\n" + values
    assert (decode(data).header.trailing, decode(data + b"end").header.trailing) == (0, 3)


def test_an_sgi_with_runs_ends_with_its_last_run():
    rows = [bytes([0x80 | 24, *([y] * 24), 0]) for y in range(18)]
    start = 512 + 8 * 18
    starts = [start + sum(map(len, rows[:y])) for y in range(18)]
    head = struct.pack(">HBBHHHHII", 474, 1, 1, 2, 24, 18, 1, 0, 255).ljust(512, b"\0")
    data = head + struct.pack(">18I", *starts) + struct.pack(">18I", *map(len, rows)) + b"".join(rows)
    assert (decode(data).header.trailing, decode(data + b"12345").header.trailing) == (0, 5)


def test_a_later_picture_of_an_mpo_that_is_cut_off_is_missed():
    more = [
        picture(seed=k, **SMALL) for k in (3, 4)
    ]  # of its own: writing an MPO leaves its settings in the pictures
    data = encoded(picture(**SMALL), "MPO", save_all=True, append_images=more)
    first = data.index(b"\xff\xd9") + 2
    assert verdict(data) == ""
    assert {verdict(data[:n]) for n in range(first + 1, len(data))} == {"truncated"}
    assert all(verdict(data[:n]) for n in range(12, first))
    assert verdict(data[:first]) == ""  # the first picture alone, saved by a tool that left the index in
    with pytest.raises(Unreadable, match="behind its first"):
        decode(data[:-1])


def test_a_later_page_that_is_cut_off_is_missed():
    pages = encoded(picture(**SMALL), "TIFF", **MORE)
    assert all(verdict(pages[:n]) == "truncated" for n in range(12, len(pages) - 8, 5))
    assert verdict(pages) == ""


def test_a_tiff_whose_directory_counts_too_many_bytes_is_whole_if_it_decodes():
    data = bytearray(FILES["TIFF-lzw"])
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    place = next(
        at
        for at in range(directory + 2, directory + 2 + 12 * count, 12)
        if struct.unpack_from("<H", data, at) == (279,)
    )
    kind, n, size = struct.unpack_from("<HII", data, place + 2)
    assert (kind, n) == (4, 1)
    struct.pack_into("<I", data, place + 8, size + len(data))
    assert verdict(bytes(data)) in ("", "truncated")  # as libtiff decides
    assert extent(bytes(data), decoded=True) is None


def test_a_directory_that_names_itself_as_the_next_ends():
    data = bytearray(FILES["TIFF"])
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    struct.pack_into("<I", data, directory + 2 + 12 * count, directory)
    assert extent(bytes(data), decoded=True) is None


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    st.integers(0, 10_000),
)
def test_never_fails_on_any_bytes(name, changes, cut):
    data = bytearray(FILES[name])
    for place, value in changes:
        data[place % len(data)] = value
    data = data[: 1 + cut % len(data)]
    for decoded in (True, False):
        found = extent(bytes(data), decoded=decoded, format=MADE[name][0])
        assert found is None or (found.reason if found.end < 0 else 0 <= found.end <= len(data))
    assert kind_of(bytes(data)) in (
        "",
        "JPEG",
        "PNG",
        "GIF",
        "BMP",
        "TIFF",
        "JPEG2000",
        "QOI",
        "SGI",
        "ICO",
        "PPM",
        "WEBP",
        "AVIF",
    )


@pytest.mark.parametrize(
    ("format", "places", "value", "defect"),
    [
        ("BMP", (18, 26), struct.pack("<ii", 0, 0), "broken-header"),
        ("BMP", (18, 26), struct.pack("<ii", 40_000, 40_000), "bomb"),
        ("GIF", (6, 10), struct.pack("<HH", 65_535, 65_535), "bomb"),
    ],
)
def test_sizes_in_a_header_that_no_picture_has(format, places, value, defect):
    data = bytearray(FILES[format])
    data[slice(*places)] = value
    with pytest.raises(Unreadable) as caught:
        decode(bytes(data))
    assert (caught.value.defect, caught.value.header.format) == (defect, format)


def test_a_text_that_begins_like_a_picture_is_a_text():
    with pytest.raises(Unreadable, match="not an image: text"):
        decode(b"BMW and others are makes of cars, and this is a list of them: " * 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_measured_as_it_is_stored(orientation):
    stored = picture(**SMALL)
    found = decode(encoded(stored, "TIFF", tiffinfo={274: orientation}))
    assert (found.header.width, found.header.height, found.header.orientation) == (24, 18, orientation)
    assert (found.rgb == stored).all()
