"""16-bit pictures of one data set share one white, whatever reads them and in whatever order."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from auditor.readers import open_dataset
from auditor.scanning import scan_images
from auditor.scanning.deep import common_white, from_deep, level
from tests.scanning.making import png

RNG = np.random.default_rng(3)
SCENE = np.add.outer(np.linspace(0.2, 0.6, 40), np.linspace(0, 0.4, 40))


def deep(top, hot=0):
    pixels = (SCENE / SCENE.max() * top).astype(np.uint16)
    pixels.ravel()[RNG.choice(pixels.size, hot, replace=False)] = 65535
    return pixels


def folder(root, tops, ending="png", hot=0):
    for i, top in enumerate(tops):
        place = root / "ab"[i % 2] / f"{i:03d}.{ending}"
        place.parent.mkdir(parents=True, exist_ok=True)
        if ending == "png":
            place.write_bytes(cv2.imencode(".png", deep(top, hot))[1].tobytes())
        else:
            out = io.BytesIO()
            Image.fromarray(deep(top, hot)).save(out, "TIFF")
            place.write_bytes(out.getvalue())
    return root


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("hot", [0, 1])
def test_pictures_of_one_exposure_keep_their_order_of_brightness(tmp_path, ending, hot):
    """Around a power of two each would have a scale of its own, and a hot pixel would set it."""
    tops = [3600 + 80 * i for i in range(14)]
    images = scan_images(open_dataset(folder(tmp_path, tops, ending, hot))).images.sort_values("path")
    by_number = images.assign(number=images["path"].str[-7:-4].astype(int)).sort_values("number")
    brightness = by_number["brightness"].to_numpy()
    assert (np.diff(brightness) > -0.002).all() and brightness[-1] / brightness[0] == pytest.approx(
        4640 / 3600, rel=0.03
    )
    assert brightness[0] > 0.3


def test_the_scale_does_not_depend_on_how_the_data_is_read(tmp_path):
    folder(tmp_path / "d", [900, 3000, 5000, 9000, 20000, 30000])
    data = open_dataset(tmp_path / "d")
    alone = scan_images(data).images["brightness"].tolist()
    assert scan_images(data, jobs=2, decoders="all").images["brightness"].tolist() == alone
    assert scan_images(data, store=tmp_path / "s").images["brightness"].tolist() == alone
    assert scan_images(data, store=tmp_path / "s").images["brightness"].tolist() == alone


def test_rows_that_were_measured_by_another_white_are_measured_again(tmp_path):
    data = open_dataset(folder(tmp_path / "d", [900, 1000, 1000, 950]))
    assert common_white(data) < 1400
    scan_images(data, store=tmp_path / "s")
    folder(tmp_path / "d", [900, 1000, 1000, 950, *[60000] * 6])
    data = open_dataset(tmp_path / "d")
    again = scan_images(data, store=tmp_path / "s").images
    assert again["brightness"].tolist() == scan_images(data).images["brightness"].tolist()


@pytest.mark.parametrize(
    ("tops", "white"),
    [([250] * 4, 255), ([1023] * 4, 1023), ([4095] * 20 + [65535], 4095), ([65535] * 4, 65535)],
)
def test_white_is_that_of_most_pictures(tmp_path, tops, white):
    assert common_white(open_dataset(folder(tmp_path, tops))) == white


def test_data_of_8_bits_has_none(tmp_path):
    for i in range(3):
        (tmp_path / f"{i}.png").write_bytes(png(20, 20, i))
    (tmp_path / "damaged.png").write_bytes(deep(4000).tobytes())
    assert common_white(open_dataset(tmp_path)) == 0


def test_a_hot_pixel_does_not_set_the_scale_of_a_picture_alone():
    clean, hot = deep(4000), deep(4000, 1)
    assert level(clean) <= level(hot) <= 4000
    assert np.abs(from_deep(hot).astype(int) - from_deep(clean)).max() <= 255 - from_deep(clean).min()
    assert (from_deep(hot) == from_deep(clean)).mean() > 0.999


def test_alpha_does_not_set_the_scale():
    from auditor.scanning.pixels import decode

    grey = deep(4000)
    clear = cv2.imencode(".png", np.dstack([grey] * 3 + [np.full_like(grey, 65535)]))[1].tobytes()
    assert decode(clear).pixels.mean() > 100
