import pytest

from auditor.checks.alike import normalise_group
from auditor.checks.group_names import GroupNames
from auditor.checks.label_names import LabelNames
from auditor.finding import Severity
from tests.checks.plants import base, some
from tests.checks.splits import only, scan, table


def grouped(train, test):
    images = table({"train": {"cat": len(train)}, "test": {"cat": len(test)}})
    images["group"] = [*train, *test]
    return scan(images)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P1", "p1"),
        ("P1 ", "P1"),
        ("7", "7.0"),
        ("7", "007"),
        ("P-007", "P7"),
        ("patient_01", "Patient 1"),
        ("a-01-b", "a-1-b"),
    ],
)
def test_groups_that_are_likely_the_same(one, other):
    assert normalise_group(one) == normalise_group(other)
    found = only(GroupNames()(grouped([one, one, "x9"], [other])))
    assert found.severity is Severity.WARNING and found.affected == 1
    assert "several splits" in found.summary


@pytest.mark.parametrize(
    ("one", "other"), [("P1", "P10"), ("1-2", "12"), ("P10", "P1"), ("1.05", "1.5"), ("a", "b")]
)
def test_groups_that_differ(one, other):
    assert only(GroupNames()(grouped([one], [other]))).severity is Severity.PASS


@pytest.mark.parametrize("name", ["nan", "unknown", "None", "?", "-"])
def test_placeholders_are_no_groups_and_no_classes(name):
    found = only(GroupNames()(grouped([name, name, "P1"], ["P2"])), "placeholders")
    assert found.severity is Severity.WARNING and found.affected == 2 and repr(name) in found.summary
    labels = only(LabelNames()(scan(table({"": {"cat": 5, name: 3}}))), "placeholders")
    assert labels.severity is Severity.WARNING and labels.affected == 3


def test_without_groups_nothing_is_checked():
    assert only(GroupNames()(grouped(["", ""], [""]))).severity is Severity.SKIPPED


def plant_group_names(strength, seed):
    images = base(seed)
    images["group"] = [f"P{i % 60}" for i in range(len(images))]
    rows = some(images, 0.3 * strength, seed)
    images.loc[rows, "group"] = "P0" + images.loc[rows, "group"].str[1:]
    return scan(images, seed=seed)


PLANTS = {
    "group-names": plant_group_names,
}
