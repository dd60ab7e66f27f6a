import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.stats.nearest import drop_self, find_nearest, scale_to_unit


def brute_force(queries, references, k):
    products = queries.astype(float) @ references.T.astype(float)
    rows = np.argsort(-products, axis=1, kind="stable")[:, :k]
    return rows, np.take_along_axis(products, rows, axis=1)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 400), st.integers(1, 12), st.integers(0, 99))
def test_nearest_agrees_with_brute_force(n, m, k, seed):
    rng = np.random.default_rng(seed)
    queries, references = (
        rng.normal(size=(n, 5)).astype(np.float32),
        rng.normal(size=(m, 5)).astype(np.float32),
    )
    rows, similarity = find_nearest(queries, references, k)
    expected, products = brute_force(queries, references, k)
    assert (rows[:, : min(k, m)] == expected).all()
    assert np.allclose(similarity[:, : min(k, m)], products, atol=1e-5)
    assert (rows[:, m:] == -1).all()


def test_nearest_agrees_with_brute_force_over_many_blocks(monkeypatch):
    monkeypatch.setattr("auditor.stats.nearest.PRODUCTS_AT_ONCE", 20_000)
    monkeypatch.setattr("auditor.stats.nearest.QUERIES_AT_ONCE", 1)
    rng = np.random.default_rng(5)
    x = scale_to_unit(rng.normal(size=(700, 16)))
    assert (find_nearest(x, x, 6)[0] == brute_force(x, x, 6)[0]).all()


def test_rows_of_zeros_stay_zeros_and_all_others_get_length_one():
    assert scale_to_unit(np.array([[3.0, 4.0], [0.0, 0.0]])) == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))


def test_the_query_leaves_its_list_or_else_the_last():
    own, similarity = np.array([5, 6]), np.array([[0.9, 0.8, 0.7], [1.0, 1.0, 1.0]], np.float32)
    rows, kept = drop_self(own, np.array([[1, 5, 2], [7, 8, 9]]), similarity)
    assert rows.tolist() == [[1, 2], [7, 8]]
    assert kept[0] == pytest.approx([0.9, 0.7])
