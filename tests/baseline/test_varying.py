from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from auditor.augmentation.planning import choose_policy
from auditor.augmentation.policy import PRESETS
from auditor.baseline.varying import MILD, Variation, variation_for

#: Brighter to the right, darker below: every move, turn and mirror image shows.
RAMP = np.repeat((np.arange(32)[None, :] * 5 + 90 - np.arange(32)[:, None] * 2)[..., None], 3, axis=2).astype(
    np.uint8
)


def varied(variation: Variation, n: int = 64, seed: int = 0) -> np.ndarray:
    return variation(np.repeat(RAMP[None], n, axis=0), np.random.default_rng(seed)).astype(int)


def test_a_variation_by_nothing_gives_the_picture_back() -> None:
    assert (varied(Variation(), 2) == RAMP).all()


def test_mirror_images_are_exact_and_every_other_one() -> None:
    made = varied(Variation(flip=True), 200)
    mirrored = (made == RAMP[:, ::-1]).all(axis=(1, 2, 3))
    assert (mirrored | (made == RAMP).all(axis=(1, 2, 3))).all()
    assert 70 < mirrored.sum() < 130


def test_shifts_stay_within_their_share_of_the_side() -> None:
    # In the middle the ramp moves on by 5 grey levels a pixel: a tenth of 32 pixels is 16 levels.
    moved = varied(Variation(shift=0.1), 200)[:, 16, 16, 0] - int(RAMP[16, 16, 0])
    assert 10 < np.abs(moved).max() <= 1 + 0.1 * 32 * (5 + 2)
    assert len(np.unique(moved)) > 20, "each picture is moved by itself"


def test_rotation_and_zoom_keep_the_middle() -> None:
    made = varied(Variation(zoom=0.15, degrees=10))
    assert np.abs(made[:, 15:17, 15:17].mean(axis=(1, 2, 3)) - RAMP[15:17, 15:17].mean()).max() < 2
    assert (made != RAMP).any(axis=(1, 2, 3)).mean() > 0.9


def test_what_is_uncovered_is_filled_by_the_picture() -> None:
    assert varied(dataclasses.replace(MILD, tone=0.0)).min() >= RAMP.min()


def test_tone_is_changed_alike_in_the_whole_picture() -> None:
    grey = np.full((50, 4, 4, 3), 100, np.uint8)
    made = Variation(tone=0.2)(grey, np.random.default_rng(0))
    assert (made == made[:, :1, :1, :1]).all()
    assert made.min() >= 100 - 51 - 6
    assert made.max() <= 100 + 51 + 6
    assert len(np.unique(made)) > 20


def test_the_same_generator_gives_the_same_pictures_and_another_does_not() -> None:
    assert (varied(MILD) == varied(MILD)).all()
    assert (varied(MILD) != varied(MILD, seed=1)).any()


@pytest.mark.parametrize(("policy", "flips"), [("photo", True), ("digits", False), ("document", False)])
def test_mirror_images_are_made_only_where_the_policy_makes_them(policy: str, flips: bool) -> None:
    assert not variation_for(None).flip
    assert not variation_for(SimpleNamespace(policy=choose_policy(None))).flip  # type: ignore[arg-type]
    planned = SimpleNamespace(policy=PRESETS[policy])
    assert variation_for(planned).flip is flips  # type: ignore[arg-type]
    some = SimpleNamespace(policy=PRESETS[policy].off_for("flip-horizontal", ["left shoe"]))
    assert not variation_for(some).flip, "it would change one of the classes"  # type: ignore[arg-type]
