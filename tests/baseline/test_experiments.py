from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.baseline import Baseline, train_baseline
from auditor.baseline.diagnosis import fitting_diagnosis
from auditor.baseline.experiments import EXPERIMENTS, harder_test, shuffled_labels
from auditor.baseline.material import gather, usable_rows
from auditor.baseline.scaling import Scaler
from auditor.baseline.scores import share
from auditor.baseline.session import Session
from auditor.baseline.sizing import choose_size
from auditor.record import Diagnosis
from tests.baseline.conftest import TINY, FakePlan, MakePlan

#: Without dropout and penalties, so that all experiments share one network.
ASKING = dataclasses.replace(TINY, experiments=True, seeds=2, epochs=3, dropout=0.0, l2=0.0)


def test_a_model_that_knows_validation_better_than_training_points_at_the_labels() -> None:
    def scores(right: float) -> Any:
        return {"balanced_accuracy": share(right * 1000, 1000), "images": 1000}

    history: Any = {"accuracy": [0.5] * 9, "loss": [1.0] * 9, "best_epoch": 8, "ended_by": "all epochs"}
    for seen, verdict, advice in ((0.77, "undecided", True), (0.55, "yes", False)):
        found = {d["question"]: d for d in fitting_diagnosis(scores(0.55), scores(seen), history)}[
            "underfitting"
        ]
        assert found["verdict"] == verdict
        assert any("label-error" in r for r in found["remedies"]) is advice


def test_a_test_is_too_hard_only_where_it_surely_matters() -> None:
    def answered(on_test: float, n: int) -> Diagnosis:
        of_part = {"val": share(0.8 * n, n), "test": share(on_test * n, n)}
        (found,) = harder_test({part: {"balanced_accuracy": e} for part, e in of_part.items()})  # type: ignore[typeddict-item]
        return found

    def verdict(on_test: float, n: int) -> str:
        return answered(on_test, n)["verdict"]

    assert verdict(0.7, 1000) == "yes"
    assert "10 % [6 % to 14 %] lower" in answered(0.7, 1000)["text"]
    assert "2 % [-1 % to 5 %] higher" in answered(0.82, 1000)["text"]
    assert (
        verdict(0.76, 1000) == "undecided"
    )  # 4 points [0.4 to 7.6], of which choosing weights by validation images explains a part
    assert verdict(0.82, 1000) == "no"
    assert verdict(0.7, 20) == "undecided"


def said(result: Baseline, question: str) -> Diagnosis:
    (found,) = [d for d in result.diagnosis if d["question"] == question]
    return found


class LeakingPlan(FakePlan):
    @property
    def usable(self):  # type: ignore[no-untyped-def]
        table = self.table
        held_out = set(table.loc[table["split"] != "train", "cluster"]) - {""}
        return table[~((table["split"] == "train") & table["cluster"].isin(held_out))]


@pytest.fixture(scope="module")
def noisy(make_plan: MakePlan) -> FakePlan:
    """Bars with noise; half of the test images are copies of training images."""
    counts = [
        (split, label, n)
        for split, n in (("train", 40), ("val", 20), ("test", 30))
        for label in ("upright", "lying")
    ]
    plan = make_plan(counts, noise=30.0, seed=4)
    table = plan.table.copy()
    rng = np.random.default_rng(0)
    root = Path(plan.dataset.location)
    test = table.index[table["split"] == "test"].to_numpy()
    train = rng.permutation(table.index[table["split"] == "train"].to_numpy())
    for i, (a, b) in enumerate(zip(test[::2], train, strict=False)):
        (root / table.at[a, "path"]).write_bytes((root / table.at[b, "path"]).read_bytes())
        table.loc[[a, b], "cluster"] = f"set{i}"
        table.at[a, "label"] = table.at[b, "label"]
    return LeakingPlan(plan.dataset, table)


@pytest.fixture(scope="module")
def asked(noisy: FakePlan) -> Baseline:
    return train_baseline(noisy, options=ASKING)


