"""The trace of a JPEG: there where the pixels once were one, whatever holds them now."""

import cv2
import numpy as np
import pytest
from scipy import fft

from auditor.scanning.jpeg_trace import block_trace


def scene(seed, side=256):
    """A picture with detail at every scale."""
    rng = np.random.default_rng(seed)
    coarse = [
        cv2.resize(
            rng.normal(0, 40 / k, (side // (32 // k) + 1,) * 2), (side, side), interpolation=cv2.INTER_CUBIC
        )
        for k in (1, 2, 4, 8)
    ]
    return np.clip(128 + sum(coarse), 0, 255).astype(np.uint8)


def saved(picture, quality, how=cv2.IMREAD_GRAYSCALE):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], how)


def by_hand(luma, shift):
    """The share of near-zero coefficients, block by block with scipy."""
    small = []
    for y in range(shift, luma.shape[0] - 7, 8):
        for x in range(shift, luma.shape[1] - 7, 8):
            block = fft.dctn(luma[y : y + 8, x : x + 8].astype(float), norm="ortho")
            small += [abs(block[i, j]) < 5 for i in range(4) for j in range(4) if i + j >= 2]
    return np.mean(small)


def test_it_is_the_share_that_scipy_gives():
    picture = saved(scene(3, side=80), 60)
    assert block_trace(picture[None])[0] == pytest.approx(
        by_hand(picture, 0) - by_hand(picture, 4), abs=1e-12
    )


def test_pixels_that_never_were_a_jpeg_have_none():
    assert abs(np.mean([block_trace(scene(seed)[None])[0] for seed in range(10)])) < 0.01


@pytest.mark.parametrize("reduced", [1, 2])
def test_a_strong_compression_shows_through_a_weak_one(reduced):
    how = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2}[reduced]
    once = [block_trace(saved(scene(seed), 90, how)[None], reduced)[0] for seed in range(10)]
    twice = [block_trace(saved(saved(scene(seed), 50), 90, how)[None], reduced)[0] for seed in range(10)]
    assert min(twice) > max(once) + 0.02


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (11, 3), (3, 500), (12, 12)])
def test_any_shape_has_a_finite_one(shape):
    assert -1 <= block_trace(np.full((1, *shape), 7, np.uint8))[0] <= 1


def test_nothing_is_left_where_a_block_has_become_one_pixel():
    assert block_trace(saved(scene(1), 30)[None], 8)[0] == 0
