from __future__ import annotations

from typing import Any

import pytest

from auditor.baseline.diagnosis import diagnose_fit, name_verdict, order_advice
from auditor.baseline.scores import share
from auditor.record import Diagnosis


def scores(right: float, n: int = 1000) -> Any:
    return {"balanced_accuracy": share(right * n, n), "images": n}


def curves(
    accuracy: list[float],
    *,
    best: int | None = None,
    ended_by: str = "all epochs",
    loss: list[float] | None = None,
    val_loss: list[float] | None = None,
    val_accuracy: list[float] | None = None,
    **more: Any,
) -> Any:
    """A history; ``best`` counts from 1 as the sentences do."""
    n = len(accuracy)
    return {
        "accuracy": accuracy,
        "loss": loss or [1.0] * n,
        "val_loss": val_loss or [1.0] * n,
        "val_accuracy": val_accuracy or accuracy,
        "best_epoch": (best or n) - 1,
        "ended_by": ended_by,
        **more,
    }


def diagnose(train: float, val: float, history: Any) -> dict[str, Diagnosis]:
    return {d["question"]: d for d in diagnose_fit(scores(train), scores(val), history)}


@pytest.mark.parametrize(("seen", "labels", "underfits"), [(0.77, "yes", "undecided"), (0.55, "no", "yes")])
def test_a_model_that_knows_validation_better_than_training_points_at_the_labels(
    seen: float, labels: str, underfits: str
) -> None:
    found = diagnose(0.55, seen, curves([0.5] * 9))
    assert found["wrong labels"]["verdict"] == labels
    assert found["underfitting"]["verdict"] == underfits
    assert any("label-error" in r for r in found["wrong labels"]["remedies"]) is (labels == "yes")


@pytest.mark.parametrize(
    ("training", "best", "epochs", "ended", "verdict"),
    [
        (0.5, 10, 10, "all epochs", "yes"),  # not learned, and lowest at the end
        (0.5, 3, 10, "all epochs", "no"),  # it rose for long
        (0.5, 9, 10, "all epochs", "undecided"),
        (0.95, 10, 10, "all epochs", "no"),  # the rate fell to zero by plan, and nothing is left to learn
        (0.95, 4, 4, "time", "yes"),
        (0.5, 4, 10, "early stopping", "no"),
    ],
)
def test_training_was_too_short_where_it_had_not_learned_by_the_end(
    training: float, best: int, epochs: int, ended: str, verdict: str
) -> None:
    found = diagnose(training, training, curves([training] * epochs, best=best, ended_by=ended))
    assert found["training too short"]["verdict"] == verdict
    assert found["training too short"]["remedies"] == [], "a statement about the run prescribes nothing"


@pytest.mark.parametrize("ended", ["time", "all epochs"])
def test_a_run_that_the_budget_cut_gives_no_diagnosis(ended: str) -> None:
    history = curves([0.3, 0.4, 0.5], ended_by=ended, planned_epochs=25, seconds=20.0)
    found = diagnose_fit(scores(0.5), scores(0.45), history)
    verdicts = {d["question"]: d["verdict"] for d in found}
    assert verdicts == {
        "underfitting": "undecided",
        "overfitting": "undecided",
        "training too short": "yes",
        "wrong labels": "undecided",
    }
    assert order_advice(found) == []
    # 20 seconds for 3 epochs are 167 for 25, which is the model's share of .35 of 477 seconds.
    assert all("after 3 of 25 epochs" in d["text"] and "--time-budget 8 " in d["text"] for d in found)


def test_a_training_that_was_planned_a_little_shorter_is_judged() -> None:
    verdicts = {
        epochs: diagnose(0.95, 0.94, curves([0.95] * epochs, planned_epochs=12))["overfitting"]["verdict"]
        for epochs in (8, 9)
    }
    assert verdicts == {8: "undecided", 9: "no"}, "three quarters of 12 are 9"
    late = curves([0.95] * 11, planned_epochs=12, ended_by="time")
    assert diagnose(0.95, 0.94, late)["overfitting"]["verdict"] == "undecided", "the rate had not fallen yet"


def test_overfitting_that_early_stopping_cut_short_is_overfitting() -> None:
    """40 % wrong labels: all learned by heart at last, the validation loss lowest after epoch 3."""
    history = curves(
        [0.45, 0.52, 0.58, 0.7, 0.85, 0.96, 1.0],
        best=3,
        ended_by="early stopping",
        loss=[1.8, 1.6, 1.45, 1.1, 0.7, 0.3, 0.1],
        val_loss=[1.7, 1.6, 1.49, 1.6, 1.8, 1.95, 2.1],
        val_accuracy=[0.5, 0.55, 0.58, 0.56, 0.53, 0.5, 0.48],
    )
    found = diagnose(0.6, 0.58, history)
    assert found["overfitting"]["verdict"] == "yes"
    assert "after epoch 3 the validation loss rose from 1.49 to 1.95" in found["overfitting"]["text"]
    assert "earlier stopping" not in found["overfitting"]["remedies"], "it has been stopped early"
    assert name_verdict(found.values()) == "overfitting"


def test_a_validation_loss_that_rises_while_nothing_more_is_learned_is_no_turn() -> None:
    history = curves([0.6, 0.6, 0.6], best=1, val_loss=[1.0, 1.2, 1.3], val_accuracy=[0.6, 0.58, 0.58])
    assert diagnose(0.6, 0.58, history)["overfitting"]["verdict"] == "no"


@pytest.mark.parametrize(
    ("train", "val", "verdict"),
    [
        (0.75, 0.30, "overfitting"),
        (0.60, 0.40, "underfitting"),
    ],  # gaps of .45 and .20, shortfalls of .25 and .40
)
def test_there_is_one_verdict_and_one_list_where_both_lines_are_crossed(
    train: float, val: float, verdict: str
) -> None:
    found = diagnose_fit(scores(train), scores(val), curves([train] * 9))
    assert name_verdict(found) == verdict
    assert [
        d["question"] for d in found if d["question"] in ("underfitting", "overfitting") and d["remedies"]
    ] == [verdict]
    assert "more filters" in order_advice(found) or "fewer filters or layers" in order_advice(found)
    assert not {"more filters", "fewer filters or layers"} <= set(order_advice(found))


def test_advice_begins_with_what_makes_other_answers_meaningless() -> None:
    def yes(question: str, remedy: str) -> Diagnosis:
        return Diagnosis(question=question, verdict="yes", remedies=[remedy])

    found = [
        yes("overfitting", "more images"),
        yes("too few images", "more images"),
        yes("wrong labels", "look"),
    ]
    found.append(Diagnosis(question="too-hard test", verdict="undecided", remedies=["more test images"]))
    assert order_advice(found) == ["look", "more images"]
