import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auditor.scanning.reading_order import FIRST, reading_order

STRATA = st.lists(st.integers(0, 6), min_size=1, max_size=300).map(
    lambda s: np.unique(s, return_inverse=True)[1]
)


@given(STRATA, st.integers(0, 5))
def test_every_file_is_read_once_and_the_seed_decides(strata, seed):
    order = reading_order(strata, seed)
    assert sorted(order.tolist()) == list(range(len(strata)))
    assert np.array_equal(order, reading_order(strata, seed))


@given(STRATA, st.integers(0, 5), st.floats(0, 1))
def test_every_beginning_holds_all_strata_in_proportion(strata, seed, share):
    order = reading_order(strata, seed)
    sizes = np.bincount(strata)
    first = np.minimum(sizes, FIRST)
    assert set(strata[order[: first.sum()]]) == set(strata)
    n = int(share * len(strata))
    taken = np.bincount(strata[order[:n]], minlength=len(sizes))
    if n >= first.sum():
        for count, size, least in zip(taken, sizes, first, strict=True):
            assert count >= least
            grown = max(n / len(strata) * size, least)
            assert abs(count - grown) <= 2 * len(sizes) * FIRST + 2


def test_the_order_within_a_stratum_is_random():
    first = [int(reading_order(np.zeros(1000, np.int64), seed)[0]) for seed in range(40)]
    assert len(set(first)) > 30
    assert 300 < np.mean(first) < 700
