import numpy as np
import pytest

from auditor.stats.mean_discrepancy import mean_discrepancy, squared_distances


def brute_force(x, y):
    pooled = np.concatenate([x, y])
    d = [[((a - b) ** 2).sum() for b in pooled] for a in pooled]
    width = np.median([d[i][j] for i in range(len(pooled)) for j in range(i)])
    k = np.exp(-np.array(d) / width)
    n, m = len(x), len(y)
    within = sum(k[i, j] for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    other = sum(k[n + i, n + j] for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    across = sum(k[i, n + j] for i in range(n) for j in range(m)) / (n * m)
    return within + other - 2 * across


def test_discrepancy_is_the_double_sum():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(9, 3)) + 1
    assert mean_discrepancy(x, y, rng, 19)[0] == pytest.approx(brute_force(x, y), abs=1e-5)


def test_distances_are_never_negative():
    points = np.full((4, 3), 1e4, dtype=np.float32)
    assert (squared_distances(points) == 0).all()


def test_a_difference_in_spread_is_seen():
    rng = np.random.default_rng(1)
    assert mean_discrepancy(rng.normal(size=(150, 4)), 1.6 * rng.normal(size=(150, 4)), rng, 199)[
        1
    ] == pytest.approx(1 / 200)


def test_p_values_of_equal_samples_are_uniform():
    rng = np.random.default_rng(2)
    p = np.array(
        [mean_discrepancy(rng.normal(size=(20, 2)), rng.normal(size=(30, 2)), rng, 99)[1] for _ in range(300)]
    )
    assert abs((p <= 0.1).mean() - 0.1) < 3 * np.sqrt(0.09 / 300)
    assert abs(p.mean() - 0.5) < 3 * np.sqrt(1 / 12 / 300)


def test_too_few_points_say_nothing():
    assert mean_discrepancy(np.zeros((1, 2)), np.ones((5, 2)), np.random.default_rng(0)) == (0.0, 1.0)


def test_constant_points_do_not_differ():
    assert mean_discrepancy(np.zeros((5, 2)), np.zeros((5, 2)), np.random.default_rng(0), 19)[1] == 1.0
