import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.stats.sampling import most_affected


def at_most(found: int, sampled: int, total: int, affected: int) -> float:
    """Probability of no more than `found` affected in the sample, counted from binomial coefficients."""
    ways = sum(math.comb(affected, k) * math.comb(total - affected, sampled - k) for k in range(found + 1))
    return ways / math.comb(total, sampled)


def test_agrees_with_counting():
    for total, sampled in product((5, 12, 30), (1, 4, 5)):
        for found in range(sampled + 1):
            fits = [
                a
                for a in range(found, total - (sampled - found) + 1)
                if at_most(found, sampled, total, a) >= 0.05
            ]
            assert most_affected(found, sampled, total) == max(fits)


@given(st.integers(1, 10_000), st.data())
def test_a_whole_count_has_no_doubt_and_a_larger_sample_less(total, data):
    found = data.draw(st.integers(0, total))
    assert most_affected(found, total, total) == found
    n = data.draw(st.integers(1, total))
    assert most_affected(0, n, total) >= most_affected(0, min(n * 2, total), total)


def test_the_rule_of_three():
    assert most_affected(0, 20_000, 10_000_000) / 10_000_000 == pytest.approx(3 / 20_000, rel=0.01)
