import numpy as np
import pytest

from auditor.evidence.neighbours import find_neighbours


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
    """Pictures come in clusters; in 20 of them cells miss a few in a hundred neighbours."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(20, 12))
    x = (centres[rng.integers(20, size=12_000)] + 0.5 * rng.normal(size=(12_000, 12))).astype(np.float32)
    everyone = np.ones(len(x), bool)
    exact = find_neighbours(x, everyone, 5, rng=rng)
    cells = find_neighbours(x, everyone, 5, rng=np.random.default_rng(0), exact_limit=1000)
    assert exact.exact
    assert not cells.exact
    assert np.mean([len(set(a) & set(b)) / 5 for a, b in zip(exact.rows, cells.rows, strict=True)]) > 0.95
