import numpy as np
import pytest

from auditor.stats.label_noise import disagreement_floor


def simulated(rate, n, seed, slope=0.6, power=2.0):
    """Ranks, and disagreement of which ``rate`` is wrong labels and the rest the classifier's own errors."""
    rng = np.random.default_rng(seed)
    v = (np.arange(n) + 0.5) / n
    return v, (rng.random(n) < rate) | (rng.random(n) < slope * v**power)


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.1])
def test_the_interval_covers_the_true_rate(rate):
    """In 95 of 100 simulations, give or take; a binomial with p = 0.95 is below 88 of 100 once in 500."""
    covered = 0
    for seed in range(100):
        found = disagreement_floor(*simulated(rate, 1000, seed))
        assert 0 <= found.low <= found.value <= found.high <= 1
        covered += found.low <= rate <= found.high
    assert covered >= 88


def test_more_images_narrow_the_interval():
    wide, narrow = (disagreement_floor(*simulated(0.05, n, 1)) for n in (300, 10_000))
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)


def test_images_in_groups_count_less():
    v, disagrees = simulated(0.05, 2000, 2)
    alone, grouped = disagreement_floor(v, disagrees), disagreement_floor(v, disagrees, weight=0.2)
    assert grouped.value == alone.value
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_a_classifier_that_only_errs_when_unsure_finds_nothing():
    v = np.linspace(0, 1, 1000)
    assert disagreement_floor(v, v > 0.9).value == 0


def test_nothing_to_judge_is_all_uncertainty():
    found = disagreement_floor([], [])
    assert (found.low, found.high) == (0, 1)
