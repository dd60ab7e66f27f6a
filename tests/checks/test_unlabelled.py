from auditor.checks.unlabelled import Unlabelled
from auditor.finding import Severity
from tests.checks.plants import column
from tests.checks.splits import only, scan, table


def test_labels_for_a_part_only_are_a_warning_that_counts_them():
    images = table({"train": {"cat": 50, "dog": 40, "": 10}})
    found = only(Unlabelled()(scan(images)))
    assert found.severity is Severity.WARNING
    assert (found.affected, found.total) == (10, 100)
    assert set(found.examples["label"]) == {""}
    assert found.summary == "10 of 100 images (10.0 %) have no label."


def test_a_split_without_any_label_may_be_meant():
    found = only(Unlabelled()(scan(table({"train": {"cat": 5, "dog": 5}, "test": {"": 5}}))))
    assert (found.severity, found.title) == (Severity.UNDECIDED, "A split has no labels")


def test_the_field_needs_no_label():
    found = only(Unlabelled()(scan(table({"train": {"cat": 5, "dog": 5}, "field": {"": 5}}))))
    assert (found.severity, found.affected) == (Severity.PASS, 0)


PLANTS = {
    "unlabelled": column(label=""),
}
