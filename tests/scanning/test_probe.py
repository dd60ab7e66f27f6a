import io

import pytest
from PIL import Image

from auditor.scanning.probe import probe
from tests.scanning.making import chunk, chunks, encoded, jpeg, picture, png


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_says_of_a_jpeg_what_pillow_says(mode, progressive):
    data = encoded(picture(mode, 37, 21), "JPEG", progressive=progressive)
    header = probe(data)
    with Image.open(io.BytesIO(data)) as known:
        assert (header.format, header.mode, header.width, header.height) == (
            known.format,
            known.mode,
            *known.size,
        )
    assert (header.bits, header.orientation, header.trailing, header.defect) == (8, 1, 0, "")
    assert header.usual == (mode != "CMYK")


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "LA", "P", "RGB", "RGBA"])
def test_says_of_a_png_what_pillow_says(mode):
    data = png(mode=mode, width=19, height=23)
    header = probe(data)
    with Image.open(io.BytesIO(data)) as known:
        assert (header.format, header.mode, header.width, header.height) == (
            known.format,
            known.mode,
            *known.size,
        )
    assert header.bits == {"1": 1, "I;16": 16}.get(mode, 8)
    assert header.transparent == (mode in ("LA", "RGBA"))
    assert (header.defect, header.trailing) == ("", 0)


def test_other_formats_are_left_to_pillow():
    assert probe(encoded(picture(), "BMP")) is None
    assert probe(b"hello") is None


@pytest.mark.parametrize("progressive", [False, True])
def test_bytes_after_the_end_are_counted(progressive):
    data = jpeg(progressive=progressive)
    assert probe(data + b"x" * 17).trailing == 17
    assert probe(data + data).trailing == len(data)
    assert probe(png() + b"abc").trailing == 3


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_end_marker(progressive):
    assert probe(jpeg(progressive=progressive)[:-2]).defect == "missing-end-marker"


def test_a_thumbnail_inside_is_not_taken_for_the_picture():
    small = jpeg(16, 16)
    data = jpeg(64, 48)
    comment = b"\xff\xe5" + (len(small) + 2).to_bytes(2, "big") + small
    header = probe(data[:2] + comment + data[2:])
    assert (header.width, header.height, header.trailing, header.defect) == (64, 48, 0, "")


def test_png_without_its_end():
    data = png()
    (_, end, _), (start, _, kind) = chunks(data)[-2:]
    assert kind == b"IEND"
    assert probe(data[:start]).defect == "missing-end-marker"
    assert end == start


def test_png_cut_at_any_byte_is_never_whole():
    data = png(9, 7)
    assert {probe(data[:n]).defect for n in range(8, len(data))} == {"truncated", "missing-end-marker"}


def test_one_flipped_bit_in_any_png_chunk_fails_its_checksum():
    data = png(9, 7)
    for start, end, kind in chunks(data):
        broken = bytearray(data)
        broken[end - 5 if end - start > 12 else end - 1] ^= 1
        header = probe(bytes(broken))
        assert header.defect == "bad-checksum", kind
        assert kind.decode() in header.reason


def test_animated_png():
    data = png()
    animated = data[:33] + chunk(b"acTL", (3).to_bytes(4, "big") + bytes(4)) + data[33:]
    assert probe(animated).animated
    assert not probe(animated).usual
    assert not probe(data).animated


def test_many_scans_are_not_usual():
    data = jpeg(progressive=True)
    at = data.rfind(b"\xff\xda")
    scan = data[at:-2]
    assert probe(data).usual
    assert not probe(data[:-2] + scan * 80 + b"\xff\xd9").usual
