import numpy as np

from auditor.checks.empty_class import EmptyClass
from auditor.finding import Severity
from tests.checks.plants import base
from tests.checks.splits import only, scan, table


def test_an_empty_folder_is_named():
    found = only(EmptyClass()(scan(table({"train": {"cat": 5}}), empty=(("train", "dog"),))))
    assert found.severity is Severity.WARNING
    assert found.classes == ("dog",)


def test_a_folder_that_is_empty_in_one_split_alone_is_no_empty_class():
    found = only(
        EmptyClass()(scan(table({"train": {"cat": 5}, "test": {"dog": 5}}), empty=(("train", "dog"),)))
    )
    assert found.severity is Severity.PASS


def test_a_class_of_broken_files_is_empty_too():
    images = table({"train": {"cat": 5, "dog": 3}})
    images.loc[images["label"] == "dog", "status"] = "unreadable"
    found = only(EmptyClass()(scan(images)))
    assert found.classes == ("dog",)
    assert found.affected == 3
    assert list(found.examples["label"]) == ["dog"] * 3


def test_images_that_were_never_read_are_not_called_broken():
    images = table({"train": {"cat": 5, "dog": 3}})
    images.loc[images["label"] == "dog", "status"] = "unmeasured"
    assert only(EmptyClass()(scan(images))).severity is Severity.PASS


def test_an_empty_split_is_named():
    found = only(EmptyClass()(scan(table({"train": {"cat": 5}}), empty=(("test", ""),))))
    assert found.splits == ("test",)
    assert found.severity is Severity.WARNING


def test_a_class_in_no_split_is_named():
    images = table({"train": {"cat": 5}, "": {"dog": 4}})
    found = only(EmptyClass()(scan(images)))
    assert found.details["in_no_split"] == ["dog"]
    assert found.affected == 4


def test_all_is_well_without_splits():
    found = only(EmptyClass()(scan(table({"": {"cat": 5, "dog": 4}}))))
    assert found.severity is Severity.PASS
    assert found.examples is None
    assert np.isclose(found.effect.value, 0)


PLANTS = {
    "empty-class": lambda s, seed: scan(
        base(seed), empty=tuple(("train", f"class {k}") for k in range(round(4 * s))), seed=seed
    ),
}
