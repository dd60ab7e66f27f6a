import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from auditor.scanning.exif import read_exif
from auditor.scanning.pixels import decode
from tests.scanning.making import encoded, picture


def written(orientation=None, gps=None, serial=None) -> bytes:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    if serial is not None:
        exif.get_ifd(0x8769)[0xA431] = serial
    if gps is not None:
        exif.get_ifd(0x8825).update(gps)
    return exif.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_reads_what_pillow_writes(orientation):
    assert read_exif(written(orientation))[:2] == (orientation, "")


def test_reads_both_byte_orders():
    little = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + bytes(4)
    big = b"MM\0*\0\0\0\x08" + b"\0\x01" + b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + bytes(4)
    assert read_exif(little) == read_exif(big) == (6, "", "", "")


def test_finds_positions_and_serial_numbers():
    place = {1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)}
    assert read_exif(written(gps=place))[:2] == (1, "gps")
    assert read_exif(written(serial="12345"))[:2] == (1, "serial")
    assert read_exif(written(3, place, "12345"))[:2] == (3, "gps serial")


def test_an_empty_gps_directory_gives_nothing_away():
    assert read_exif(written(gps={0: b"\x02\x03\0\0"}))[:2] == (1, "")


def test_an_orientation_out_of_range_is_none():
    assert read_exif(written(9))[:2] == (1, "")


@given(st.binary(max_size=200))
def test_never_fails_on_any_bytes(data):
    for start in (b"", b"II*\0", b"MM\0*", b"Exif\0\0II*\0\x08\0\0\0"):
        orientation, private = read_exif(start + data)[:2]
        assert 1 <= orientation <= 8
        assert set(private.split()) <= {"gps", "serial"}


def test_agrees_with_pillow_on_a_file():
    data = encoded(picture(), "JPEG", exif=written(8))
    with Image.open(io.BytesIO(data)) as image:
        assert image.getexif()[0x0112] == read_exif(image.info["exif"])[0] == 8


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("Apple", "iPhone 15", "Apple iPhone 15"),
        ("", "X", "X"),
        ("X", "", "X"),
        ("Né", "µ", "Né µ"),
    ],
)
def test_reads_the_camera_and_the_time(make, model, camera):
    exif = Image.Exif()
    for tag, text in ((0x010F, make), (0x0110, model), (0x0132, "2026:11:26 14:05:09")):
        if text:
            exif[tag] = text.encode("latin-1")
    assert read_exif(exif.tobytes())[2:] == (camera, "2026:11:26 14:05:09")
    exif.get_ifd(0x8769)[0x9003] = "2025:01:02 03:04:05"
    assert (
        read_exif(exif.tobytes()).taken == "2025:01:02 03:04:05"
    )  # when it was taken, not when it was changed


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_format_tells_camera_and_time(format):
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "Leica", "M 11", "2026:11:26 14:05:09"
    header = decode(encoded(picture(), format, exif=exif)).header
    assert (header.camera, header.taken) == ("Leica M 11", "2026:11:26 14:05:09")


def test_hostile_texts_are_one_short_line():
    exif = Image.Exif()
    exif[0x0110] = "<script>\n\x1b[31m" + "x" * 500
    camera = read_exif(exif.tobytes()).camera
    assert camera.isprintable() and len(camera) <= 64
