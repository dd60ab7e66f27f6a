import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from auditor.splitting import plan_split
from auditor.splitting.assign import assign_units
from auditor.splitting.class_coverage import cover_every_part
from tests.splitting.tables import dataset_of, scan_table

RATIOS = np.array([0.6, 0.2, 0.2])


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_three_groups_is_in_every_part(seed):
    common = np.column_stack([np.full(60, 5.0), np.zeros(60)])
    counts = csr_array(np.concatenate([common, [[3.0, 10.0]] * 3]))
    part = assign_units(counts, np.arange(2), RATIOS, np.random.default_rng(seed))
    assert sorted(part[-3:].tolist()) == [0, 1, 2]


def test_training_does_not_give_most_of_a_class_away():
    counts = csr_array(
        np.concatenate([np.column_stack([np.full(300, 5.0), np.zeros(300)]), [[0.0, 10.0]] * 3])
    )
    part = assign_units(counts, np.arange(2), np.array([0.98, 0.01, 0.01]), np.random.default_rng(0))
    assert (part[-3:] == 0).sum() == 2


def test_the_class_that_cannot_be_everywhere_is_named():
    labels = ["a", "b"] * 30 + ["rare"] * 8
    table = scan_table(labels, group=[f"g{i}" for i in range(60)] + ["one"] * 4 + ["two"] * 4)
    done = plan_split(dataset_of(table, group_column="patient"), table)
    (note,) = done.facts["notes"]
    assert "'rare' (8 images) is absent from" in note


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2)).filter(any),
        min_size=3,
        max_size=14,
    ),
    st.integers(0, 2**31),
)
def test_no_part_loses_a_class_and_none_is_left_out_without_need(rows, seed):
    counts = np.array(rows, dtype=float)
    counts = counts[:, counts.sum(axis=0) > 0]
    before = np.random.default_rng(seed).integers(0, 3, len(counts))
    after = cover_every_part(csr_array(counts), before, RATIOS)
    has = [
        np.stack([(counts[part == p] > 0).any(axis=0) for p in range(3)], axis=1) for part in (before, after)
    ]
    assert (has[1] >= has[0]).all()
    for k, p in np.argwhere(~has[1]).tolist():
        if (counts[:, k] > 0).sum() < 3:
            continue
        for unit in np.flatnonzero(counts[:, k] > 0):  # every move that would help is forbidden
            giving = after[unit]
            rest = (after == giving) & (np.arange(len(counts)) != unit)
            empties = any(
                counts[unit, j] > 0 and not (counts[rest, j] > 0).any() for j in range(counts.shape[1])
            )
            starves = counts[rest, k].sum() < 0.5 * RATIOS[giving] * counts[:, k].sum()
            assert p != giving and (empties or starves)
