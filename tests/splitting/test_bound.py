from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from auditor.splitting import bound
from auditor.splitting.bound import deviation_bound

RATIOS = np.array([0.6, 0.2, 0.2])


def best_of_all(counts, ratios):
    """The smallest possible largest deviation, by trying every assignment."""
    total = counts.sum(axis=0)
    best = np.inf
    for parts in product(range(len(ratios)), repeat=len(counts)):
        held = np.stack([counts[np.array(parts) == p].sum(axis=0) for p in range(len(ratios))])
        best = min(best, np.abs(held / total - ratios[:, None]).max())
    return best


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(any), min_size=2, max_size=6))
def test_no_assignment_is_below_the_bound(rows):
    counts = np.array(rows, dtype=float)
    counts = counts[:, counts.sum(axis=0) > 0]
    assert deviation_bound(csr_array(counts), RATIOS) <= best_of_all(counts, RATIOS) + 1e-12


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6))
@settings(deadline=None, max_examples=25)
def test_with_one_class_and_few_units_the_bound_is_reached(sizes):
    counts = np.array(sizes, dtype=float)[:, None]
    assert deviation_bound(csr_array(counts), RATIOS) == pytest.approx(best_of_all(counts, RATIOS), abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(2, 40), min_size=2, max_size=8), st.integers(0, 3))
def test_the_subset_sum_bound_is_no_better_than_trying_all(sizes, ones):
    counts = np.array(sizes + [1] * ones, dtype=float)[:, None]
    exact = deviation_bound(csr_array(counts), RATIOS[:2] / RATIOS[:2].sum())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bound, "ENUMERATED", 0)
        by_sums = deviation_bound(csr_array(counts), RATIOS[:2] / RATIOS[:2].sum())
    assert by_sums == pytest.approx(
        exact, abs=1e-12
    )  # with two parts one subset decides both, so the two routes agree


def test_a_group_with_most_of_a_class_is_seen():
    counts = np.array([[90.0]] + [[1.0]] * 10)
    assert deviation_bound(csr_array(counts), RATIOS) == pytest.approx(0.3)
