"""Budgets per class."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.augmentation.budget import plan_budgets, read_target, target_count
from auditor.errors import UsageError

uniques = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 500), min_size=2)


@settings(deadline=None)
@given(uniques, st.floats(0.5, 20), st.sampled_from(["balanced", 2.0, 7.5, 501]))
def test_images_and_weights_together_reach_the_target_and_never_pass_it(unique, multiple, target):
    present = {label: n + 3 for label, n in unique.items()}
    goal = target_count(target, unique)
    for b in plan_budgets(present, unique, target, max_multiple=multiple):
        assert b["made"] <= multiple * b["unique"]
        assert b["unique"] + b["made"] <= max(goal, b["unique"])
        assert b["weight"] * (b["unique"] + b["made"]) == pytest.approx(b["target"], rel=1e-5)
        assert b["collect"] == max(goal - b["unique"], 0)
        assert b["capped"] == (b["weight"] > 1)


@settings(deadline=None)
@given(uniques, st.floats(1, 50))
def test_a_ratio_leaves_no_class_below_its_share_of_the_largest(unique, ratio):
    goal = target_count(ratio, unique)
    assert goal >= max(unique.values()) / ratio - 1e-6
    assert goal - 1 < max(unique.values()) / ratio + 1e-6


def test_layers_make_nothing_and_weigh_all():
    (a, b) = plan_budgets({"a": 10, "b": 2}, {"a": 10, "b": 2}, "balanced", makes=False)
    assert (a["made"], a["weight"], b["made"], b["weight"], b["capped"]) == (0, 1.0, 0, 5.0, False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("balanced", "balanced"),
        ("500", 500),
        (500, 500),
        ("4:1", 4.0),
        ("4:2", 2.0),
        (" 8 : 2 ", 4.0),
        ("0.2", 5.0),
    ],
)
def test_targets_are_read(text, value):
    assert read_target(text) == value
    assert type(read_target(text)) is type(value)


@pytest.mark.parametrize("text", ["", "1:0", "x:1", "-3", "inf", "nan", None, True, [], "balance", "1e400"])
def test_no_targets_are_refused(text):
    with pytest.raises(UsageError, match="a target"):
        read_target(text)


def test_whole_numbers_never_lose_an_image_to_rounding():
    assert target_count(3.0, {"a": 300, "b": 1}) == 100
    assert target_count(0.7 / 0.1, {"a": 7, "b": 1}) == math.ceil(1)
