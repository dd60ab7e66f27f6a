import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.stats.clusters import (
    design_effect,
    effective_size,
    effective_size_of_classes,
    effective_size_of_values,
    intraclass_correlation,
    kish_size,
)  # fmt: skip
from auditor.stats.distance import dkw_half_width, kolmogorov_smirnov


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30))
def test_kish_size_lies_between_one_and_the_number_of_groups(sizes):
    assert 1 - 1e-9 <= kish_size(sizes) <= len(sizes) + 1e-9
    assert kish_size([7] * len(sizes)) == pytest.approx(len(sizes))


def test_images_without_groups_count_in_full():
    values = np.random.default_rng(0).normal(size=100)
    assert effective_size_of_values(values, np.arange(100), 0.05) == 100


def test_copies_count_once():
    values = np.repeat(np.random.default_rng(0).normal(size=400), 5)
    size = effective_size_of_values(values, np.repeat(np.arange(400), 5), 0.05)
    assert 0.9 * 400 <= size <= 1.05 * 400


def test_groups_that_mean_nothing_cost_little():
    rng = np.random.default_rng(3)
    assert effective_size_of_values(rng.normal(size=4000), np.repeat(np.arange(1000), 4), 0.05) > 3000


def test_groups_of_classes_cost_what_they_should():
    """Slides of one class each: five images of a slide tell what one does about class shares."""
    rng = np.random.default_rng(4)
    labels = np.repeat(rng.integers(0, 3, 600), 5)
    size = effective_size(labels[:, None] == np.arange(3), np.repeat(np.arange(600), 5), 0.05, largest=False)
    assert size == pytest.approx(600, rel=0.1)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(1, 6))
def test_classes_are_indicators_without_the_memory(seed, count, each):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, count, count * each)
    classes = rng.integers(0, 4, count)[groups] if seed % 2 else rng.integers(0, 4, len(groups))
    expected = effective_size(classes[:, None] == np.arange(classes.max() + 1), groups, 0.01, largest=False)
    assert effective_size_of_classes(classes, groups, 0.01) == pytest.approx(expected)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(1, 6))
def test_both_ways_to_the_effective_size_agree(seed, count, each):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, count, count * each)
    values = rng.normal(size=count)[groups] + rng.normal(size=len(groups))
    grid = np.unique(np.quantile(values, (np.arange(32) + 0.5) / 32, method="lower"))
    expected = effective_size(values[:, None] <= grid, groups, 0.01, largest=True)
    assert effective_size_of_values(values, groups, 0.01) == pytest.approx(expected)
    assert 0 < expected <= len(values)


def test_half_width_of_a_grouped_sample_covers_the_true_distance():
    """25 patients with 20 alike images each, against 40: taken for independent, half the intervals miss."""
    rng = np.random.default_rng(5)
    missed = naive = 0
    for _ in range(300):
        sides = [
            (np.repeat(rng.normal(size=g), 20) + 0.3 * rng.normal(size=20 * g), np.repeat(np.arange(g), 20))
            for g in (25, 40)
        ]
        distance = abs(kolmogorov_smirnov(sides[0][0], sides[1][0])[0])
        missed += distance > dkw_half_width(*(effective_size_of_values(x, g, 0.1) for x, g in sides), 0.1)
        naive += distance > dkw_half_width(500, 800, 0.1)
    assert missed / 300 <= 0.1
    assert naive / 300 > 0.5


def test_few_groups_are_trusted_less():
    rng = np.random.default_rng(6)
    values = np.concatenate([rng.normal(size=10).repeat(10)])
    groups = np.repeat(np.arange(10), 10)
    assert effective_size_of_values(values, groups, 1e-4) <= 10 + 1e-9


def test_intraclass_correlation_recovers_a_known_one():
    rng = np.random.default_rng(7)
    groups = np.repeat(np.arange(2000), 4)
    values = rng.normal(size=2000)[groups] * np.sqrt(0.3) + rng.normal(size=8000) * np.sqrt(0.7)
    assert intraclass_correlation(values, groups) == pytest.approx(0.3, abs=0.03)


def test_intraclass_correlation_by_hand():
    # Groups (1, 2, 3) and (4, 5, 9): means 2 and 6; between 3 * (4 + 4) = 24 on 1, within (2 + 14) on 4 = 4;
    # (24 - 4) / (24 + 2 * 4).
    assert intraclass_correlation([1, 2, 3, 4, 5, 9], [0, 0, 0, 1, 1, 1]) == pytest.approx(20 / 32)
    assert intraclass_correlation([1, 1, 1, 1], [0, 0, 1, 1]) == 0.0
    assert intraclass_correlation([1, 2, 3], [0, 1, 2]) == 0.0


def test_design_effect_is_one_without_groups_or_likeness():
    assert design_effect([1, 1, 1], 1.0) == 1.0
    assert design_effect([9, 4], 0.0) == 1.0
    assert design_effect([], 0.5) == 1.0
    assert design_effect([9, 1], 1.0) == pytest.approx(10 / kish_size([9, 1]))
