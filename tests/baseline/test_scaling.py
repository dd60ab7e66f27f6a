from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from auditor.baseline.scaling import measure_pixels

images = arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.just(3)))


@settings(max_examples=60, deadline=None)
@given(images, st.integers(1, 3))
def test_scalers_equal_scikit_learns_on_pixels_by_channel(pixels: np.ndarray, pieces: int) -> None:
    n, h, w, c = pixels.shape
    flat = pixels.reshape(n * h * w, c).astype(float)
    found = measure_pixels(np.array_split(pixels, pieces))
    np.testing.assert_allclose(
        found.min_max()(pixels).reshape(-1, c), MinMaxScaler().fit_transform(flat), atol=1e-9
    )
    np.testing.assert_allclose(
        found.standard()(pixels).reshape(-1, c), StandardScaler().fit_transform(flat), atol=1e-9
    )


def test_a_constant_channel_becomes_zero() -> None:
    pixels = np.full((2, 3, 3, 3), 7, np.uint8)
    pixels[..., 1] = np.arange(9).reshape(3, 3)
    found = measure_pixels([pixels])
    for scaler in (found.min_max(), found.standard()):
        assert np.all(scaler(pixels)[..., 0] == 0)
        assert scaler(pixels)[..., 1].max() > 0.9


def test_min_max_ends_at_zero_and_one() -> None:
    pixels = np.random.default_rng(0).integers(10, 200, (4, 8, 8, 3)).astype(np.uint8)
    scaled = measure_pixels([pixels]).min_max()(pixels)
    assert scaled.min() == pytest.approx(0)
    assert scaled.max() == pytest.approx(1)
