import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from auditor.stats.imbalance import (
    effective_number,
    evenness,
    imbalance_ratio,
    likelihood_ratio_imbalance_degree,
)

class_counts = st.lists(st.integers(0, 5000), min_size=2, max_size=30).filter(any)


@given(class_counts)
def test_evenness_is_entropy_over_its_maximum(counts):
    assert evenness(counts) == pytest.approx(stats.entropy(counts) / np.log(len(counts)), abs=1e-12)


@given(class_counts)
def test_lrid_is_the_likelihood_ratio_statistic_against_equal_classes(counts):
    expected = stats.power_divergence(counts, lambda_="log-likelihood").statistic
    assert likelihood_ratio_imbalance_degree(counts) == pytest.approx(expected, abs=1e-6)


@given(class_counts)
def test_lrid_and_evenness_tell_the_same(counts):
    share = likelihood_ratio_imbalance_degree(counts) / (2 * sum(counts) * np.log(len(counts)))
    assert share == pytest.approx(1 - evenness(counts), abs=1e-9)


@given(st.integers(1, 300), st.sampled_from([0.9, 0.99, 0.999]))
def test_effective_number_is_the_sum_of_a_geometric_series(n, beta):
    assert effective_number([n], beta)[0] == pytest.approx(sum(beta**k for k in range(n)))


@given(class_counts)
def test_imbalance_ratio_ignores_empty_classes(counts):
    filled = [c for c in counts if c]
    assert imbalance_ratio(counts) == pytest.approx(max(filled) / min(filled))
    assert imbalance_ratio([*counts, 0]) == imbalance_ratio(counts)


def test_imbalance_of_nothing_is_balanced():
    assert imbalance_ratio([]) == 1.0
