import numpy as np
import pytest

from auditor.checks.label_shift import LabelShift
from auditor.finding import Severity
from tests.checks.plants import counts
from tests.checks.splits import only, scan, table


def finding(counts, **options):
    return only(LabelShift()(scan(table(counts), **options)))


def test_a_planted_shift_is_sized_and_named():
    found = finding({"train": {"cat": 900, "dog": 100}, "test": {"cat": 250, "dog": 250}})
    assert found.severity is Severity.ERROR
    assert found.effect.value == pytest.approx(0.4)
    assert found.effect.low > 0.2
    assert found.id == "label-shift:train-test"
    assert "dog 10.0 % of train and 50.0 % of test" in found.summary
    assert found.affected == 200


def test_equal_shares_pass_once_there_are_enough_images():
    assert (
        finding({"train": {"cat": 8000, "dog": 8000}, "test": {"cat": 8000, "dog": 8000}}).severity
        is Severity.PASS
    )


def test_few_images_leave_it_open_and_say_what_they_could_have_shown():
    found = finding({"train": {"cat": 40, "dog": 40}, "test": {"cat": 22, "dog": 18}})
    assert found.severity is Severity.UNDECIDED
    assert 0.2 < found.effect.detectable < 0.7
    assert "cannot be excluded; up to 10 % passes" in found.summary


def test_clean_splits_pass_and_say_what_they_exclude():
    found = finding({"train": {"cat": 500, "dog": 500}, "test": {"cat": 500, "dog": 500}})
    assert found.severity is Severity.PASS
    assert found.effect.high < 0.1
    assert found.summary.startswith(
        f"The class shares do not differ by more than {np.ceil(100 * found.effect.high):.0f} % (95 %)."
    )


def test_many_classes_pass_though_chance_alone_puts_them_apart():
    rng = np.random.default_rng(0)
    images = table({"train": {"": 2500}, "test": {"": 2500}}).assign(
        label=rng.integers(0, 100, 5000).astype(str)
    )
    assert only(LabelShift()(scan(images))).severity is Severity.PASS


def test_ten_groups_are_the_fewest_that_say_anything():
    counts = {"train": {"cat": 900, "dog": 100}, "test": {"cat": 50, "dog": 450}}
    few = np.concatenate([np.arange(1000), 1000 + np.arange(500) % 9])
    found = finding(counts, groups=few)
    assert found.severity is Severity.UNDECIDED
    assert (found.effect.low, found.effect.high) == (0, 1)
    assert "only 9 independent groups" in found.summary


def test_groups_widen_the_interval():
    counts = {"train": {"cat": 500, "dog": 500}, "test": {"cat": 300, "dog": 200}}
    alone = finding(counts).effect
    grouped = finding(counts, groups=np.arange(1500) // 10).effect
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_unlabelled_splits_are_left_out():
    images = table({"train": {"cat": 50, "dog": 50}, "test": {"cat": 50, "dog": 50}, "field": {"": 80}})
    assert [f.scope for f in LabelShift()(scan(images))] == ["train-test"]


def test_one_labelled_split_is_nothing_to_compare():
    found = only(LabelShift()(scan(table({"train": {"cat": 5}, "field": {"": 8}}))))
    assert found.severity is Severity.SKIPPED


def test_row_order_does_not_matter():
    images = table(
        {"train": {"cat": 300, "dog": 100, "owl": 50}, "test": {"cat": 100, "dog": 120, "owl": 20}}
    )
    shuffled = images.sample(frac=1, random_state=1).reset_index(drop=True)
    first, second = (only(LabelShift()(scan(t))) for t in (images, shuffled))
    assert first.effect == second.effect
    assert first.summary == second.summary


def test_halves_of_one_data_set_are_not_called_shifted():
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(25):
        labels = rng.choice(["a", "b", "c", "d"], 300, p=[0.4, 0.3, 0.2, 0.1])
        images = table({"train": {"": 150}, "test": {"": 150}}).assign(label=labels)
        alarms += only(LabelShift()(scan(images))).severity in (Severity.WARNING, Severity.ERROR)
    assert alarms == 0


PLANTS = {
    "label-shift": counts(
        lambda s: {
            "train": {"cat": 300, "dog": 300},
            "test": {"cat": 300 - round(250 * s), "dog": 300 + round(250 * s)},
        }
    ),
}
