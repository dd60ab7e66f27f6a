import numpy as np
import pytest

from auditor.duplicates.calibration import DEFAULT_THRESHOLD, MOST_OF_CLASSES, calibrate
from auditor.duplicates.pairs import Pairs
from auditor.duplicates.sets import find_duplicates
from tests.duplicates.test_sets import _scanned, _smooth_walk


def test_look_alikes_of_another_class_lower_the_threshold():
    """Pairs of classes that differ by one small mark must not be merged because they look alike."""
    frames, labels = [], []
    for seed in range(120):
        frame = _smooth_walk(1, 0.1, seed)[0].astype(float)
        mark = np.zeros((32, 32))
        mark[12:17, 12:17] = 40
        frames += [frame, frame + mark]
        labels += ["plain", "marked"]
    images, signatures = _scanned(np.clip(frames, 0, 255).astype(np.uint8), labels)
    found, unlabelled = (
        find_duplicates(images, signatures),
        find_duplicates(images.assign(label=""), signatures),
    )
    assert found.calibration.threshold < unlabelled.calibration.threshold == DEFAULT_THRESHOLD
    assert not found.calibration.calibrated
    merged, before = ((f.near != np.arange(240)).sum() for f in (found, unlabelled))
    assert merged < before / 2


@pytest.mark.parametrize(("look_alikes", "expected"), [(4, MOST_OF_CLASSES), (5, 0.05)])
def test_one_image_in_a_thousand_may_have_a_look_alike_in_another_class(look_alikes, expected):
    """Of 8,000 images 8 may, which are four pairs; with a fifth pair the threshold ends before them."""
    n = 8000
    first = np.arange(0, n, 2)
    distance = np.full(len(first), 0.9)
    distance[:look_alikes] = 0.05
    labels = np.where(np.arange(n) % 2, "cat", "dog").astype(object)
    used = np.ones(n, dtype=bool)
    pairs = Pairs(first, first + 1, np.zeros(len(first), np.int64), distance)
    found = calibrate(pairs, labels, used, used)
    assert found.calibrated
    assert found.threshold == pytest.approx(expected)
    assert (found.threshold < 0.05) == (look_alikes == 5)
