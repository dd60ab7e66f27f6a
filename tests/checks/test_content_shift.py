import numpy as np
import pytest

from auditor.checks.content_shift import ContentShift
from auditor.finding import Severity
from tests.checks.plants import base, described, draw_descriptor
from tests.checks.splits import only, scan, table

HALVES = {"train": {"cat": 300}, "test": {"cat": 300}}


def noise(n, columns=40, seed=0):
    return np.random.default_rng(seed).normal(size=(n, columns))


def test_a_planted_shift_is_found_with_its_images():
    images, descriptor = table(HALVES), noise(600)
    odd = np.flatnonzero(images["split"] == "test")[:150]
    descriptor[odd, :4] += 3
    found = only(ContentShift()(scan(images, descriptor)))
    assert found.severity is Severity.WARNING
    assert found.details["p_value"] == pytest.approx(1 / 1000)
    shown = found.examples[found.examples["split"] == "test"].head(30)["path"]
    assert np.isin(shown, images["path"].iloc[odd]).mean() > 0.9
    assert set(found.examples["split"]) == {"train", "test"}


def test_a_shift_spread_thinly_over_columns_is_found_by_the_classifier_alone():
    images, descriptor = table({"train": {"cat": 600}, "test": {"cat": 600}}), noise(1200)
    descriptor[images["split"] == "test"] += 0.3
    found = only(ContentShift()(scan(images, descriptor)))
    assert found.severity is not Severity.UNDECIDED
    assert max(found.details["columns"]) < found.details["classifier"]
    assert found.summary.startswith("The pictures look different: a classifier")


def test_the_explaining_property_is_named():
    images, descriptor = table(HALVES), noise(600)
    descriptor[images["split"] == "test", 0] += 3
    images["saturation"] = descriptor[:, 0]
    assert "goes along with saturation" in only(ContentShift()(scan(images, descriptor))).summary


def test_equal_content_raises_no_alarm():
    grades = [
        only(ContentShift()(scan(table(HALVES), noise(600, seed=s), seed=s))).severity for s in range(8)
    ]
    assert set(grades) == {Severity.UNDECIDED}


def test_copies_of_an_image_are_no_evidence():
    """Nine patients, photographed often, are not a population."""
    images = table(HALVES)
    groups = np.concatenate([np.arange(300), 300 + np.arange(300) % 9])
    descriptor = noise(310)[groups]
    found = only(ContentShift()(scan(images, descriptor, groups=groups)))
    assert found.severity is Severity.UNDECIDED
    assert found.details["p_value"] is None


def test_label_mix_is_told_from_what_remains():
    images = table({"train": {"a": 500, "b": 60}, "test": {"a": 60, "b": 500}})
    descriptor = noise(len(images))
    descriptor[:, 0] += 6 * (images["label"] == "b")
    found = only(ContentShift()(scan(images, descriptor)))
    assert found.effect.value > 0.6
    assert found.details["remaining"] < 0.25


def test_row_order_does_not_matter():
    images, descriptor = table(HALVES), noise(600)
    descriptor[images["split"] == "test", 3] += 1
    order = np.random.default_rng(9).permutation(600)
    first = only(ContentShift()(scan(images, descriptor)))
    second = only(ContentShift()(scan(images.iloc[order].reset_index(drop=True), descriptor[order])))
    assert first.effect == second.effect
    assert first.details["p_value"] == second.details["p_value"]


def plant_content_shift(strength, seed):
    images = base(seed)
    descriptor = draw_descriptor(images, seed)
    descriptor[:, 2] += 4 * strength * (images["split"] == "test").to_numpy()
    return described(images, descriptor, seed)


PLANTS = {
    "content-shift": plant_content_shift,
}
