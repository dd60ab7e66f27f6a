"""What Pillow refuses though another decoder opens it is named.

Torchvision, datasets and Keras read with Pillow.
"""

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from auditor.checks.decoder_mismatch import DecoderMismatch
from auditor.scanning.decoders import refused_by_pillow
from auditor.scanning.pixels import decode
from tests.checks.files import found, paths, scan_of
from tests.scanning.making import encoded, jpeg, picture, png


def with_chunk(kind, body, *, behind=False, mode="RGB"):
    data = png(mode=mode)
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    at = len(data) - 12 if behind else 33
    return data[:at] + chunk + data[at:]


def with_segment(marker, body):
    data = jpeg()
    return data[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body + data[2:]


LONG = zlib.compress(b"A" * 2_000_000)
DAMAGED = {
    "ztxt.png": with_chunk(b"zTXt", b"raw\0\0" + LONG),
    "ztxt-behind.png": with_chunk(b"zTXt", b"raw\0\0" + LONG, behind=True),
    "itxt.png": with_chunk(b"iTXt", b"raw\0\1\0\0\0" + LONG),
    "method.png": with_chunk(b"zTXt", b"raw\0\7" + LONG),
    "icc.png": with_chunk(b"iCCP", b"icc\0\0" + LONG),
    "icc-method.png": with_chunk(b"iCCP", b"icc\0\5" + zlib.compress(b"x")),
    "phys.png": with_chunk(b"pHYs", b"\0\0"),
    "srgb.png": with_chunk(b"sRGB", b""),
    "gama.png": with_chunk(b"gAMA", b"\0"),
    "chrm.png": with_chunk(b"cHRM", b"\0\0\0"),
    "grey.png": with_chunk(b"pHYs", b"\0\0", mode="L"),
    "deep.png": with_chunk(b"gAMA", b"", mode="I;16"),
    "clear.png": with_chunk(b"sRGB", b"", mode="RGBA"),
    "app13.jpg": with_segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04"),
    "app13-short.jpg": with_segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00"),
    "app14.jpg": with_segment(0xEE, b"Adobe\0"),
    "icc.jpg": with_segment(0xE2, b"ICC_PROFILE\0"),
    "jfif.jpg": with_segment(0xE0, b"JFIF\0\1"),
}


def pillow_opens(data):
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except Exception:
        return False
    return True


@pytest.mark.parametrize("name", DAMAGED)
def test_it_is_refused_where_and_only_where_pillow_refuses_the_whole_file(name):
    header = decode(DAMAGED[name]).header if not name.startswith("none") else None
    if header.usual:
        assert refused_by_pillow(DAMAGED[name], header) == (not pillow_opens(DAMAGED[name]))


def sound():
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "a", zip=True)
    text.add_itxt("Author", "ü")
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Canon"
    profile = b"\0" * 128
    made = {
        f"{mode}.png": encoded(
            picture(mode), "PNG", pnginfo=text, dpi=(72, 72), exif=exif, icc_profile=profile
        )
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
    }
    return {
        **made,
        "exif.jpg": encoded(picture(), "JPEG", exif=exif, dpi=(72, 72), icc_profile=profile, comment="x"),
    }


@pytest.mark.parametrize("name", sound())
def test_sound_metadata_is_not_refused(name):
    data = sound()[name]
    assert pillow_opens(data)
    assert not refused_by_pillow(data, decode(data).header)


def test_they_are_named_by_the_check_or_by_their_status(tmp_path):
    bad = {name: data for name, data in DAMAGED.items() if not pillow_opens(data)}
    assert len(bad) >= 13
    scan = scan_of(tmp_path, {**bad, "good.png": png(), "good.jpg": jpeg()})
    named = set(paths(found(DecoderMismatch(), scan))) | set(scan.images["path"][~scan.readable])
    assert named == set(bad)
    assert "3 " not in str(found(DecoderMismatch(), scan).details["problems"]["phys.png"])
    assert found(DecoderMismatch(), scan).details["problems"]["phys.png"] == "Pillow refuses it"
