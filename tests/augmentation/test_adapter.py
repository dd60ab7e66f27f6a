"""Drawn values applied to pictures, against what NumPy and OpenCV make of the same values."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from auditor.augmentation import PRESETS
from auditor.augmentation.adapter import apply, matrix
from auditor.augmentation.transforms import TRANSFORMS
from tests.augmentation.conftest import picture

PICTURE = picture(3, 40, 60)


def run(*transforms, seed=1, border="reflect", on=PICTURE):
    return apply(on, transforms, seed=seed, border=border)


def test_flips_are_exact():
    assert np.array_equal(run({"name": "flip-horizontal"}), PICTURE[:, ::-1])
    assert np.array_equal(run({"name": "flip-vertical"}), PICTURE[::-1])


@pytest.mark.parametrize(("angle", "turned"), [(90, 1), (-90, 3), (180, 2)])
def test_quarter_turns_of_a_square_are_exact(angle, turned):
    square = PICTURE[:, :40]
    assert (
        np.abs(
            run({"name": "rotate", "angle": angle}, on=square).astype(int) - np.rot90(square, turned)
        ).max()
        <= 1
    )


def test_rotation_agrees_with_opencv():
    centre = (59 / 2, 39 / 2)
    expected = cv2.warpAffine(
        PICTURE, cv2.getRotationMatrix2D(centre, 12, 1), (60, 40), borderMode=cv2.BORDER_REFLECT_101
    )
    assert np.abs(run({"name": "rotate", "angle": 12}).astype(int) - expected).max() <= 1


def test_crop_shows_the_part_it_names_at_full_size():
    out = run({"name": "crop", "share": 0.5, "left": 0.5, "top": 0.0})
    # The top right quarter: every second output pixel sits on a pixel of the input.
    expected = cv2.remap(
        PICTURE,
        np.tile(29.5 + np.arange(60, dtype=np.float32) / 2, (40, 1)),
        np.tile(np.arange(40, dtype=np.float32)[:, None] / 2, (1, 60)),
        cv2.INTER_LINEAR,
    )
    assert np.abs(out.astype(int) - expected).max() <= 2


def test_perspective_puts_the_named_corners_into_the_corners():
    drawn = {"name": "perspective", "corners": [0.1, 0.05, -0.1, 0.1, 0.02, -0.05, 0.0, -0.1]}
    h = matrix(drawn, 40, 60)
    moved = np.array([[0, 0], [59, 0], [59, 39], [0, 39]]) + np.reshape(drawn["corners"], (4, 2)) * (59, 39)
    found = np.c_[moved, np.ones(4)] @ h.T
    assert found[:, :2] / found[:, 2:] == pytest.approx(
        np.array([[0, 0], [59, 0], [59, 39], [0, 39]]), abs=1e-3
    )


def test_consecutive_geometry_is_one_warp_of_the_product():
    steps = [{"name": "rotate", "angle": 8.0}, {"name": "crop", "share": 0.9, "left": 0.05, "top": 0.02}]
    product = matrix(steps[1], 40, 60) @ matrix(steps[0], 40, 60)
    expected = cv2.warpAffine(
        PICTURE, product[:2], (60, 40), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    assert np.abs(run(*steps).astype(int) - expected).max() <= 1


def test_brightness_and_contrast_move_grey_levels_as_they_say():
    out = run({"name": "brightness-contrast", "brightness": 0.1, "contrast": -0.2})
    expected = np.clip(0.8 * (PICTURE.astype(float) - 127.5) + 127.5 + 25.5, 0, 255)
    assert np.abs(out - expected).max() <= 1


def test_elastic_moves_no_pixel_further_than_it_says():
    ramp = np.repeat(np.tile(np.arange(60, dtype=np.uint8) * 4, (60, 1))[..., None], 3, axis=2)
    out = run({"name": "elastic", "shift": 0.05, "cells": 5}, on=ramp)
    moved = (out.astype(int) - ramp)[8:-8, 8:-8] / 4
    # 0.05 of 60 pixels; cubic interpolation between control points overshoots by at most a third in each
    # direction.
    assert 0.5 < np.abs(moved).max() <= 3 * 1.8
    assert not np.array_equal(out, run({"name": "elastic", "shift": 0.05, "cells": 5}, seed=2, on=ramp))


def test_the_same_row_gives_the_same_bytes_and_never_touches_its_parent():
    before = PICTURE.copy()
    for preset in PRESETS.values():
        for seed in range(20):
            cell = json.loads(preset.draw("x", np.random.default_rng(seed)))
            first, second = (apply(PICTURE, cell, seed=seed, border=preset.border) for _ in range(2))
            assert first.tobytes() == second.tobytes()
            assert first.shape == PICTURE.shape
            assert first.dtype == np.uint8
    assert np.array_equal(PICTURE, before)


def test_values_mean_the_same_at_every_size():
    """At half the size the transformed picture is the half-size of the transformed picture."""
    large = cv2.resize(picture(5, 60, 80), (320, 240), interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(large, (160, 120), interpolation=cv2.INTER_AREA)
    policy = PRESETS["photo"]
    for seed in range(12):
        cell = json.loads(policy.draw("x", np.random.default_rng(seed)))
        of_large = cv2.resize(
            apply(large, cell, seed=seed, border="reflect"), (160, 120), interpolation=cv2.INTER_AREA
        )
        of_small = apply(small, cell, seed=seed, border="reflect")
        assert np.abs(of_large.astype(int) - of_small).mean() < 2.5


def test_every_transform_is_in_a_preset_and_changes_the_picture():
    used = {name for p in PRESETS.values() for name in p.names}
    assert used == {t.name for t in TRANSFORMS}
    rng = np.random.default_rng(0)
    for t in TRANSFORMS:
        assert not np.array_equal(run({"name": t.name, **t.draw(t.defaults, rng, True)}), PICTURE)


def test_one_pixel_survives():
    dot = np.full((1, 1, 3), 100, np.uint8)
    for t in TRANSFORMS:
        out = run({"name": t.name, **t.draw(t.defaults, np.random.default_rng(0), False)}, on=dot)
        assert out.shape == (1, 1, 3)
