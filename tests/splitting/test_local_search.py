from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_array

from auditor.splitting.local_search import improve_by_moves_and_swaps

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
