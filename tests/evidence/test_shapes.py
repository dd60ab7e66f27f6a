import numpy as np
import pytest
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter

from auditor.evidence.matching import INVERSE, TURNS, turned
from auditor.evidence.shapes import FAINT, colour_patterns, likeness, nearest_shapes, pair_products, shapes, turned_shapes
from tests.evidence.test_matching import blobs, signatures_of


def coarse(n, seed=0):
    return blobs(n, seed)[:, :32, :32].astype(np.uint8)


def of(pictures):
    return shapes(signatures_of(pictures), np.arange(len(pictures)))


def test_shapes_correlate_as_the_blurred_pictures_do():
    first, second = coarse(20, 1), coarse(20, 2)
    blurred = [np.array([gaussian_filter(p.astype(float), 3) for p in part]) for part in (first, second)]
    expected = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(*blurred, strict=True)]
    # Coefficients beyond the highest frequency are left out.
    np.testing.assert_allclose((of(first) * of(second)).sum(axis=1), expected, atol=0.03)


def test_shapes_are_those_coefficients_of_the_cosine_transform():
    picture = coarse(1)
    kept = dctn(picture[0].astype(float), norm="ortho")[:8, :8]
    k = np.arange(8)
    kept = kept * np.exp(-((3 * np.pi * k / 32) ** 2) / 2) * np.exp(-((3 * np.pi * k / 32) ** 2) / 2)[:, None]
    kept = kept[(k[:, None] ** 2 + k**2 <= 42) & (k[:, None] + k > 0)]
    np.testing.assert_allclose(np.sort(of(picture)[0]), np.sort(kept / np.linalg.norm(kept)), atol=1e-4)


@pytest.mark.parametrize("turn", range(len(TURNS)))
def test_turned_shapes_are_shapes_of_turned_pictures(turn):
    pictures = coarse(10)
    np.testing.assert_allclose(turned_shapes(of(pictures), turn), of(turned(pictures, turn)), atol=1e-4)
    both = of(np.concatenate([pictures, turned(pictures, turn)]))
    rows = np.arange(10)
    assert likeness(both, rows, rows + 10, np.full(10, INVERSE[turn])).min() > 0.999


def test_the_nearest_are_those_of_a_search_of_every_pair_both_ways():
    vectors = of(coarse(60))
    plain, mirrored = vectors @ vectors.T, vectors @ turned_shapes(vectors, 1).T
    best = np.maximum(plain, mirrored)
    np.fill_diagonal(best, -2)
    expected = np.argsort(-best, axis=1, kind="stable")[:, :3]
    rows, flipped, _ = nearest_shapes(vectors, 3)
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(flipped, np.take_along_axis(mirrored > plain, expected, axis=1))


def test_with_fewer_pictures_than_asked_for_the_rest_is_empty():
    rows, flipped, _ = nearest_shapes(of(coarse(2)), 3)
    assert rows.tolist() == [[1, -1, -1], [0, -1, -1]]
    assert not flipped[:, 1:].any()


def test_patterns_of_colour_are_what_is_left_of_cells_without_their_mean():
    planes = np.random.default_rng(4).integers(90, 170, (5, 2, 16, 16), dtype=np.uint8)
    signatures = np.zeros((5, 1536), dtype=np.uint8)
    signatures[:, 1024:] = planes.reshape(5, -1)
    plain, mirrored = colour_patterns(signatures, np.arange(5))
    for own, cells, other in zip(planes, plain, mirrored, strict=True):
        means = np.array([[[plane[4 * i : 4 * i + 4, 4 * j : 4 * j + 4].mean() for j in range(4)] for i in range(4)] for plane in own])
        means -= means.mean(axis=(1, 2), keepdims=True)
        expected = means / (np.linalg.norm(means) + FAINT * np.sqrt(32))
        assert cells == pytest.approx(expected.ravel(), abs=1e-5)
        assert other == pytest.approx(expected[:, :, ::-1].ravel(), abs=1e-5)


def test_a_picture_of_one_colour_has_no_pattern():
    assert not colour_patterns(np.full((2, 1536), 128, np.uint8), np.arange(2))[0].any()


def test_products_of_pairs():
    rng = np.random.default_rng(5)
    ours, theirs = rng.normal(size=(2, 30, 7)).astype(np.float32)
    first, second = rng.integers(0, 30, (2, 10_000))
    assert pair_products(ours, theirs, first, second) == pytest.approx((ours @ theirs.T)[first, second], abs=1e-5)
