import cv2
import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.schema import SIGNATURE_BYTES
from auditor.scanning.signature import perceptual_hash, signature, signature_of
from tests.scanning.making import pixels


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.booleans())
def test_every_picture_has_a_signature_of_the_same_size(width, height, grey):
    rgb = pixels(width, height)
    found = signature_of(rgb[..., 0].copy() if grey else rgb)
    assert (found.shape, found.dtype) == ((SIGNATURE_BYTES,), np.uint8)


@pytest.mark.parametrize("size", [(32, 32), (64, 128), (200, 266), (333, 41)])
def test_thumbnail_is_close_to_exact_averaging(size):
    rgb = pixels(*size)
    exact = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA).astype(
        int
    )
    found = Signatures(signature(rgb)[None]).luma()[0].astype(int)
    assert np.abs(found - exact).mean() < 3


def test_colours_come_back():
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:, :32], rgb[:, 32:] = (200, 30, 60), (10, 90, 220)
    back = Signatures(signature(rgb)[None]).rgb()[0].astype(int)
    assert np.abs(back[:, :7] - (200, 30, 60)).max() <= 4
    assert np.abs(back[:, 9:] - (10, 90, 220)).max() <= 4


def test_grey_is_the_same_grey_in_colour():
    grey = pixels(50, 60)[..., 0].copy()
    assert np.array_equal(signature_of(grey), signature_of(np.repeat(grey[..., None], 3, axis=2)))


def test_hash_is_the_sign_of_the_lowest_dct_coefficients_over_their_median():
    marks = np.array([signature(pixels(48, 40, s)) for s in range(20)])
    for mark, value in zip(Signatures(marks).luma(), perceptual_hash(marks), strict=True):
        low = scipy.fft.dctn(mark.astype(float), norm=None)[:8, :8].ravel()
        bits = low > np.median(low)
        expected = int("".join("1" if b else "0" for b in bits), 2)
        assert bin(expected ^ int(value)).count("1") <= 1  # a coefficient may lie on the median itself


def test_hash_does_not_depend_on_the_batch():
    marks = np.array([signature(pixels(48, 40, s)) for s in range(9)])
    alone = np.concatenate([perceptual_hash(marks[i : i + 1]) for i in range(9)])
    assert np.array_equal(perceptual_hash(marks), alone)


def test_recompression_moves_few_bits():
    blobs = np.random.default_rng(0).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    rgb = cv2.resize(blobs, (400, 300), interpolation=cv2.INTER_CUBIC)
    again = cv2.imdecode(cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    one, other = perceptual_hash(np.array([signature(rgb), signature(again)]))
    assert int(np.bitwise_count(one ^ other)) <= 4
