from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.model_selection import StratifiedGroupKFold

from auditor.splitting.assign import assign_units, share_deviation
from auditor.splitting.bound import deviation_bound

RATIOS = np.array([0.6, 0.2, 0.2])


def heavy_tailed(rng, groups, classes):
    """Counts of classes in groups whose sizes follow a power law; each group has its own mix of classes."""
    sizes = np.minimum(np.ceil(rng.pareto(1.1, groups) + 1), 300).astype(int)
    return np.stack([rng.multinomial(n, rng.dirichlet(np.full(classes, 0.5))) for n in sizes]).astype(float)


@pytest.mark.parametrize("seed", range(4))
def test_small_cases_come_near_the_best_of_all_assignments(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 12, (8, 2)).astype(float)
    total = counts.sum(axis=0)
    every = np.array(list(product(range(3), repeat=8)))
    held = np.stack([(every == p).astype(float) @ counts for p in range(3)], axis=2)
    best = np.abs(held / total[:, None] - RATIOS).max(axis=(1, 2)).min()
    part = assign_units(csr_array(counts), np.arange(2), RATIOS, rng)
    found = np.abs(share_deviation(csr_array(counts), part, RATIOS)).max()
    assert best - 1e-12 <= found <= best + 0.03


@pytest.mark.parametrize("seed", range(3))
def test_heavy_tailed_groups_come_nearer_than_stratified_group_k_fold(seed):
    rng = np.random.default_rng(seed)
    counts = heavy_tailed(rng, 120, 4)
    ratios = np.full(5, 0.2)
    ours = np.abs(
        share_deviation(csr_array(counts), assign_units(csr_array(counts), np.arange(4), ratios, rng), ratios)
    ).max()
    label = np.concatenate([np.repeat(np.arange(4), row.astype(int)) for row in counts])
    group = np.repeat(np.arange(len(counts)), counts.sum(axis=1).astype(int))
    fold = np.zeros(len(counts), dtype=np.int64)
    for k, (_, test) in enumerate(
        StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(np.zeros(len(label)), label, group)
    ):
        fold[np.unique(group[test])] = k
    theirs = np.abs(share_deviation(csr_array(counts), fold, ratios)).max()
    bound = deviation_bound(csr_array(counts), ratios)
    assert bound - 1e-12 <= ours <= theirs


def test_every_part_gets_its_portion_of_the_large_groups():
    rng = np.random.default_rng(0)
    counts = csr_array(np.concatenate([np.full((50, 1), 20.0), np.full((2_000, 1), 2.0)]))
    part = assign_units(counts, np.array([0]), RATIOS, rng)
    large = np.bincount(part[:50], minlength=3) / 50
    assert np.abs(large - RATIOS).max() < 0.1
