import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from auditor.stats.confidence_sequence import Sample, affected_bounds, log_ratio

PRIORS = ((0.5, 0.5), (0.5, 50.0))


@st.composite
def samples(draw):
    total = draw(st.integers(1, 60))
    seen = draw(st.integers(0, total))
    return Sample(draw(st.integers(0, seen)), seen, total, draw(st.sampled_from(PRIORS)))


@given(samples())
@settings(max_examples=100)
def test_the_ratio_is_that_of_the_beta_binomial_prior_and_its_posterior(sample):
    """Bayes by hand, with scipy's distributions: the order of what was found is one of ``comb(n, k)``."""
    possible = np.arange(sample.total + 1)
    prior = stats.betabinom.pmf(possible, sample.total, *sample.prior)
    likelihood = stats.hypergeom.pmf(sample.found, sample.total, possible, sample.seen)
    posterior = prior * likelihood / (prior * likelihood).sum()
    for m in possible:
        expected = math.log(prior[m] / posterior[m]) if posterior[m] > 0 else math.inf
        assert log_ratio(sample, int(m)) == pytest.approx(expected, abs=1e-6)


@given(samples())
def test_the_ends_are_those_of_all_numbers_tried_one_by_one(sample):
    inside = [m for m in range(sample.total + 1) if log_ratio(sample, m) <= math.log(20)]
    assert affected_bounds(sample) == (inside[0], inside[-1])


@given(samples())
def test_finding_one_more_lowers_neither_end(sample):
    """So unclear answers are bounded by taking them for right, and for wrong."""
    if sample.found < sample.seen:
        more = Sample(sample.found + 1, sample.seen, sample.total, sample.prior)
        assert all(a <= b for a, b in zip(affected_bounds(sample), affected_bounds(more), strict=True))


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("affected", [0, 1, 10, 60])
def test_who_looks_after_every_single_item_is_misled_in_at_most_one_of_twenty(affected, prior):
    """Worked out exactly, not simulated: the probability of every path that has left the bounds by any step.

    ``alive[k]`` is the probability that k were found and the truth was never outside.
    """
    total = 100
    alive = np.zeros(total + 2)
    alive[0] = 1.0
    for seen in range(1, total + 1):
        grown = np.zeros_like(alive)
        for found in range(min(seen - 1, affected) + 1):
            hit = (affected - found) / (total - seen + 1)
            grown[found + 1] += alive[found] * hit
            grown[found] += alive[found] * (1 - hit)
        for found in range(min(seen, affected) + 1):
            if grown[found] and log_ratio(Sample(found, seen, total, prior), affected) > math.log(20):
                grown[found] = 0.0
        alive = grown
    assert alive.sum() >= 0.95 - 1e-9


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="found <= seen"):
        Sample(3, 2, 10)