@pytest.mark.parametrize(
    ("training", "best", "epochs", "ended", "verdict"),
    [
        (0.5, 10, 10, "all epochs", "yes"),  # not learned, and lowest at the end
        (0.5, 3, 10, "all epochs", "no"),  # it rose for long
        (0.5, 9, 10, "all epochs", "undecided"),
        (
            0.95,
            10,
            10,
            "all epochs",
            "no",
        ),  # the rate fell to zero by plan, and there is nothing left to learn
        (0.95, 4, 4, "time", "yes"),
        (0.5, 4, 10, "early stopping", "no"),
    ],
)
def test_training_was_too_short_where_it_had_not_learned_by_the_end(
    training: float, best: int, epochs: int, ended: str, verdict: str
) -> None:
    scores: Any = {"balanced_accuracy": share(training * 1000, 1000), "images": 1000}
    history: Any = {
        "accuracy": [training] * epochs,
        "loss": [1.0] * epochs,
        "best_epoch": best - 1,
        "ended_by": ended,
    }
    assert {d["question"]: d["verdict"] for d in fitting_diagnosis(scores, scores, history)}[
        "training too short"
    ] == verdict


def test_every_question_has_an_answer_with_its_numbers(asked: Baseline) -> None:
    questions = [d["question"] for d in asked.diagnosis]
    assert questions == [
        "underfitting",
        "overfitting",
        "training too short",
        *(q for qs, _ in EXPERIMENTS for q in qs),
    ]
    assert all(
        d["verdict"] in ("yes", "no", "undecided") and d["text"] and d["evidence"] for d in asked.diagnosis
    )


def test_one_batch_is_learned_by_heart(asked: Baseline) -> None:
    assert said(asked, "cannot learn one batch")["verdict"] == "no"


def test_leaked_and_clean_test_images_are_counted_apart(asked: Baseline) -> None:
    examples = said(asked, "leak-inflated test")["evidence"]
    assert examples["split"] == "test"
    inflation = examples["inflation"]
    assert inflation["value"] == pytest.approx(
        examples["leaked"]["value"] - examples["clean"]["value"], abs=1e-5
    )
    assert inflation["low"] <= inflation["value"] <= inflation["high"]
    assert any("30 training images are not used" in note for note in asked.facts["notes"])


def test_without_leaks_the_answer_costs_no_training(bars: FakePlan) -> None:
    from auditor.baseline.experiments import leak

    class Nothing:
        class material:
            leaking = ()

    assert leak(Nothing(), {}, {})["verdict"] == "no"  # type: ignore[arg-type]


def test_noise_floor_is_the_spread_over_seeds(asked: Baseline) -> None:
    floor = asked.facts["noise_floor"]
    assert floor["seeds"] == 2
    names = [h["name"] for h in asked.facts["histories"]]
    assert names == ["baseline", "seed 1"]
    assert floor["accuracy_smallest_difference"] >= floor["accuracy_std"] * 2


def test_what_the_time_leaves_out_is_undecided(noisy: FakePlan) -> None:
    result = train_baseline(noisy, options=dataclasses.replace(ASKING, epochs=1), time_budget=0.02)
    left = [d for d in result.diagnosis if "does not fit" in d["text"]]
    assert {"cannot learn one batch", "memorises wrong labels"} <= {d["question"] for d in left}
    assert all(d["verdict"] == "undecided" for d in left)
    assert any("noise floor" in note for note in result.facts["notes"])


def test_wrong_labels_are_seen_to_be_learned_by_heart(make_plan: MakePlan, tmp_path: Path) -> None:
    # Few images, many steps, no regularisation: random labels can be learned.
    plan = make_plan(
        [("train", "upright", 12), ("train", "lying", 12), ("val", "upright", 8), ("val", "lying", 8)]
    )
    options = dataclasses.replace(TINY, dropout=0.0, l2=0.0, batch_size=4, learning_rate=1e-2)
    session = Session(
        material=gather(plan, usable_rows(plan, [], seed=0), 16, tmp_path, []),
        options=options,
        size=choose_size([16], 24, 0, 4, image_size=16, filters=16, depth=2, epochs=12, patience=12),
        scaler=Scaler("min-max", (1 / 255,) * 3, (0.0,) * 3),
    )
    assert shuffled_labels(session, {"loss": [1.0] * 12})["verdict"] == "yes"


def test_a_run_that_the_clock_cut_short_decides_nothing() -> None:
    from auditor.baseline.experiments import CutShort, whole

    with pytest.raises(CutShort):
        whole({"ended_by": "time"})
    assert whole({"ended_by": "early stopping"})
