import numpy as np
import pytest

from auditor.evidence.descriptor import (
    colour_histograms,
    describe,
    features,
    fit_projection,
    fitting_rows,
    gradient_histograms,
)
from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.signature import signature
from tests.checks.shapes import shape_scan
from tests.evidence.scenes import encoded, scan_of, scene


@pytest.fixture(scope="module")
def scan():
    return shape_scan({"train/disc": 60, "train/ring": 60, "train/stripes": 60})


def test_a_vertical_edge_is_a_gradient_across():
    """Dark left, bright right: the first of eight orientations alone, and only beside the edge."""
    pictures = np.zeros((1, 32, 32), dtype=np.uint8)
    pictures[:, :, 16:] = 200
    bins = gradient_histograms(pictures).reshape(8, 8, 8)
    assert (bins[:, 3:5, 0] > 0.3).all()
    assert bins[:, :, 1:].max() == 0
    assert bins[:, [0, 1, 2, 5, 6, 7]].max() == 0


def test_turning_a_picture_turns_its_orientations():
    picture = scene(1, 32, 32)[None, :, :, 1]
    bins = gradient_histograms(picture).reshape(8, 8, 8)
    turned = gradient_histograms(np.rot90(picture, axes=(1, 2)).copy()).reshape(8, 8, 8)
    inner = (slice(1, -1), slice(1, -1))
    assert np.allclose(np.roll(np.rot90(bins), 4, axis=2)[inner], turned[inner], atol=1e-4)


def test_gradients_do_not_depend_on_light():
    picture = scene(2, 32, 32)[None, :, :, 0] // 2
    assert np.allclose(gradient_histograms(picture), gradient_histograms(picture + 60), atol=1e-6)


def test_colours_are_counted():
    """Half pure red (hue 0), half pure blue (hue 170): two bins of share 1/2, with square roots of 0.707."""
    pictures = np.zeros((1, 16, 16, 3), dtype=np.uint8)
    pictures[:, :8, :, 0] = 255
    pictures[:, 8:, :, 2] = 255
    bins = colour_histograms(pictures)
    assert np.allclose(sorted(bins[0])[-2:], np.sqrt(0.5))
    assert np.isclose((bins**2).sum(), 1)


def test_columns_are_uncorrelated_and_scaled_alike(scan):
    x = describe(scan.images, scan.signatures).values.astype(float)
    covariance = np.cov(x.T)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.01
    assert (np.diag(covariance) < 1.02).all()
    assert (np.diag(covariance)[:5] > 0.9).all()


def test_the_projection_is_that_of_a_singular_value_decomposition():
    signatures = Signatures(np.random.default_rng(1).integers(0, 256, (40, 1536)).astype(np.uint8))
    project = fit_projection(signatures, columns=10)
    scaled = np.concatenate([b / np.sqrt(b.var(axis=0).sum()) for b in features(signatures)], axis=1).astype(
        float
    )
    left, values, _ = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)
    expected, found = (left * values)[:, :10], project(signatures) * project.scales
    cosine = (found * expected).sum(axis=0) / np.linalg.norm(found, axis=0) / np.linalg.norm(expected, axis=0)
    assert np.allclose(np.abs(cosine), 1, atol=1e-3)


def test_many_images_give_the_projection_of_few_where_they_are_copies():
    """Above 1,352 images another matrix is decomposed: every picture 35 times has the same directions."""
    signatures = Signatures(np.random.default_rng(1).integers(0, 256, (40, 1536)).astype(np.uint8))
    few, many = (
        fit_projection(signatures, columns=8),
        fit_projection(signatures[np.repeat(np.arange(40), 35)], columns=8),
    )
    assert np.allclose(few(signatures), many(signatures), atol=2e-3)


def test_the_descriptor_does_not_depend_on_the_order_of_rows(scan):
    order = np.random.default_rng(2).permutation(len(scan.images))
    shuffled = describe(scan.images.iloc[order].reset_index(drop=True), scan.signatures[order]).values
    assert np.allclose(shuffled, scan.descriptor[order], atol=1e-4)


def test_a_copy_changes_no_descriptor(scan):
    twice = np.r_[np.arange(len(scan.images)), np.zeros(5, dtype=int)]
    copied = describe(scan.images.iloc[twice].reset_index(drop=True), scan.signatures[twice]).values
    assert np.allclose(copied[: len(scan.images)], scan.descriptor, atol=1e-5)


def test_unreadable_images_are_zeros_and_fit_nothing():
    files = {f"a/{i}.png": encoded(scene(i, 40, 40)) for i in range(12)} | {"a/x.png": b"no image"}
    scan = scan_of(files)
    assert not scan.readable.all()
    assert (scan.descriptor[~scan.readable] == 0).all()
    assert (np.abs(scan.descriptor[scan.readable]).max(axis=1) > 0).all()
    assert set(fitting_rows(scan.images)) == set(np.flatnonzero(scan.readable))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_nothing_has_a_descriptor_too(scan, count):
    found = describe(scan.images.iloc[:count], scan.signatures[np.arange(count)])
    x, scales = found.values, found.scales
    assert x.shape == (count, len(scales))
    assert np.isfinite(x).all()


def test_pictures_that_are_all_alike_have_one_descriptor():
    flat = Signatures(np.repeat(signature(np.full((32, 32, 3), 90, np.uint8))[None], 5, axis=0))
    project = fit_projection(flat)
    assert (project(flat) == 0).all()


def test_what_looks_alike_is_close(scan):
    """The nearest neighbour of four shapes in five is of its own kind, of three kinds."""
    rows = scan.neighbours(1).rows[:, 0]
    assert (scan.labels[rows] == scan.labels).mean() > 0.8
