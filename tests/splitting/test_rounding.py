import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from auditor.splitting.rounding import project_onto_simplex, round_quotas

SHARES = st.lists(st.integers(1, 20), min_size=2, max_size=5).map(lambda w: np.array(w) / sum(w))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), min_size=1, max_size=12),
    SHARES,
    st.integers(0, 5),
)
def test_every_stratum_class_and_part_is_within_one_of_ideal(strata, shares, seed):
    sizes, parent = np.array([n for n, _ in strata], dtype=float), np.array([c for _, c in strata])
    ideal = sizes[:, None] * shares
    quotas = round_quotas(ideal, parent, np.random.default_rng(seed))
    assert (quotas >= 0).all()
    assert quotas.sum(axis=1).tolist() == sizes.tolist()
    assert np.abs(quotas - ideal).max() < 1
    assert np.abs(quotas.sum(axis=0) - ideal.sum(axis=0)).max() < 1
    for label in set(parent.tolist()):
        assert np.abs((quotas - ideal)[parent == label].sum(axis=0)).max() < 1


def test_a_class_of_three_is_in_every_part_and_a_class_of_one_in_training():
    ideal = np.array([[1.8, 0.6, 0.6], [0.6, 0.2, 0.2]])
    for seed in range(10):
        quotas = round_quotas(ideal, np.array([0, 1]), np.random.default_rng(seed))
        assert quotas.tolist() == [[1, 1, 1], [1, 0, 0]]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(-5, 20), min_size=3, max_size=3).filter(lambda row: sum(row) >= 0.1))
def test_the_projection_is_the_nearest_row_without_negative_numbers(row):
    wanted = np.array([row])
    found = project_onto_simplex(wanted)
    assert found.min() >= 0 and found.sum() == pytest.approx(wanted.sum())
    start = np.full(3, wanted.sum() / 3)
    best = minimize(
        lambda x: ((x - wanted[0]) ** 2).sum(),
        start,
        bounds=[(0, None)] * 3,
        constraints={"type": "eq", "fun": lambda x: x.sum() - wanted.sum()},
        method="SLSQP",
    )
    assert ((found - wanted) ** 2).sum() <= best.fun + 1e-5
