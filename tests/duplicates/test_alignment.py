import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from auditor.duplicates.alignment import Target, move_pictures, no_motion
from tests.duplicates.test_detail import blobs


def test_a_step_of_alignment_finds_a_known_move():
    large = gaussian_filter(blobs(8), (0, 2, 2)).astype(np.float32)[:, 16:48, 16:48]
    wanted = np.zeros((8, 6), np.float32)
    wanted[:, 0], wanted[:, 3] = 0.5, -0.5
    target, found = Target(move_pictures(large, wanted)), no_motion(8)
    for _ in range(4):
        found = target.improve(found, large)
    np.testing.assert_allclose(found, wanted, atol=0.05)


@pytest.mark.parametrize("sampled", [False, True])
def test_moved_pictures_are_those_of_a_bilinear_map_that_repeats_the_rim(sampled):
    rng = np.random.default_rng(8)
    pictures = gaussian_filter(rng.random((6, 32, 32)) * 255, (0, 1, 1)).astype(np.float32)
    moves = rng.normal(0, 1.5, (6, 6)).astype(np.float32)
    down, across = np.mgrid[:32, :32]
    x, y = (across - 15.5) / 15.5, (down - 15.5) / 15.5
    found = move_pictures(pictures, moves, sampled=sampled)
    for picture, m, result in zip(pictures, moves, found, strict=True):
        there = (down + m[3] + m[4] * y + m[5] * x, across + m[0] + m[1] * x + m[2] * y)
        expected = map_coordinates(picture, there, order=1, mode="nearest")
        assert (
            np.abs(result - (expected[2:30:2, 2:30:2] if sampled else expected)).max() < 1
        )  # OpenCV takes 32nds of a pixel
