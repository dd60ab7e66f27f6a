import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from auditor.scanning.measures import measures, rounded, sums
from auditor.scanning.schema import MEASURES
from tests.scanning.making import pixels

NAMES = [m.name for m in MEASURES]
PICTURES = st.integers(1, 12).flatmap(
    lambda h: st.integers(1, 12).flatmap(lambda w: arrays(np.uint8, (h, w, 3)))
)


def measured(bgr: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, measures(sums(bgr[None]))[0].tolist(), strict=True))


def by_hand(bgr: np.ndarray) -> dict[str, float]:
    """The same numbers straight from their definitions, pixel by pixel."""
    blue, green, red = (bgr[..., k].astype(float) for k in range(3))
    luma = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(float)
    assert (
        np.abs(luma - (0.299 * red + 0.587 * green + 0.114 * blue)).max() < 0.51
    )  # ITU-R BT.601; versions round ties both ways
    flat = np.sort(luma.ravel())
    n = flat.size
    shares = np.unique(flat, return_counts=True)[1] / n
    lap, immerkaer = [], []
    for y in range(1, luma.shape[0] - 1):
        for x in range(1, luma.shape[1] - 1):
            near = luma[y - 1 : y + 2, x - 1 : x + 2]
            lap.append(near[0, 1] + near[1, 0] + near[1, 2] + near[2, 1] - 4 * near[1, 1])
            immerkaer.append(abs((near * np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])).sum()))
    high, low = bgr.max(axis=2).astype(float), bgr.min(axis=2).astype(float)
    return {
        "brightness": luma.mean() / 255,
        "contrast": luma.std() / 255,
        "dark_level": flat[math.ceil(0.05 * n) - 1] / 255,
        "bright_level": flat[math.ceil(round(0.95 * n, 9)) - 1] / 255,
        "floor_level": flat[math.ceil(0.01 * n) - 1] / 255,
        "peak_level": flat[math.ceil(round(0.99 * n, 9)) - 1] / 255,
        "sharpness": float(np.std(lap)) if lap else 0.0,
        "noise": float(np.mean(immerkaer)) * math.sqrt(math.pi / 2) / 6 if lap else 0.0,
        "entropy": float(-(shares * np.log2(shares)).sum()),
        "red_mean": red.mean() / 255,
        "green_std": green.std() / 255,
        "blue_mean": blue.mean() / 255,
        "minimum": low.min() / 255,
        "maximum": high.max() / 255,
        "saturation": float(np.mean(np.where(high > 0, (high - low) / np.maximum(high, 1), 0))),
    }


@settings(max_examples=60, deadline=None)
@given(PICTURES)
def test_measures_are_what_their_definitions_say(bgr):
    found, known = measured(bgr), by_hand(bgr)
    for name, value in known.items():
        tolerance = 1 / 255 if name == "saturation" else 1e-5  # saturation is summed in 8 bits
        assert found[name] == pytest.approx(value, rel=1e-5, abs=tolerance), name


@settings(max_examples=30, deadline=None)
@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(1, 5), st.integers(1, 80), st.integers(1, 12), st.sampled_from([1, 3])),
    ),
    st.sampled_from([1, 2]),
)
def test_measures_do_not_depend_on_the_batch(pictures, reduced):
    if pictures.shape[3] == 1:
        pictures = pictures[..., 0]
    together = measures(sums(pictures, reduced))
    alone = np.concatenate([measures(sums(p[None], reduced)) for p in pictures])
    assert together.tobytes() == alone.tobytes()


@settings(max_examples=30, deadline=None)
@given(arrays(np.uint8, (7, 9)))
def test_grey_measures_as_the_same_grey_in_colour(grey):
    alone, coloured = measured(grey), measured(np.repeat(grey[..., None], 3, axis=2))
    assert alone == pytest.approx(coloured, abs=1e-6)


def test_noise_is_recovered():
    rng = np.random.default_rng(0)
    for sigma in (2.0, 8.0):
        grey = np.clip(np.full((256, 256), 128) + rng.normal(0, sigma, (256, 256)), 0, 255).astype(np.uint8)
        assert measured(grey)["noise"] == pytest.approx(sigma, rel=0.1)


def test_blur_grows_with_blurring():

    crisp = pixels(200, 200)
    values = [
        measured(crisp)["blur"],
        *(measured(cv2.GaussianBlur(crisp, (0, 0), s))["blur"] for s in (1.0, 3.0)),
    ]
    assert values == sorted(values)
    assert measured(np.full((9, 9, 3), 80, np.uint8))["blur"] == 1.0


def test_one_pixel_is_measured():
    found = measured(np.array([[[10, 20, 30]]], np.uint8))
    assert (found["sharpness"], found["noise"], found["entropy"]) == (0, 0, 0)
    assert found["red_mean"] == pytest.approx(30 / 255, rel=1e-5)


@given(st.floats(1e-300, 1e300) | st.floats(-1e300, -1e-300))
def test_rounding_keeps_six_digits(value):
    assert float(rounded(np.array([value]))[0]) == pytest.approx(float(f"{value:.6g}"), rel=1e-9)
