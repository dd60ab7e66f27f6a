import numpy as np
import pytest
from scipy import stats

from auditor.checks.test_too_small import TestTooSmall
from auditor.finding import Severity
from tests.checks.plants import counts
from tests.checks.splits import only, scan, table


def finding(counts, **options):
    return only(TestTooSmall()(scan(table(counts), **options)))


def test_the_half_width_is_that_of_wilsons_interval():
    found = finding({"train": {"cat": 50, "dog": 50}, "test": {"cat": 400, "dog": 20}})
    interval = stats.binomtest(18, 20).proportion_ci(method="wilson")  # 0.9 of 20
    assert found.effect.value == pytest.approx((interval.high - interval.low) / 2, abs=1e-6)
    assert found.severity is Severity.WARNING
    assert found.classes == ("dog",)
    assert found.details["needed"]["dog"] == 141
    assert found.details["needed_at_worst"]["dog"] == 381
    assert "121 more images in all" in found.summary


def test_a_large_test_split_passes():
    assert finding({"train": {"cat": 9}, "test": {"cat": 150, "dog": 150}}).severity is Severity.PASS


def test_validation_stands_in_for_a_missing_test():
    assert finding({"train": {"cat": 9}, "val": {"cat": 15}}).id == "test-too-small:val"


def test_a_class_without_any_test_image_is_wholly_unknown():
    found = finding({"train": {"cat": 9, "dog": 9}, "test": {"cat": 150}})
    assert found.effect.value == 0.5
    assert found.details["images"]["dog"] == 0


def test_without_splits_there_is_nothing_to_judge():
    assert finding({"": {"cat": 9}}).severity is Severity.SKIPPED


def test_alike_images_of_a_group_count_less():
    images = table({"test": {"cat": 300}})
    groups = np.arange(300) // 10
    for column in ("brightness", "noise"):
        images[column] = np.random.default_rng(0).normal(size=30)[groups] + 5
    alone, grouped = only(TestTooSmall()(scan(images))), only(TestTooSmall()(scan(images, groups=groups)))
    assert alone.severity is Severity.PASS
    assert grouped.severity is Severity.WARNING
    assert grouped.details["design_effect"]["cat"] == pytest.approx(10)
    assert "alike" in grouped.summary


def test_a_measured_recall_takes_the_place_of_the_assumed_one():
    """30 of 60 found again, by hand: Wilson's half-width at one half of 60 is 0.1226.

    381 images bring it to 0.05.
    """
    seen = scan(table({"train": {"cat": 50, "dog": 50}, "test": {"cat": 60, "dog": 60}}))
    seen = seen.with_model(None, {"test": {"cat": 0.5}, "val": {"dog": 0.1}})
    found = only(TestTooSmall()(seen))
    interval = stats.binomtest(30, 60).proportion_ci(method="wilson")
    assert found.details["half_width"]["cat"] == pytest.approx((interval.high - interval.low) / 2, abs=1e-6)
    assert found.details["needed"] == {"cat": 381, "dog": 141}
    assert found.details["recall"] == {"cat": 0.5, "dog": 0.9}
    assert "cat 50 % ±12 % (60)" in found.summary and found.summary.startswith(
        "The trained model's recall is known only"
    )


def test_the_number_of_images_is_multiplied_by_the_design_effect():
    """Groups of ten identical images.

    The effect is 1 + (10 - 1) x 1 = 10 (Kish), so 141 images become 1,410.
    """
    images = table({"test": {"cat": 300}})
    groups = np.arange(300) // 10
    for column in ("brightness", "noise"):
        images[column] = np.random.default_rng(0).normal(size=30)[groups] + 5
    assert only(TestTooSmall()(scan(images, groups=groups))).details["needed"]["cat"] == 1410


PLANTS = {
    "test-too-small": counts(
        lambda s: {"train": {"cat": 50, "dog": 50}, "test": {"cat": 300, "dog": round(300 * 0.02**s)}}
    ),
}
