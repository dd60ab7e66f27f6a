import numpy as np

from auditor.checks.rare_class import RareClass
from auditor.finding import Severity
from tests.checks.plants import counts
from tests.checks.splits import only, scan, table


def finding(counts, **options):
    return only(RareClass()(scan(table(counts), **options)))


def test_rare_classes_are_counted_in_training_alone():
    found = finding({"train": {"cat": 200, "dog": 20}, "test": {"cat": 10, "dog": 400}})
    assert found.severity is Severity.WARNING
    assert found.effect.value == 20
    assert found.classes == ("dog",)
    assert "30 more images" in found.summary


def test_a_handful_of_images_is_an_error():
    assert finding({"": {"cat": 200, "dog": 4}}).severity is Severity.ERROR


def test_fifty_are_enough():
    assert finding({"": {"cat": 200, "dog": 50}}).severity is Severity.PASS


def test_copies_do_not_count():
    found = scan(table({"": {"cat": 200, "dog": 60}}))
    found.unique = np.arange(260) < 220
    assert only(RareClass()(found)).effect.value == 20


def test_a_training_split_without_classes_is_skipped():
    assert finding({"train": {"": 5}, "test": {"cat": 5}}).severity is Severity.SKIPPED


PLANTS = {
    "rare-class": counts(lambda s: {"train": {"cat": 150, "dog": round(150 * 0.03**s)}}),
}
