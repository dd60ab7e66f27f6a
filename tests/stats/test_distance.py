import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from auditor.stats.distance import (
    chi_squared,
    chi_squared_p_value,
    cramers_v,
    dkw_half_width,
    kolmogorov_p_value,
    kolmogorov_smirnov,
    total_variation,
    total_variation_half_width,
    total_variation_upper_end,
)  # fmt: skip

samples = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=40)


@given(samples, samples)
def test_kolmogorov_smirnov_is_the_largest_gap_between_distribution_functions(a, b):
    x, y = np.array(a), np.array(b)
    distance, at = kolmogorov_smirnov(a, b)
    assert abs(distance) == pytest.approx(max(abs((x <= v).mean() - (y <= v).mean()) for v in (*a, *b)))
    assert (x <= at).mean() - (y <= at).mean() == pytest.approx(distance)


def test_kolmogorov_smirnov_is_scipys():
    rng = np.random.default_rng(0)
    for size in (5, 50, 500):
        x, y = rng.normal(size=size), rng.normal(0.4, 1.3, size=2 * size)
        assert abs(kolmogorov_smirnov(x, y)[0]) == pytest.approx(stats.ks_2samp(x, y).statistic)


@given(samples, samples)
def test_kolmogorov_smirnov_changes_sign_with_the_order(a, b):
    assert abs(kolmogorov_smirnov(a, b)[0]) == pytest.approx(abs(kolmogorov_smirnov(b, a)[0]))
    assert kolmogorov_smirnov(a, a)[0] == pytest.approx(0)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(1, 4)), min_size=1, max_size=20), samples)
def test_whole_weights_are_repetitions(weighted, b):
    values, weights = (np.array(column, dtype=float) for column in zip(*weighted, strict=True))
    repeated = np.repeat(values, weights.astype(int))
    assert abs(kolmogorov_smirnov(values, b, weights)[0]) == pytest.approx(
        abs(kolmogorov_smirnov(repeated, b)[0])
    )


@pytest.mark.parametrize(
    ("first", "second"), [((0, 1), (0, 1)), ((0, 1), (0.5, 1)), ((0, 1), (0, 3)), ((0, 1), (4, 1))]
)
def test_half_width_covers_the_true_distance(first, second):
    """Not only for equal distributions: within one standard error of the nominal 10 % or below it."""
    grid = np.linspace(-10, 14, 20_001)
    truth = np.abs(stats.norm.cdf(grid, *first) - stats.norm.cdf(grid, *second)).max()
    rng = np.random.default_rng(1)
    half = dkw_half_width(60, 200, 0.1)
    pairs = ((rng.normal(*first, 60), rng.normal(*second, 200)) for _ in range(400))
    missed = [abs(abs(kolmogorov_smirnov(*pair)[0]) - truth) > half for pair in pairs]
    assert np.mean(missed) <= 0.1 + np.sqrt(0.1 * 0.9 / 400)


def test_half_width_is_about_the_critical_value_of_the_test():
    assert dkw_half_width(400, 400, 0.01) == pytest.approx(
        stats.kstwobign.isf(0.01) * np.sqrt(2 / 400), rel=0.01
    )
    assert dkw_half_width(0, 5, 0.05) == 1.0
    assert dkw_half_width(2, 2, 1e-6) == 1.0


def test_p_value_is_close_to_the_exact_one():
    x = np.arange(150.0)
    for shift in (15, 20, 25, 30):
        exact = stats.ks_2samp(x, x + shift - 0.5, method="exact")
        assert kolmogorov_p_value(exact.statistic, 150, 150) == pytest.approx(
            exact.pvalue, rel=0.25, abs=0.02
        )


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=2, max_size=8))
def test_total_variation_is_the_largest_difference_of_any_set_of_classes(rows):
    a, b = (np.array(column) / sum(column) for column in zip(*rows, strict=True))
    masks = [[bool(m >> k & 1) for k in range(len(a))] for m in range(2 ** len(a))]
    largest = max(abs(a[mask].sum() - b[mask].sum()) for mask in masks)
    assert total_variation(*zip(*rows, strict=True)) == pytest.approx(largest)


