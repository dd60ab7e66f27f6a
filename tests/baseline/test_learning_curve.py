from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from auditor.baseline import train_baseline
from auditor.baseline.learning_curve import SHARES, forecast
from tests.baseline.conftest import TINY, FakePlan


def recall(n: float, slope: float, at: float = 400.0, level: float = 0.5) -> float:
    """A curve that is a line in logit against log n, and is ``level`` at ``at`` images."""
    z = np.log(level / (1 - level)) + slope * np.log(n / at)
    return float(1 / (1 + np.exp(-z)))


def test_a_known_curve_is_carried_on_to_the_target() -> None:
    counts, support = [100, 200, 400], 4000
    found = forecast(counts, [recall(n, 1.0) * support for n in counts], support, 0.8)
    # logit(0.8) = log 4, so that with slope 1 four times the 400 images are needed.
    assert found["verdict"] == "range"
    assert found["needed"][0] < 1600 < found["needed"][1]
    assert found["needed"][1] < 2600
    assert found["slope"]["value"] == pytest.approx(1.0, abs=0.01)


def test_flat_curves_few_images_and_reached_targets_give_no_number() -> None:
    assert forecast([250, 500, 1000], [600, 601, 602], 1000, 0.9)["verdict"] == "not enough to tell"
    assert forecast([2500, 5000, 10000], [60000, 60010, 60020], 100000, 0.9)["verdict"] == "plateau"
    assert forecast([25, 50, 100], [100, 200, 300], 1000, 0.9)["verdict"] == "not enough to tell"
    assert forecast([25, 50, 100], [500, 800, 990], 1000, 0.9)["verdict"] == "reached"


def test_the_curve_counts_images_and_not_augmented_ones(bars: FakePlan) -> None:
    facts = train_baseline(bars, options=dataclasses.replace(TINY, epochs=1, target_recall=0.9)).facts
    curve = facts["learning_curve"]
    assert curve["shares"] == list(SHARES)
    assert {c["label"]: c["images"] for c in curve["classes"]} == {
        "lying": [10, 20, 40],
        "upright": [15, 30, 60],
    }
    assert all(c["verdict"] in ("reached", "not enough to tell") for c in curve["classes"])
