"""The quality of a JPEG, against the encoders that wrote it."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from auditor.scanning.pixels import decode
from auditor.scanning.probe import probe
from tests.scanning.making import encoded, picture


@pytest.mark.parametrize("quality", [*range(1, 100, 7), 95, 96, 97, 98, 99, 100])
def test_it_is_what_pillow_and_opencv_were_asked_for(quality):
    by_pillow = probe(encoded(picture(), "JPEG", quality=quality)).quality
    by_opencv = probe(
        cv2.imencode(".jpg", np.asarray(picture()), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    ).quality
    assert by_pillow == by_opencv == quality


def test_a_table_of_its_own_gets_the_nearest_quality():
    out = io.BytesIO()
    near = [
        int(v)
        for v in np.clip(
            np.asarray(Image.open(io.BytesIO(encoded(picture(), "JPEG", quality=80))).quantization[0]) + 1,
            1,
            255,
        )
    ]
    picture().save(out, "JPEG", qtables=[near, near])
    assert 75 <= probe(out.getvalue()).quality <= 80


@pytest.mark.parametrize("format", ["PNG", "WEBP", "BMP"])
def test_other_formats_have_none(format):
    assert np.isnan(decode(encoded(picture(), format)).header.quality)
