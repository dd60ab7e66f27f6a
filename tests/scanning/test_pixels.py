import io

import cv2
import numpy as np
import pytest
from PIL import Image

from auditor.scanning.pixels import Unreadable, decode, decode_usual, reduction
from tests.scanning.making import encoded, jpeg, picture, pixels, png


def test_png_pixels_are_the_ones_written():
    rgb = pixels(31, 17)
    decoded = decode(encoded(Image.fromarray(rgb), "PNG"))
    assert np.array_equal(decoded.rgb, rgb)


@pytest.mark.parametrize(
    ("format", "options"),
    [("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("PPM", {}), ("GIF", {}), ("TGA", {})],
)
def test_lossless_formats_give_the_pixels_that_pillow_gives(format, options):
    data = encoded(picture(), format, **options)
    with Image.open(io.BytesIO(data)) as known:
        assert np.array_equal(decode(data).rgb, np.asarray(known.convert("RGB")))


def test_the_same_pixels_in_another_container_have_the_same_digest():
    image = picture()
    digests = {decode(encoded(image, f)).pixel_digest for f in ("PNG", "BMP", "TIFF", "PPM")}
    assert len(digests) == 1


def test_compression_level_and_metadata_do_not_change_the_digest():
    image = picture()
    assert (
        decode(encoded(image, "PNG", compress_level=0)).pixel_digest
        == decode(encoded(image, "PNG", dpi=(72, 72))).pixel_digest
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(jpeg()).pixel_digest == decode(jpeg(exif=exif)).pixel_digest


def test_a_large_jpeg_has_one_digest_whatever_surrounds_its_data():
    large = jpeg(900, 600)
    assert decode(large).pixels.shape[0] < 600
    assert decode(large).pixel_digest == decode(large + b"trailing").pixel_digest


def test_shape_and_mode_are_part_of_the_digest():
    red = np.zeros((100, 200, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    wide, tall = Image.fromarray(red), Image.fromarray(red.transpose(1, 0, 2).copy())
    assert decode(encoded(wide, "PNG")).pixel_digest != decode(encoded(tall, "PNG")).pixel_digest
    grey = picture("L")
    assert (
        decode(encoded(grey, "PNG")).pixel_digest != decode(encoded(grey.convert("RGB"), "PNG")).pixel_digest
    )


def test_the_palette_is_part_of_the_digest():
    image = picture("P")
    other = image.copy()
    other.putpalette([255 - v for v in image.getpalette()])
    assert decode(encoded(image, "PNG")).pixel_digest != decode(encoded(other, "PNG")).pixel_digest


def test_alpha_is_part_of_the_digest_and_not_of_the_measured_picture():
    clear, solid = picture("RGBA"), picture("RGBA")
    clear.putalpha(7)
    one, other = decode(encoded(clear, "PNG")), decode(encoded(solid, "PNG"))
    assert one.pixel_digest != other.pixel_digest
    assert np.array_equal(one.rgb, other.rgb)


def test_sixteen_bit_grey_is_scaled_not_clipped():
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (8, 1))
    for format in ("PNG", "TIFF"):
        decoded = decode(encoded(Image.fromarray(ramp), format))
        assert decoded.header.bits == 16
        assert np.array_equal(decoded.pixels, (ramp >> 8).astype(np.uint8))


def test_sixteen_bit_digests_see_the_low_byte():
    deep = np.full((8, 8), 256, np.uint16)
    assert (
        decode(encoded(Image.fromarray(deep), "PNG")).pixel_digest
        != decode(encoded(Image.fromarray(deep + 1), "PNG")).pixel_digest
    )


def test_sixteen_bit_colour():
    deep = np.arange(6 * 5 * 3, dtype=np.uint16).reshape(6, 5, 3) * 700
    data = cv2.imencode(".png", deep)[1].tobytes()
    decoded = decode(data)
    assert decoded.header.bits == 16
    assert np.array_equal(decoded.pixels, (deep >> 8).astype(np.uint8))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_png_mode_looks_as_in_pillow(mode):
    data = png(mode=mode)
    with Image.open(io.BytesIO(data)) as known:
        assert np.array_equal(decode(data).rgb, np.asarray(known.convert("RGB")))


def test_cmyk_looks_as_in_pillow():
    data = encoded(picture("CMYK"), "JPEG", quality=95)
    decoded = decode(data)
    assert decoded.header.mode == "CMYK"
    with Image.open(io.BytesIO(data)) as known:
        assert np.array_equal(decoded.rgb, np.asarray(known.convert("RGB")))


def test_float_tiff_is_scaled_to_its_range():
    image = Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8))
    decoded = decode(encoded(image, "TIFF"))
    assert (decoded.header.bits, int(decoded.pixels.min()), int(decoded.pixels.max())) == (32, 0, 255)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_orientation_is_told_and_never_applied(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned, plain = decode(jpeg(40, 30, exif=exif)), decode(jpeg(40, 30))
    assert (turned.header.orientation, turned.header.width, turned.header.height) == (orientation, 40, 30)
    assert np.array_equal(turned.pixels, plain.pixels)


@pytest.mark.parametrize(("side", "factor"), [(511, 1), (512, 2), (1023, 2), (1024, 4), (2048, 8), (9000, 8)])
def test_large_pictures_are_measured_at_a_reduced_scale(side, factor):
    assert reduction(side, 10) == reduction(10, side) == factor


@pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "WEBP"])
def test_the_reduced_picture_has_the_reduced_size_whatever_the_format(format):
    decoded = decode(encoded(picture(width=1027, height=515), format))
    assert decoded.pixels.shape[:2] == (129, 257)
    assert (decoded.header.width, decoded.header.height) == (1027, 515)


def test_animations_show_their_first_picture():
    frames = [picture("P", seed=s) for s in range(3)]
    for format in ("GIF", "PNG", "WEBP"):
        decoded = decode(encoded(frames[0], format, save_all=True, append_images=frames[1:]))
        assert decoded.header.animated, format
        assert decoded.pixels.shape[:2] == (30, 40)


def test_a_bomb_is_refused_by_its_header():
    bomb = bytearray(png())
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    with pytest.raises(Unreadable, match="60000 x 60000") as caught:
        decode(bytes(bomb))
    assert caught.value.defect == "bomb"


def test_only_what_is_whole_and_usual_is_decoded_beside_the_caller():
    assert decode_usual(jpeg()) is not None
    assert decode_usual(png()) is not None
    for unusual in (
        jpeg()[:-2],
        png()[:-20],
        encoded(picture(), "BMP"),
        encoded(picture("CMYK"), "JPEG"),
        b"text",
    ):
        assert decode_usual(unusual) is None


@pytest.mark.parametrize(("largest", "shift"), [(200, 0), (4095, 4), (4300, 8), (65535, 8)])
def test_deep_pictures_are_shown_at_the_depth_of_their_detector(largest, shift):
    deep = np.linspace(0, largest, 12 * 9).round().astype(np.uint16).reshape(9, 12)
    decoded = decode(cv2.imencode(".png", deep)[1].tobytes())
    assert decoded.header.bits == 16
    assert (decoded.pixels == deep >> shift).all()
