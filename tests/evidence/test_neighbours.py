import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.evidence.neighbours import find_neighbours
from auditor.stats.nearest import find_nearest, scale_to_unit


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


def test_an_image_is_not_its_own_neighbour_even_among_copies():
    x = np.repeat(np.eye(4, dtype=np.float32), 3, axis=0)
    found = find_neighbours(x, np.ones(12, bool), 2, rng=np.random.default_rng(0))
    assert not (found.rows == np.arange(12)[:, None]).any()
    assert (found.rows // 3 == np.arange(12)[:, None] // 3).all()
    assert np.allclose(found.similarity, 1)


def test_unreadable_images_have_and_are_no_neighbours():
    rng = np.random.default_rng(1)
    readable = np.arange(30) % 3 > 0
    found = find_neighbours(rng.normal(size=(30, 8)).astype(np.float32), readable, 25, rng=rng)
    assert (found.rows[~readable] == -1).all()
    assert set(np.unique(found.rows[readable])) == {-1, *np.flatnonzero(readable)}
    assert ((found.rows[readable] >= 0).sum(axis=1) == 19).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_images(count):
    found = find_neighbours(
        np.ones((count, 3), np.float32), np.ones(count, bool), 4, rng=np.random.default_rng(0)
    )
    assert found.rows.shape == (count, 4)
    assert (found.rows >= 0).sum() == (2 if count == 2 else 0)


def test_cells_find_nearly_all_neighbours_of_clustered_images():
    """Pictures come in clusters; in 20 of them, cells find what brute force finds but for a few in a hundred."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(20, 12))
    x = (centres[rng.integers(20, size=12_000)] + 0.5 * rng.normal(size=(12_000, 12))).astype(np.float32)
    everyone = np.ones(len(x), bool)
    exact = find_neighbours(x, everyone, 5, rng=rng)
    cells = find_neighbours(x, everyone, 5, rng=np.random.default_rng(0), exact_limit=1000)
    assert exact.exact
    assert not cells.exact
    assert np.mean([len(set(a) & set(b)) / 5 for a, b in zip(exact.rows, cells.rows, strict=True)]) > 0.95
