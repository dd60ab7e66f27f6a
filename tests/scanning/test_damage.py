import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auditor.scanning.pixels import Unreadable, decode
from auditor.scanning.schema import DEFECTS, TOLERATED
from tests.scanning.making import chunks, encoded, jpeg, picture, png

FORMATS = {
    "JPEG": {}, "PNG": {}, "GIF": {}, "BMP": {}, "TIFF": {}, "WEBP": {}, "PPM": {}, "JPEG2000": {},
    "TGA": {"compression": "tga_rle"}, "AVIF": {},
}  # fmt: skip
FILES = {f: encoded(picture(width=24, height=18), f, **o) for f, o in FORMATS.items()}
#: Formats that end where their pixels do, so that every cut takes pixels away.
STRICT = ("JPEG", "PNG", "BMP", "WEBP", "PPM", "AVIF")


def verdict(data: bytes) -> tuple[str, str]:
    try:
        return decode(data).defect, "ok"
    except Unreadable as error:
        assert error.defect in DEFECTS
        assert str(error)
        assert str(error).isprintable()
        return error.defect, str(error)


@pytest.mark.parametrize("format", FORMATS)
def test_whole_files_have_no_defect(format):
    assert verdict(FILES[format]) == ("", "ok")


@pytest.mark.parametrize(
    ("data", "defect", "words"),
    [
        (b"", "empty", "0 bytes"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "not-an-image", "an HTML page"),
        (b'{"error": "not found"}', "not-an-image", "JSON"),
        (b"just some text\n" * 20, "not-an-image", "text"),
        (bytes(4000), "not-an-image", "zero bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "not-an-image", "Git LFS"),
        (np.random.default_rng(0).bytes(3000), "not-an-image", "unknown kind"),
        (jpeg()[:-2], "missing-end-marker", "end marker"),
        (jpeg(200, 200)[:2500], "truncated", "picture data"),
        (jpeg()[:100], "truncated", "header"),
        (png(200, 200)[:5000], "truncated", "IDAT"),
        (png()[:-12], "missing-end-marker", "IEND"),
    ],
)
def test_taxonomy(data, defect, words):
    found, reason = verdict(data)
    assert found == defect
    assert words in reason


def test_bad_checksum():
    data = bytearray(png())
    start = next(s for s, _, kind in chunks(bytes(data)) if kind == b"IDAT")
    data[start + 12] ^= 0xFF
    assert verdict(bytes(data)) == ("bad-checksum", "bad checksum in the PNG's IDAT chunk")


def noisy(width: int = 256, height: int = 256) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_share_of_surviving_rows(format, share):
    data = encoded(noisy(), format)
    with pytest.raises(Unreadable) as caught:
        decode(data[: int(len(data) * share)])
    assert caught.value.survives == pytest.approx(share, abs=0.08)


def test_cut_short_behind_an_end_marker_is_heard():
    data = encoded(noisy(), "JPEG")
    assert verdict(data[: len(data) // 2] + b"\xff\xd9") == ("cut-short", "ok")
    assert "cut-short" in TOLERATED


@pytest.mark.parametrize("format", STRICT)
def test_every_cut_is_noticed(format):
    data = FILES[format]
    for n in range(len(data)):
        assert verdict(data[:n])[0] != "", f"{format} cut to {n} of {len(data)} bytes"


@pytest.mark.parametrize("format", sorted(set(FORMATS) - set(STRICT)))
def test_cuts_of_lenient_formats_never_fail(format):
    data = FILES[format]
    verdicts = [verdict(data[:n])[0] for n in range(0, len(data), 7)]
    assert verdicts[1] != ""


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=40, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8
    ),
    cut=st.floats(0.1, 1),
)
def test_mutated_files_are_read_or_refused_with_a_reason(format, changes, cut):
    data = bytearray(FILES[format])
    for place, value in changes:
        data[int(place * len(data))] = value
    verdict(bytes(data[: int(len(data) * cut) + 1]))


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(
        [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"RIFF\x40\0\0\0WEBPVP8 "]
    ),
)
def test_any_bytes_are_read_or_refused_with_a_reason(data, start):
    verdict(start + data)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(["PNG", "TIFF"]),
)
def test_generated_pictures_are_read(mode, width, height, format):
    data = encoded(picture(mode, width, height), format)
    decoded = decode(data)
    with Image.open(io.BytesIO(data)) as known:
        assert (decoded.header.width, decoded.header.height, decoded.header.mode) == (*known.size, known.mode)
    assert decoded.pixels.shape[:2] == (height, width)