@pytest.mark.parametrize(
    ("p", "q"),
    [([0.1] * 10, [0.1] * 10), ([0.9, 0.05, 0.05], [0.6, 0.2, 0.2]), ([0.5, 0.5, 0], [0.2, 0.3, 0.5])],
)
def test_half_width_of_total_variation_covers_the_true_distance(p, q):
    rng = np.random.default_rng(2)
    truth = total_variation(p, q)
    missed = 0
    for _ in range(80):
        a, b = rng.multinomial(80, p), rng.multinomial(300, q)
        missed += abs(total_variation(a, b) - truth) > total_variation_half_width(a, b, 80, 300, 0.1, rng)
    assert missed / 80 <= 0.1 + np.sqrt(0.1 * 0.9 / 80)


def test_half_width_of_total_variation_of_two_classes_is_that_of_a_share():
    half = total_variation_half_width(
        [5000, 5000], [5000, 5000], 10_000, 10_000, 0.05, np.random.default_rng(0)
    )
    assert half == pytest.approx(1.96 * np.sqrt(0.25 * 2 / 10_000), rel=0.05)


@pytest.mark.parametrize(
    ("p", "moved"), [([0.5] * 2, 0.1), ([0.1] * 10, 0.1), ([0.1] * 10, 0.2), ([0.7, 0.1, 0.1, 0.1], 0.15)]
)
def test_the_upper_end_of_total_variation_covers_the_true_distance(p, moved):
    rng = np.random.default_rng(3)
    p = np.array(p)
    half = len(p) // 2
    q = p + np.repeat([-moved / half, moved / (len(p) - half)], [half, len(p) - half])
    truth = total_variation(p, q)
    draws = ((rng.multinomial(300, p), rng.multinomial(500, q)) for _ in range(400))
    missed = [total_variation_upper_end(a, b, 300, 500, 0.1) < truth for a, b in draws]
    assert np.mean(missed) <= 0.1 + 2 * np.sqrt(0.1 * 0.9 / 400)


def test_the_upper_end_of_total_variation_of_many_classes_leaves_out_what_chance_adds():
    rng = np.random.default_rng(4)
    a, b = rng.multinomial(2000, [0.01] * 100), rng.multinomial(2000, [0.01] * 100)
    assert total_variation_upper_end(a, b, 2000, 2000, 0.05) < 0.1 < total_variation(a, b)
    assert total_variation_upper_end([5, 0], [9, 0], 5, 9, 0.05) == 0


tables = st.lists(st.lists(st.integers(1, 60), min_size=3, max_size=3), min_size=2, max_size=5)


@given(tables)
def test_chi_squared_is_scipys(table):
    expected = stats.chi2_contingency(table, correction=False)
    assert chi_squared(table) == pytest.approx(expected.statistic, abs=1e-9)
    assert chi_squared_p_value(chi_squared(table), expected.dof) == pytest.approx(expected.pvalue, abs=1e-9)


@given(tables)
def test_cramers_v_is_below_the_uncorrected_one_and_close_to_it_in_large_samples(table):
    large = np.array(table) * 10_000
    assert cramers_v(large) == pytest.approx(stats.contingency.association(large), abs=0.01)
    assert 0 <= cramers_v(table) <= stats.contingency.association(np.array(table)) + 0.05


def test_cramers_v_by_hand():
    # chi squared is 100 (8/10)^2 (100/100) ... = 16; phi^2 = 16/100 - 1/99; both dimensions shrink to 2 -
    # 1/99.
    table = [[35, 15], [15, 35]]
    assert chi_squared(table) == pytest.approx(16)
    assert cramers_v(table) == pytest.approx(np.sqrt((0.16 - 1 / 99) / (1 - 1 / 99)))
    assert cramers_v([[3, 4]]) == 0.0
    assert chi_squared_p_value(0.0, 0) == 1.0
