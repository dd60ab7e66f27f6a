"""Bands: what they cover is simulated, with the truth worked out from the distributions."""

import numpy as np
import pytest
from scipy import stats

from auditor.stats.bands import bonferroni_quantile, joint_quantile, upper_end
from auditor.stats.clusters import effective_size_of_values
from auditor.stats.distance import dkw_half_width, kolmogorov_smirnov

ALPHA = 0.05
#: Measures of a simulated sample, and their common correlation.
MEASURES, CORRELATION = 8, 0.6


def quantile(first, second, alpha=ALPHA, seed=0):
    alone = np.arange(len(first)), np.arange(len(second))
    return joint_quantile(first, second, *alone, alpha, np.random.default_rng(seed))


def draw(rng, sizes, moved):
    """Return correlated normal measures of groups; in a share ``moved`` of groups all are 20 larger."""
    common = rng.normal(size=(len(sizes), 1))
    own = rng.normal(size=(len(sizes), MEASURES))
    of_group = np.sqrt(CORRELATION) * common + np.sqrt(1 - CORRELATION) * own
    of_group[rng.random(len(sizes)) < moved] += 20
    groups = np.repeat(np.arange(len(sizes)), sizes)
    # Images of a group are nearly alike.
    return of_group[groups] + 0.3 * rng.normal(size=(len(groups), MEASURES)), groups


def sizes_of(kind, rng):
    return np.full(150, 4) if kind == "equal" else np.minimum(rng.pareto(1.5, 150).astype(int) + 1, 40)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["equal", "heavy-tailed"])
@pytest.mark.parametrize("distance", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_intervals_cover_true_distances_of_samples_in_groups(kind, distance):
    """Lower ends of all measures at once, and the upper end of the largest, in 95 % of 60 samples."""
    rng = np.random.default_rng([len(kind), round(100 * distance)])
    trials, above, below = 60, 0, 0
    for _ in range(trials):
        (x, g), (y, h) = (draw(rng, sizes_of(kind, rng), moved) for moved in (0.0, distance))
        band = joint_quantile(x, y, g, h, ALPHA, rng)
        level = 2 * np.exp(-2 * band**2)
        lows, highs = [], []
        for k in range(MEASURES):
            value = abs(kolmogorov_smirnov(x[:, k], y[:, k])[0])
            n, m = (effective_size_of_values(z[:, k], of, level) for z, of in ((x, g), (y, h)))
            lows.append(value - band * np.sqrt(1 / n + 1 / m))
            n, m = (effective_size_of_values(z[:, k], of, 2 * ALPHA) for z, of in ((x, g), (y, h)))
            highs.append(upper_end(x[:, k], y[:, k], n, m, ALPHA))
        above += max(lows) > distance
        below += max(highs) < distance
    most = stats.binom.ppf(0.995, trials, ALPHA)
    assert above <= most
    assert below <= most


def test_the_band_of_one_measure_is_kolmogorovs():
    rng = np.random.default_rng(0)
    for alpha in (0.1, 0.05, 0.01):
        found = quantile(rng.normal(size=(800, 1)), rng.normal(size=(800, 1)), alpha)
        assert found == pytest.approx(stats.kstwobign.isf(alpha), rel=0.04)


def test_the_band_of_independent_measures_is_bonferronis():
    rng = np.random.default_rng(1)
    found = quantile(rng.normal(size=(800, 12)), rng.normal(size=(800, 12)))
    # Of independent ones each has 1 - 0.95 ** (1 / 12).
    assert found == pytest.approx(stats.kstwobign.isf(1 - (1 - ALPHA) ** (1 / 12)), rel=0.04)


def test_copies_of_a_measure_widen_nothing():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(500, 1)), rng.normal(size=(500, 1))
    assert quantile(np.repeat(x, 20, axis=1), np.repeat(y, 20, axis=1)) == pytest.approx(
        quantile(x, y), rel=0.01
    )


def test_a_measure_that_was_never_measured_or_never_varies_widens_nothing():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(300, 3)), rng.normal(size=(300, 3))
    alone = quantile(x[:, :1], y[:, :1])
    x[:, 1], x[:, 2], y[:, 2] = np.nan, 7, 7
    assert quantile(x, y) == pytest.approx(alone, rel=0.02)


def test_few_groups_have_bonferronis_bound():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(200, 5)), rng.normal(size=(200, 5))
    groups = np.arange(200) % 49
    assert joint_quantile(x, y, groups, groups, 0.01, rng) == bonferroni_quantile(5, 0.01)


def test_a_band_is_the_same_for_the_same_seed_and_other_names_of_groups():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2500, 4)), rng.normal(size=(300, 4))
    groups, other = np.arange(2500), np.arange(300)
    renamed = rng.permutation(5000)[groups]
    first = joint_quantile(x, y, groups, other, ALPHA, np.random.default_rng(0))
    second = joint_quantile(x, y, renamed, other, ALPHA, np.random.default_rng(0))
    assert first == second


def test_bonferronis_bound_is_that_of_dvoretzky_kiefer_and_wolfowitz():
    assert bonferroni_quantile(7, 0.01) * np.sqrt(1 / 50 + 1 / 80) == pytest.approx(
        dkw_half_width(50, 80, 0.01 / 7)
    )


def test_the_upper_end_of_two_values_is_that_of_one_difference_of_shares():
    """By hand: shares 0.3 and 0.5 of 400 differ by 0.2 + 1.645 * sqrt((0.21 + 0.25) / 400)."""
    x, y = np.repeat([0.0, 1.0], [280, 120]), np.repeat([0.0, 1.0], [200, 200])
    assert upper_end(x, y, 400, 400, 0.05) == pytest.approx(0.2 + 1.645 * np.sqrt(0.46 / 400), abs=1e-4)
    grouped = 0.2 + 1.645 * 0.5 * np.sqrt(2 / 100)
    assert upper_end(x, y, 100, 100, 0.05) == pytest.approx(grouped, abs=1e-4)
