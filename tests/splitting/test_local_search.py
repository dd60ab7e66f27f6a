from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from auditor.splitting.local_search import anneal, improve_by_moves_and_swaps

RATIOS = np.array([0.6, 0.2, 0.2])


def squared(counts, part):
    total = counts.sum(axis=0)
    held = np.stack([counts[part == p].sum(axis=0) for p in range(3)], axis=1)
    return (((held - total[:, None] * RATIOS) / total[:, None]) ** 2).sum()


@pytest.mark.parametrize("seed", range(5))
def test_no_move_and_no_swap_is_left_that_would_improve(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 20, (25, 3)).astype(float)
    before = rng.integers(0, 3, 25)
    after = improve_by_moves_and_swaps(csr_array(counts), before, RATIOS, 1 / counts.sum(axis=0) ** 2)
    reached = squared(counts, after)
    assert reached <= squared(counts, before)
    for unit in range(25):
        for to in range(3):
            tried = after.copy()
            tried[unit] = to
            assert squared(counts, tried) >= reached - 1e-9
    for one, other in combinations(range(25), 2):
        tried = after.copy()
        tried[[one, other]] = tried[[other, one]]
        assert squared(counts, tried) >= reached - 1e-9


@given(st.integers(0, 2**16), st.integers(2, 12))
@settings(deadline=None, max_examples=15)
def test_annealing_never_ends_farther_off_than_it_began(seed, units):
    rng = np.random.default_rng(seed)
    counts = csr_array(rng.integers(1, 9, size=(units, 3)).astype(float))
    ratios = np.array([0.6, 0.4])
    start = rng.integers(2, size=units)
    done = anneal(counts, start, ratios, np.random.default_rng(0))

    def badness(part):
        share = np.stack([counts.toarray()[part == p].sum(axis=0) for p in (0, 1)], axis=1)
        off = share / counts.toarray().sum(axis=0)[:, None] - ratios
        return np.abs(off).max() + np.sqrt((off**2).mean())

    assert badness(done) <= badness(start) + 1e-12
    assert sorted(set(done.tolist())) <= [0, 1]


def test_annealing_finds_the_even_halves_of_eight_groups():
    sizes = np.array([13.0, 11, 7, 5, 4, 3, 2, 1])
    best = min(abs(sum(chosen) / 46 - 0.5) for r in range(9) for chosen in combinations(sizes.tolist(), r))
    done = anneal(
        csr_array(sizes[:, None]), np.zeros(8, np.int64), np.array([0.5, 0.5]), np.random.default_rng(3)
    )
    assert abs(sizes[done == 0].sum() / 46 - 0.5) == pytest.approx(best)
