import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from auditor.scanning.exif import read_exif
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
    assert read_exif(written(orientation)) == (orientation, "")


def test_reads_both_byte_orders():
    little = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + bytes(4)
    big = b"MM\0*\0\0\0\x08" + b"\0\x01" + b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + bytes(4)
    assert read_exif(little) == read_exif(big) == (6, "")


def test_finds_positions_and_serial_numbers():
    place = {1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)}
    assert read_exif(written(gps=place)) == (1, "gps")
    assert read_exif(written(serial="12345")) == (1, "serial")
    assert read_exif(written(3, place, "12345")) == (3, "gps serial")


def test_an_empty_gps_directory_gives_nothing_away():
    assert read_exif(written(gps={0: b"\x02\x03\0\0"})) == (1, "")


def test_an_orientation_out_of_range_is_none():
    assert read_exif(written(9)) == (1, "")


@given(st.binary(max_size=200))
def test_never_fails_on_any_bytes(data):
    for start in (b"", b"II*\0", b"MM\0*", b"Exif\0\0II*\0\x08\0\0\0"):
        orientation, private = read_exif(start + data)
        assert 1 <= orientation <= 8
        assert set(private.split()) <= {"gps", "serial"}


def test_agrees_with_pillow_on_a_file():
    data = encoded(picture(), "JPEG", exif=written(8))
    with Image.open(io.BytesIO(data)) as image:
        assert image.getexif()[0x0112] == read_exif(image.info["exif"])[0] == 8
