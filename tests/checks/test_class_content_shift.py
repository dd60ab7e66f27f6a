import numpy as np

from auditor.checks.class_content_shift import ClassContentShift
from auditor.finding import Severity
from tests.checks.plants import base, described, draw_descriptor
from tests.checks.splits import only, scan, table

COUNTS = {"train": {"cat": 300, "dog": 300, "owl": 5}, "test": {"cat": 300, "dog": 300, "owl": 300}}


def test_the_class_that_looks_different_is_named():
    images = table(COUNTS)
    images.loc[(images["split"] == "test") & (images["label"] == "dog"), "noise"] += 3
    found = only(ClassContentShift()(scan(images)))
    assert found.severity is Severity.ERROR
    assert found.classes == ("dog",)
    assert "dog differs most, by noise" in found.summary
    assert set(found.examples["label"]) == {"dog"}


def test_small_classes_are_counted_and_left_out():
    found = only(ClassContentShift()(scan(table(COUNTS))))
    assert found.details["not_compared"] == 1
    assert set(found.details["classes"]) == {"cat", "dog"}
    assert found.severity is Severity.UNDECIDED


def test_no_class_large_enough_is_undecided():
    found = only(ClassContentShift()(scan(table({"train": {"cat": 4}, "test": {"cat": 4}}))))
    assert found.severity is Severity.UNDECIDED


def test_another_label_mix_is_no_class_shift():
    images = table({"train": {"cat": 900, "dog": 100}, "test": {"cat": 100, "dog": 900}})
    images["brightness"] += 5 * (images["label"] == "dog")
    assert only(ClassContentShift()(scan(images))).severity is Severity.UNDECIDED


def test_unlabelled_field_is_left_out():
    images = table({"train": {"cat": 30}, "field": {"": 30}})
    assert only(ClassContentShift()(scan(images))).severity is Severity.SKIPPED


def test_input_is_unchanged():
    images = table(COUNTS)
    before = images.copy()
    list(ClassContentShift()(scan(images)))
    assert images.equals(before)
    assert np.array_equal(images.columns, before.columns)


def plant_class_content_shift(strength, seed):
    images = base(seed)
    descriptor = draw_descriptor(images, seed)
    descriptor[:, 1] += 6 * strength * ((images["split"] == "test") & (images["label"] == "dog")).to_numpy()
    return described(images, descriptor, seed)


PLANTS = {
    "class-content-shift": plant_class_content_shift,
}
