import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from auditor.duplicates.detail import DetailComparer
from auditor.duplicates.turns import turn_pictures
from auditor.scanning.mapped_signatures import Signatures


def signatures_of(pictures):
    """Signatures of grey pictures ``(n, 32, 32)``."""
    pictures = np.asarray(pictures, dtype=np.uint8)
    grey = np.full((len(pictures), 512), 128, np.uint8)
    return Signatures(np.concatenate([pictures.reshape(len(pictures), -1), grey], axis=1))


def blobs(n, seed=0):
    random = np.random.default_rng(seed)
    noise = gaussian_filter(random.normal(size=(n, 64, 64)), (0, 3, 3))
    noise = (noise - noise.mean(axis=(1, 2), keepdims=True)) / noise.std(axis=(1, 2), keepdims=True)
    return np.clip(128 + 40 * noise, 0, 255)


def compare(first, second, turn=0):
    """Distances as they lie, and after the best of all moves."""
    signatures = signatures_of(np.concatenate([first, second]))
    rows = np.arange(len(first))
    pairs = rows, rows + len(first), np.full(len(first), turn)
    return DetailComparer(signatures).measure_distance(*pairs), DetailComparer(signatures).measure_distance(
        *pairs, doubtful=0
    )


def test_a_picture_is_at_no_distance_from_itself_in_another_light():
    pictures = blobs(10)[:, :32, :32]
    plain, aligned = compare(pictures, 30 + 0.6 * pictures)
    assert plain.max() < 0.01
    assert (aligned <= plain).all()


def evened(picture):
    """Detail between Gaussians of 1 and 2 pixels, over its strength around each place."""
    band = gaussian_filter(picture.astype(float), 1) - gaussian_filter(picture.astype(float), 2)
    strength = np.sqrt(gaussian_filter(band**2, 3))
    band, strength = band[2:-2, 2:-2], strength[2:-2, 2:-2]
    even = band / (strength + 0.25 * np.sqrt((band**2).mean()) + 0.5)
    return even - even.mean()


def parts_of(even):
    window = np.sqrt(np.hanning(30)[1:-1])
    power = np.abs(np.fft.fft2(even * np.outer(window, window))) ** 2
    cells = np.array(
        [[(even[i : i + 4, j : j + 4] ** 2).sum() for j in range(0, 28, 4)] for i in range(0, 28, 4)]
    )
    return np.sqrt(np.prod([q.sum() ** 2 / (q**2).sum() for q in (power, cells)]))


def test_distance_is_the_weighed_correlation_of_evened_detail():
    first = blobs(5, 1)[:, :32, :32].astype(np.uint8)
    second = (0.6 * first + 0.4 * blobs(5, 2)[:, :32, :32]).astype(np.uint8)
    expected = []
    for a, b in zip(first, second, strict=True):
        a, b = evened(a), evened(b)
        expected.append(
            (1 - np.corrcoef(a.ravel(), b.ravel())[0, 1]) ** np.sqrt(np.sqrt(parts_of(a) * parts_of(b)) / 32)
        )
    # The two Gaussians in a row differ from one of the whole width by the cut of their tails alone.
    np.testing.assert_allclose(compare(first, second)[0], expected, atol=0.02)


def test_stripes_have_fewer_parts_than_texture_and_less_weight():
    x = np.arange(32)
    stripes = np.broadcast_to(128 + 60 * np.sin(x * 2 * np.pi / 8), (1, 32, 32))
    texture = blobs(1)[:, :32, :32]
    few, many = DetailComparer(signatures_of(np.concatenate([stripes, texture]))).count_parts(np.arange(2))
    assert few < 20 < many


@pytest.mark.parametrize("degrees", [-4, 3])
def test_alignment_undoes_a_small_turn(degrees):
    large = blobs(10)
    matrix = cv2.getRotationMatrix2D((31.5, 31.5), degrees, 1)
    shifted = np.array([cv2.warpAffine(p, matrix, (64, 64)) for p in large])
    plain, aligned = compare(large[:, 16:48, 16:48], shifted[:, 16:48, 16:48])
    assert plain.min() > 0.02
    assert aligned.max() < 0.02


def test_a_copy_enlarged_from_half_the_size_is_compared_as_blurred_as_it_is():
    whole = gaussian_filter(np.random.default_rng(0).normal(size=(20, 32, 32)), (0, 1, 1))
    whole = np.clip(128 + 100 * whole, 0, 255).astype(np.uint8)
    halved = [
        cv2.resize(
            cv2.resize(p, (16, 16), interpolation=cv2.INTER_AREA), (32, 32), interpolation=cv2.INTER_LINEAR
        )
        for p in whole
    ]
    plain, softened = compare(whole, np.array(halved))
    assert np.median(softened) < np.median(plain) / 2


@pytest.mark.parametrize("shift", [(1.5, 0), (0, -1.5), (1, 1)])
def test_alignment_undoes_a_shift(shift):
    large = blobs(10)
    shifted = np.array(
        [cv2.warpAffine(p, np.float32([[1, 0, shift[0]], [0, 1, shift[1]]]), (64, 64)) for p in large]
    )
    plain, aligned = compare(large[:, 16:48, 16:48], shifted[:, 16:48, 16:48])
    assert plain.min() > 0.05
    assert aligned.max() < 0.05


def test_alignment_undoes_a_zoom():
    large = blobs(10)[:, :40, :40]
    whole, cropped = (
        [cv2.resize(p, (32, 32), interpolation=cv2.INTER_AREA) for p in part]
        for part in (large, large[:, 2:-2, 2:-2])
    )
    plain, aligned = compare(np.array(whole), np.array(cropped))
    assert plain.min() > 0.08
    assert np.median(aligned) < 0.05


def test_alignment_does_not_make_strangers_alike():
    plain, aligned = compare(blobs(100, 1)[:, :32, :32], blobs(100, 2)[:, :32, :32])
    assert plain.min() > 0.5
    assert aligned.min() > 0.08


def test_a_picture_without_detail_is_far_from_everything():
    slope = np.broadcast_to(np.linspace(100, 140, 32), (1, 32, 32))
    assert compare(slope, slope)[0].item() == 1


def test_colours_disagree_only_where_both_have_some():
    signatures = signatures_of(np.zeros((4, 32, 32)))
    side = np.tile(np.repeat([100, 160], 8), 16)
    marks = signatures.array
    marks[0, 1024:1280], marks[1, 1024:1280], marks[2, 1024:1280] = (
        side,
        side[::-1],
        np.clip(side * 1.1, 0, 255),
    )
    comparer = DetailComparer(signatures)
    assert comparer.agree_in_colour(
        np.array([0, 0, 0]), np.array([1, 2, 3]), np.zeros(3, np.int64)
    ).tolist() == [False, True, True]
    assert comparer.agree_in_colour(np.array([0]), np.array([1]), np.ones(1, np.int64)).tolist() == [
        True
    ]  # mirrored


def test_a_turned_picture_is_compared_as_it_was():
    whole = blobs(6)[:, :32, :32]
    assert compare(whole, turn_pictures(whole, 6), turn=7)[0].max() < 0.01
