import cv2
import numpy as np
import pytest

from auditor.duplicates.frames import crop_frames, find_frames
from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.signature import signature
from tests.evidence.scenes import scene


def of(pictures):
    return Signatures(np.array([signature(np.ascontiguousarray(p)) for p in pictures]))


def framed(picture, wide, grey):
    return cv2.copyMakeBorder(picture, *[wide] * 4, cv2.BORDER_CONSTANT, value=(grey,) * 3)


@pytest.mark.parametrize(("wide", "grey", "lines"), [(4, 0, (1, 2)), (8, 255, (2, 3)), (12, 0, (3, 4))])
def test_what_is_inside_a_frame_is_the_picture(wide, grey, lines):
    pictures = [cv2.resize(scene(i), (96, 96)) for i in range(20)]
    whole = of([framed(p, wide, grey) for p in pictures])
    boxes = find_frames(whole, np.arange(20))
    seen = boxes.any(axis=1)
    assert seen.mean() >= 0.8
    assert set(np.unique(boxes[seen])) <= set(range(lines[0], lines[1] + 1))
    inside, expected = crop_frames(whole[np.flatnonzero(seen)], boxes[seen]).luma(), of(pictures).luma()[seen]
    for found, picture in zip(inside, expected, strict=True):
        assert np.corrcoef(found[4:-4, 4:-4].ravel(), picture[4:-4, 4:-4].ravel())[0, 1] > 0.8


def test_pictures_without_a_frame_have_none():
    assert find_frames(of([scene(i) for i in range(60)]), np.arange(60)).any(axis=1).mean() < 0.05


def test_a_thing_on_a_plain_ground_is_no_frame():
    ground = np.full((64, 64, 3), 255, np.uint8)
    for size in (6, 12, 20, 24):
        drawn = cv2.circle(ground.copy(), (32, 32), size, (40, 90, 30), -1)
        assert not find_frames(of([drawn]), np.arange(1)).any()


def test_nothing_is_cut_where_there_is_no_frame():
    whole = of([scene(3)])
    np.testing.assert_array_equal(crop_frames(whole, np.zeros((1, 4), np.int64)).array, whole.array)
