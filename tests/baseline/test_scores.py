from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from auditor.baseline.scores import mean_recall, score

NAMES = ("cat", "dog")


def scored(right: np.ndarray, groups: np.ndarray | None = None):  # type: ignore[no-untyped-def]
    """Scores of cats of which some were taken for dogs."""
    labels = np.zeros(len(right), np.int64)
    probabilities = np.where(right[:, None], [0.9, 0.1], [0.2, 0.8])
    return score(labels, probabilities, NAMES, [str(i) for i in range(len(right))], groups)


def test_without_groups_a_recall_has_wilsons_interval() -> None:
    found = scored(np.arange(50) % 5 > 0)["classes"][0]["recall"]
    interval = stats.binomtest(40, 50).proportion_ci(method="wilson")
    assert (found["value"], found["low"], found["high"]) == pytest.approx(
        (0.8, interval.low, interval.high), abs=1e-6
    )


def test_groups_that_are_hit_or_missed_as_one_count_as_one_image_each() -> None:
    """Ten groups of five, eight of them right: correlation 1, so the interval is that of 8 of 10."""
    groups = np.arange(50) // 5
    found = scored(groups < 8, groups)
    interval = stats.binomtest(8, 10).proportion_ci(method="wilson")
    recall = found["classes"][0]["recall"]
    assert (recall["value"], recall["low"], recall["high"]) == pytest.approx(
        (0.8, interval.low, interval.high), abs=1e-6
    )
    assert (found["groups"], found["hit_correlation"]) == (10, 1.0)
    assert found["accuracy"] == recall


def test_groups_whose_hits_are_independent_cost_nothing() -> None:
    groups = np.arange(50) // 5
    right = np.arange(50) % 5 > 0  # the same share in every group
    assert scored(right, groups)["classes"] == scored(right)["classes"]


def test_intervals_hold_for_groups_at_their_stated_rate() -> None:
    """300 data sets of 40 patients with 8 images each, whose recall varies from patient to patient around
    0.7.
    """
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 8)
    held = naive = 0
    for _ in range(300):
        right = rng.random(320) < rng.beta(1.05, 0.45, 40)[groups]
        for which, counter in ((groups, "held"), (None, "naive")):
            recall = scored(right, which)["classes"][0]["recall"]
            inside = recall["low"] <= 0.7 <= recall["high"]
            held, naive = held + (inside and counter == "held"), naive + (inside and counter == "naive")
    assert held / 300 > 0.91
    assert naive / 300 < 0.75


@pytest.mark.parametrize(
    ("classes", "images", "recall"), [(10, 30, 0.97), (100, 10, 0.97), (1000, 4, 0.97), (10, 30, 0.5)]
)
def test_the_interval_of_balanced_accuracy_covers_the_true_recall(
    classes: int, images: int, recall: float
) -> None:
    """Nominally .95; 1,000 draws know it to .007, so .93 is .945 less two standard errors."""
    rng = np.random.default_rng(0)
    support = np.full(classes, images)
    found = [mean_recall(rng.binomial(images, recall, classes), support) for _ in range(1000)]
    assert np.mean([e["low"] <= recall <= e["high"] for e in found]) >= 0.93


def test_a_rare_class_without_a_miss_does_not_make_the_mean_sure() -> None:
    common, rare = mean_recall([980], [1000]), mean_recall([980, 3], [1000, 3])
    assert rare["high"] - rare["low"] > 5 * (common["high"] - common["low"])


def test_one_class_has_wilsons_interval_and_none_has_the_whole_range() -> None:
    interval = stats.binomtest(50, 50).proportion_ci(method="wilson")
    found = mean_recall([50, 0], [50, 0])
    assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high), abs=1e-6)
    assert mean_recall([0], [0]) == {"value": 0.0, "low": 0.0, "high": 1.0}
