import json

import pytest

from auditor.reports.picture_map import map_points
from tests.checks.shapes import shape_scan


@pytest.fixture(scope="module")
def scan():
    return shape_scan({"train/disc": 30, "train/ring": 30})


def test_every_distinct_picture_is_a_point_in_the_unit_square(scan):
    points = map_points(scan)
    assert [p["path"] for p in points] == sorted(scan.images["path"])
    assert all(0 <= p["x"] <= 1 and 0 <= p["y"] <= 1 for p in points)
    assert not any(p["suspect"] for p in points)
    json.dumps(points, allow_nan=False)


def test_suspects_are_shown_whatever_the_limit(scan):
    marked = sorted(scan.images["path"])[-3:]
    points = map_points(scan, limit=10, suspects=marked)
    assert len(points) == 10
    assert [p["path"] for p in points if p["suspect"]] == marked


def test_one_picture_is_no_map(scan):
    assert map_points(scan, limit=1) == []
