import numpy as np
import pytest
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter

from auditor.duplicates.shapes import (
    FAINT,
    compare_shapes,
    describe_colours,
    describe_shapes,
    dot_pairs,
    find_lookalikes,
    turn_shapes,
)
from auditor.duplicates.turns import INVERSE, TURNS, turn_pictures
from auditor.scanning.mapped_signatures import Signatures
from tests.duplicates.test_detail import blobs, signatures_of


def coarse(n, seed=0):
    return blobs(n, seed)[:, :32, :32].astype(np.uint8)


def of(pictures):
    return describe_shapes(signatures_of(pictures), np.arange(len(pictures)))


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
def test_turn_shapes_are_shapes_of_turned_pictures(turn):
    pictures = coarse(10)
    np.testing.assert_allclose(turn_shapes(of(pictures), turn), of(turn_pictures(pictures, turn)), atol=1e-4)
    both = of(np.concatenate([pictures, turn_pictures(pictures, turn)]))
    rows = np.arange(10)
    assert compare_shapes(both, rows, rows + 10, np.full(10, INVERSE[turn])).min() > 0.999


def mirrored_patterns(patterns):
    return np.concatenate([patterns[:, :16], -patterns[:, 16:]], axis=1)


def coloured(n, seed=0):
    signatures = signatures_of(coarse(n, seed))
    signatures.array[:, 1024:] = np.random.default_rng(seed).integers(90, 170, (n, 512), dtype=np.uint8)
    return signatures


@pytest.mark.parametrize("weight", [0.0, 0.2, 1.0])
def test_the_nearest_are_those_of_a_search_of_every_pair_both_ways(weight):
    signatures = coloured(60)
    vectors, patterns = (
        describe_shapes(signatures, np.arange(60)),
        describe_colours(signatures, np.arange(60)),
    )
    plain = vectors @ vectors.T + weight * patterns @ patterns.T
    mirrored = vectors @ turn_shapes(vectors, 1).T + weight * patterns @ mirrored_patterns(patterns).T
    best = np.maximum(plain, mirrored)
    np.fill_diagonal(best, -9)
    expected = np.argsort(-best, axis=1, kind="stable")[:, :3]
    rows, flipped, alike = find_lookalikes(vectors, patterns, weight, 3)
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(flipped, np.take_along_axis(mirrored > plain, expected, axis=1))
    np.testing.assert_allclose(alike, np.take_along_axis(best, expected, axis=1), atol=1e-5)


def test_with_fewer_pictures_than_asked_for_the_rest_is_empty():
    rows, flipped, _ = find_lookalikes(of(coarse(2)), np.zeros((2, 32), np.float32), 0.2, 3)
    assert rows.tolist() == [[1, -1, -1], [0, -1, -1]]
    assert not flipped[:, 1:].any()


def test_patterns_of_colour_multiply_as_cells_without_their_mean():
    signatures = coloured(5, 4)
    cells = []
    for planes in signatures.array[:, 1024:].reshape(5, 2, 16, 16).astype(float):
        means = np.array(
            [
                [[plane[4 * i : 4 * i + 4, 4 * j : 4 * j + 4].mean() for j in range(4)] for i in range(4)]
                for plane in planes
            ]
        )
        means -= means.mean(axis=(1, 2), keepdims=True)
        cells.append(means / (np.linalg.norm(means) + FAINT * np.sqrt(32)))
    plain = np.array([c.ravel() for c in cells])
    mirrored = np.array([c[:, :, ::-1].ravel() for c in cells])
    found = describe_colours(signatures, np.arange(5))
    np.testing.assert_allclose(found @ found.T, plain @ plain.T, atol=1e-5)
    np.testing.assert_allclose(found @ mirrored_patterns(found).T, plain @ mirrored.T, atol=1e-5)


def test_a_picture_of_one_colour_has_no_pattern():
    assert not describe_colours(Signatures(np.full((2, 1536), 128, np.uint8)), np.arange(2)).any()


def test_products_of_pairs():
    rng = np.random.default_rng(5)
    ours, theirs = rng.normal(size=(2, 30, 7)).astype(np.float32)
    first, second = rng.integers(0, 30, (2, 10_000))
    assert dot_pairs(ours, theirs, first, second) == pytest.approx((ours @ theirs.T)[first, second], abs=1e-5)
