import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.checks.alike import find_alike, normalise_name
from auditor.checks.label_names import LabelNames
from auditor.finding import Severity
from tests.checks.plants import base, some
from tests.checks.splits import only, scan, table


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cat", "cat"), (" cat", "cat"), ("t-shirt", "T shirt"), ("t_shirt", "tshirt"), ("саt", "cat"), ("caf\u00e9", "cafe\u0301"),
        ("cat\u200b", "cat"), ("\uff43at", "cat"), ("7", "07"), ("1", "1.0"), ("cl0ck", "clock"), ("stra\u00dfe", "STRASSE"),
    ],
)  # fmt: skip
def test_names_that_look_alike(one, other):
    assert normalise_name(one) == normalise_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cat", "car"), ("a", "A"), ("O", "0"), ("l", "1"), ("1-2", "12"), ("v1.0", "v10"), ("-1", "1"), ("caf\u00e9", "cafe"),
        ("grade 1", "grade 11"),
    ],
)  # fmt: skip
def test_names_that_differ(one, other):
    assert normalise_name(one) != normalise_name(other)


@given(st.text(min_size=1, max_size=12))
def test_appearance_of_any_name_is_stable(name):
    assert normalise_name(name) == normalise_name(name)
    assert find_alike((name,)) == []


def test_handwritten_letters_and_digits_are_classes_of_their_own():
    names = [*"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"]
    assert find_alike(tuple(names)) == []


def test_two_spellings_are_a_warning_with_the_frequent_one_suggested():
    found = only(LabelNames()(scan(table({"train": {"cat": 9, "Cat ": 3, "dog": 4}}))))
    assert found.severity is Severity.WARNING
    assert found.affected == 3
    assert set(found.examples["suggested_label"]) == {"cat"}
    assert found.classes == ("Cat ", "cat")


def test_empty_folders_count_as_names():
    found = only(LabelNames()(scan(table({"": {"cat": 9}}), empty=(("", "CAT"),))))
    assert found.severity is Severity.WARNING
    assert found.examples is None


def test_distinct_names_pass():
    assert only(LabelNames()(scan(table({"": {"cat": 9, "dog": 1}})))).severity is Severity.PASS


def plant_label_names(strength, seed):
    images = base(seed)
    images.loc[some(images, 0.3 * strength, seed, images["label"] == "cat"), "label"] = "Cat "
    return scan(images, seed=seed)


PLANTS = {
    "label-names": plant_label_names,
}
