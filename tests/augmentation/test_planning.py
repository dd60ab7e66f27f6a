"""What is planned: for which classes, from which parents, how often."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.augmentation import PRESETS, plan_augmentation
from auditor.augmentation.parents import image_seed, spread_evenly
from auditor.augmentation.planning import COLUMNS
from auditor.errors import DataError, MissingExtraError, UsageError


def budget(made, label):
    return next(b for b in made.facts["budgets"] if b["label"] == label)


def test_fills_rare_classes_up_to_the_largest_by_unique_images(planned):
    made = plan_augmentation(planned)
    # 8 cats of which two are one picture: 7 unique; 7 - 3 dogs, 7 - 2 birds.
    assert Counter(made.manifest["label"]) == {"dog": 4, "bird": 5}
    assert budget(made, "cat") == {
        "label": "cat", "present": 8, "unique": 7, "target": 7, "made": 0, "capped": False, "collect": 0, "weight": 1.0,
    }  # fmt: skip
    assert budget(made, "bird")["collect"] == 5
    assert tuple(made.manifest.columns) == COLUMNS
    assert set(made.manifest["split"]) == {"train"}
    assert set(made.manifest["path"]) == {""}


def test_spreads_images_evenly_over_parents(planned):
    made = plan_augmentation(planned, target=60, max_multiple=100)
    for _, rows in made.manifest.groupby("label"):
        counts = rows["parent"].value_counts()
        assert counts.max() - counts.min() <= 1
    cats = made.manifest.loc[made.manifest["label"] == "cat", "parent"]
    assert "cat/1.png" not in set(cats), "a copy is no parent beside its original"
    assert cats.nunique() == 7


def test_cap_leaves_the_rest_to_weights_and_says_how_many_to_collect(planned):
    made = plan_augmentation(planned, target=100, max_multiple=10)
    bird = budget(made, "bird")
    assert (bird["made"], bird["capped"], bird["collect"]) == (20, True, 98)
    assert bird["weight"] == pytest.approx(100 / 22, rel=1e-5)
    assert made.weights["bird"] == bird["weight"]
    # 10 unique images and 10 for each reach 110 >= 100; 9 reach 99: 8 more than the 2 there are.
    assert any("8 more real images would lift the cap" in note for note in made.facts["notes"])


@pytest.mark.parametrize(
    ("target", "dogs"), [("2:1", 1), (2.0, 1), (0.5, 1), ("0.5", 1), (5, 2), ("5", 2), (1.0, 4)]
)
def test_target_is_a_count_or_a_ratio_to_the_largest_class(planned, target, dogs):
    # The largest class has 7: a ratio of 2 asks for 4 (3.5 rounded up).
    assert budget(plan_augmentation(planned, target=target), "dog")["made"] == dogs


def test_nothing_rare_gives_an_empty_manifest_and_says_so(planned):
    made = plan_augmentation(planned, target="10:1")
    assert made.manifest.empty
    assert tuple(made.manifest.columns) == COLUMNS
    assert made.facts["notes"][0] == "No class is below the target: nothing is made."


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"target": 2}, "over the smallest class's 2"),
        ({"target": 0}, "a target"),
        ({"target": "plenty"}, "a target"),
        ({"target": True}, "a target"),
        ({"target": "4:0"}, "a target"),
        ({"target": float("nan")}, "a target"),
        ({"policy": "no-such"}, "a preset"),
        ({"without": ("flop",)}, "a transform to switch off"),
        ({"without": PRESETS["photo"].names}, "at least one transform"),
        ({"way": "by-post"}, "a way"),
        ({"max_multiple": 0}, "a largest multiple"),
        ({"max_multiple": float("inf")}, "a largest multiple"),
    ],
)
def test_wrong_use_is_refused_in_one_line(planned, options, expected):
    with pytest.raises(UsageError) as refused:
        plan_augmentation(planned, **options)
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


def test_one_class_alone_is_refused(planned):
    cats = planned.table[planned.table["label"] == "cat"]
    with pytest.raises(DataError, match="at least two classes"):
        plan_augmentation(dataclasses.replace(planned, table=cats, usable=cats))


def test_absent_albumentations_names_the_extra(planned, monkeypatch):
    from auditor.augmentation import adapter

    adapter._kernels.cache_clear()
    monkeypatch.setitem(sys.modules, "albumentations", None)
    with pytest.raises(MissingExtraError, match=r"auditor\[train\]"):
        plan_augmentation(planned)
    assert plan_augmentation(planned, way="layers").manifest.empty, "layers need no albumentations"


def test_row_order_and_other_classes_do_not_change_what_is_made(planned):
    whole = plan_augmentation(planned, seed=5).manifest
    shuffled = planned.table.sample(frac=1, random_state=1).reset_index(drop=True)
    again = plan_augmentation(dataclasses.replace(planned, table=shuffled, usable=shuffled), seed=5).manifest
    pd.testing.assert_frame_equal(whole, again)
    rest = planned.table[planned.table["label"] != "bird"]
    fewer = plan_augmentation(dataclasses.replace(planned, table=rest, usable=rest), seed=5).manifest
    pd.testing.assert_frame_equal(whole[whole["label"] == "dog"].reset_index(drop=True), fewer)
    assert not whole.equals(plan_augmentation(planned, seed=6).manifest)


def test_every_image_is_transformed_by_the_policy_alone(planned):
    made = plan_augmentation(planned, target=200, max_multiple=200, without=("flip", "elastic"))
    names = {t["name"] for cell in made.manifest["transforms"] for t in json.loads(cell)}
    assert names == {"rotate", "crop", "perspective", "brightness-contrast"}
    assert all(json.loads(cell) for cell in made.manifest["transforms"])


def test_a_transform_that_is_off_for_a_class_is_never_drawn_for_it(planned):
    policy = PRESETS["photo"].off_for("rotate", ["dog"])
    made = plan_augmentation(planned, target=100, max_multiple=100, policy=policy).manifest
    uses = made.assign(rotated=made["transforms"].str.contains('"rotate"')).groupby("label")["rotated"].sum()
    assert uses["dog"] == 0
    assert uses["bird"] > 0


def test_a_class_with_every_transform_off_is_filled_by_weight(planned):
    policy = PRESETS["photo"]
    for name in policy.names:
        policy = policy.off_for(name, ["dog"])
    made = plan_augmentation(planned, policy=policy)
    assert set(made.manifest["label"]) == {"bird"}
    assert made.weights["dog"] == pytest.approx(7 / 3, rel=1e-5)


@settings(deadline=None)
@given(
    st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=12, unique=True),
    st.integers(0, 60),
    st.integers(0, 9),
)
def test_spread_is_even_and_exact(parents, made, seed):
    found = spread_evenly(parents, made, seed)
    counts = Counter(p for p, _ in found)
    assert len(found) == made
    assert len(set(found)) == made
    assert max(counts.values(), default=0) - min((counts[p] for p in parents), default=0) <= 1


def test_seeds_differ_between_images_and_epochs():
    seeds = {image_seed(s, p, c, e) for s in range(3) for p in "ab" for c in range(5) for e in range(3)}
    assert len(seeds) == 90
    assert all(0 <= s < 2**32 for s in seeds)


def test_drawn_values_stay_within_their_magnitudes():
    policy, rng = PRESETS["photo"], np.random.default_rng(0)
    drawn = [t for _ in range(500) for t in json.loads(policy.draw("x", rng))]
    angles = [t["angle"] for t in drawn if t["name"] == "rotate"]
    assert -15 <= min(angles) < -13
    assert 13 < max(angles) <= 15
    crops = [t for t in drawn if t["name"] == "crop"]
    assert all(
        0.8 <= t["share"] <= 1
        and 0 <= t["left"] <= 1 - t["share"] + 1e-6
        and 0 <= t["top"] <= 1 - t["share"] + 1e-6
        for t in crops
    )
    assert all(max(map(abs, t["corners"])) <= 0.05 for t in drawn if t["name"] == "perspective")
