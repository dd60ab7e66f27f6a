import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from auditor.stats.intervals import images_needed, miettinen_nurminen, newcombe, wilson, wilson_half_width

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.sampled_from([0.001, 0.05, 0.2]))
def test_wilson_is_scipys(pair, alpha):
    k, n = pair
    expected = stats.binomtest(k, n).proportion_ci(1 - alpha, method="wilson")
    assert wilson(k, n, alpha=alpha) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_wilson_of_nothing_says_nothing():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson_half_width(0.9, 0) == 0.5


@given(st.floats(0.05, 0.95), st.floats(0.02, 0.2))
def test_images_needed_is_the_first_number_that_suffices(p, half_width):
    n = images_needed(p, half_width)
    assert wilson_half_width(p, n) <= half_width
    assert n == 1 or wilson_half_width(p, n - 1) > half_width


def test_worst_case_of_recall_needs_most_images():
    assert images_needed(0.5, 0.05) > images_needed(0.9, 0.05)


@given(counts, counts)
def test_newcombe_is_antisymmetric_and_holds_the_estimate(a, b):
    low, high = newcombe(*a, *b)
    assert low - 1e-12 <= a[0] / a[1] - b[0] / b[1] <= high + 1e-12
    other_low, other_high = newcombe(*b, *a)
    assert (low, high) == pytest.approx((-other_high, -other_low), abs=1e-12)


@pytest.mark.parametrize(
    ("counts", "expected"),  # Newcombe (1998), table II, method 10
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ],
)  # fmt: skip
def test_newcombe_agrees_with_the_paper(counts, expected):
    assert newcombe(*counts) == pytest.approx(expected, abs=5e-5)


def test_newcombe_of_an_absent_class_by_hand():
    z2 = stats.norm.ppf(0.975) ** 2
    p = 20 / 500
    wilson_low = (p + z2 / 1000 - math.sqrt(z2 * (p * (1 - p) / 500 + z2 / 4 / 500**2))) / (1 + z2 / 500)
    absent_high = z2 / 500 / (1 + z2 / 500)
    assert newcombe(20, 500, 0, 500)[0] == pytest.approx(
        p - math.sqrt((p - wilson_low) ** 2 + absent_high**2)
    )


@given(counts, counts)
def test_the_score_interval_is_antisymmetric_and_holds_the_estimate(a, b):
    low, high = miettinen_nurminen(*a, *b)
    assert -1 <= low <= a[0] / a[1] - b[0] / b[1] + 1e-9 <= high + 2e-9 <= 1 + 2e-9
    other_low, other_high = miettinen_nurminen(*b, *a)
    assert (low, high) == pytest.approx((-other_high, -other_low), abs=1e-6)


@pytest.mark.parametrize(
    ("k", "n", "j", "m"),
    [(56, 70, 48, 80), (9, 10, 3, 10), (12, 500, 0, 500), (0, 40, 3, 25), (30, 33, 60, 61)],
)
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_the_ends_of_the_score_interval_are_where_the_score_test_rejects(k, n, j, m, alpha):
    """The likelihood with the difference held is maximised by brute force."""

    def p_value(difference):
        first = np.linspace(max(difference, 0), min(1 + difference, 1), 200_001)[1:-1]
        other = first - difference
        with np.errstate(divide="ignore", invalid="ignore"):
            likelihood = sum(
                np.where(count > 0, count * np.log(share), 0)
                for count, share in ((k, first), (n - k, 1 - first), (j, other), (m - j, 1 - other))
            )
        best = np.nanargmax(likelihood)
        variance = first[best] * (1 - first[best]) / n + other[best] * (1 - other[best]) / m
        return 2 * stats.norm.sf(abs(k / n - j / m - difference) / np.sqrt(variance * (n + m) / (n + m - 1)))

    for end in miettinen_nurminen(k, n, j, m, alpha=alpha):
        assert p_value(end) == pytest.approx(alpha, rel=0.01)


def test_an_absent_class_is_told_as_by_the_exact_test():
    """Twelve images of 500 on one side alone: two of 4,096 ways are as uneven. Within a factor of two."""
    for k in (9, 12, 15):
        exact = 2 * 0.5**k
        assert (
            miettinen_nurminen(k, 500, 0, 500, alpha=exact * 2)[0]
            > 0
            > miettinen_nurminen(k, 500, 0, 500, alpha=exact / 2)[0]
        )
