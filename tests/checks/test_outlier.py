import numpy as np
import pytest

from auditor.checks.outlier import Outlier, distance_to_others, fence
from auditor.evidence import Evidence
from auditor.finding import Severity
from tests.checks.plants import base, described, draw_descriptor, some
from tests.checks.shapes import shape_scan, shapes
from tests.evidence.scenes import encoded, scan_of, scene


@pytest.fixture(scope="module")
def strange():
    files = shapes({"train/disc": 100, "train/ring": 100, "test/disc": 30, "test/ring": 30})
    return scan_of(files | {f"train/disc/odd{i}.png": encoded(scene(i, 40, 40)) for i in range(3)})


def test_strange_pictures_are_the_worst(strange):
    finding = next(f for f in Outlier()(strange) if not f.scope)
    assert set(finding.examples["path"][:3]) == {f"train/disc/odd{i}.png" for i in range(3)}


def test_a_copy_is_no_company(strange):
    """A strange picture that is there twice is as far from all others as one that is there once."""
    at = int(np.flatnonzero(strange.images["path"] == "train/disc/odd0.png")[0])
    rows = np.r_[np.arange(len(strange.images)), at]
    images = strange.images.iloc[rows].reset_index(drop=True)
    images.loc[len(rows) - 1, "path"] = "train/disc/odd0-copy.png"
    twice = Evidence(images, strange.signatures[rows])
    everyone = np.arange(len(rows))
    once = distance_to_others(strange, np.array([at]), everyone[:-1])
    assert distance_to_others(twice, np.array([at]), everyone) == pytest.approx(once, rel=0.02)


def test_distances_are_those_of_brute_force(strange):
    x = strange.principal_components(np.arange(len(strange.images))).astype(float)
    rows = np.arange(0, len(x), 7)
    distance = np.linalg.norm(x[rows, None] - x[None], axis=2)
    distance[strange.groups[rows][:, None] == strange.groups[None]] = np.inf
    assert distance_to_others(strange, rows, np.arange(len(x))) == pytest.approx(
        np.sort(distance, axis=1)[:, :10].mean(axis=1), rel=1e-3
    )


def test_a_test_split_like_training_is_covered(strange):
    finding = next(f for f in Outlier()(strange) if f.scope == "train-test")
    assert finding.severity in (Severity.PASS, Severity.UNDECIDED)
    assert finding.effect.value < 0.1


def test_a_test_split_of_other_pictures_is_not_covered():
    files = shapes({"train/disc": 150, "train/ring": 150}) | {
        f"test/disc/{i}.png": encoded(scene(i, 40, 40)) for i in range(40)
    }
    finding = next(f for f in Outlier()(scan_of(files)) if f.scope == "train-test")
    assert finding.severity is Severity.WARNING
    assert finding.affected > 30


def test_the_fence_by_hand():
    """Median 1 and upper quartile e: in logarithms 0 and 1, so a reach of 2 ends at e squared."""
    assert fence(np.exp([-3.0, 0.0, 0.0, 1.0, 1.0]), 2.0) == pytest.approx(np.exp(2.0))


def test_few_images_are_skipped():
    assert [f.severity for f in Outlier()(shape_scan({"train/disc": 10}))] == [Severity.SKIPPED]


def plant_outlier(strength, seed):
    images = base(seed)
    descriptor = draw_descriptor(images, seed)
    far = some(images, 0.1 * strength, seed)
    descriptor[far] = 30 * np.random.default_rng([seed, 5]).normal(size=(len(far), descriptor.shape[1]))
    return described(images, descriptor, seed)


PLANTS = {
    "outlier": plant_outlier,
}
