import numpy as np
import pytest

from auditor.checks.unseen_class import UnseenClass
from auditor.finding import Severity
from tests.checks.plants import counts
from tests.checks.splits import only, scan, table


def finding(counts, **options):
    return only(UnseenClass()(scan(table(counts), **options)))


def test_a_class_that_training_lacks_is_an_error():
    found = finding({"train": {"cat": 500}, "test": {"cat": 80, "dog": 20}})
    assert found.severity is Severity.ERROR
    assert found.effect.value == pytest.approx(0.2)
    assert found.classes == ("dog",)
    assert "20 in test, none in train" in found.summary


def test_a_class_knocked_out_of_test_is_a_warning():
    found = finding({"train": {"cat": 450, "dog": 50}, "test": {"cat": 500}})
    assert found.severity is Severity.WARNING
    assert found.details["lacking"] == {"dog": "test"}


def test_what_chance_explains_is_left_open():
    found = finding({"train": {"cat": 1000, "dog": 10}, "test": {"cat": 60}})
    assert found.severity is Severity.UNDECIDED
    assert found.effect.low == 0
    assert "by chance" in found.title


def test_the_same_classes_pass():
    found = finding({"train": {"cat": 10, "dog": 1}, "test": {"cat": 10, "dog": 1}})
    assert found.severity is Severity.PASS
    assert found.effect.value == 0


def test_one_patient_with_a_disease_proves_nothing():
    counts = {"train": {"well": 450, "ill": 50}, "test": {"well": 500}}
    groups = np.concatenate([np.arange(450) // 10, np.full(50, 45), 46 + np.arange(500) // 10])
    assert finding(counts).severity is Severity.WARNING
    assert finding(counts, groups=groups).severity is Severity.UNDECIDED


def test_rare_classes_in_random_halves_raise_no_alarm():
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(50):
        labels = rng.choice(["a", "b", "c", "d"], 200, p=[0.6, 0.36, 0.03, 0.01])
        images = table({"train": {"": 100}, "test": {"": 100}}).assign(label=labels)
        alarms += only(UnseenClass()(scan(images))).severity in (Severity.WARNING, Severity.ERROR)
    assert alarms <= 1


PLANTS = {
    "unseen-class": counts(
        lambda s: {
            "train": {"cat": 100, "dog": 100},
            "test": {"cat": 100, "dog": 100} | ({"eel": round(60 * s)} if s else {}),
        }
    ),
}
