from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from auditor.baseline import Baseline, train_baseline
from auditor.baseline.experiments import EXPERIMENTS, harder_test, leak
from auditor.baseline.scores import share
from auditor.record import Diagnosis
from tests.baseline.conftest import TINY, FakePlan, MakePlan

#: Without dropout and penalties, so that all experiments share one network.
ASKING = dataclasses.replace(TINY, experiments=True, seeds=2, epochs=3, dropout=0.0, l2=0.0)


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
    """Bars with noise; half of the test images are copies of training images, a quarter have wrong labels."""
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
    wrong = test[1::4]  # half of the clean ones, so that a copy can be right more often
    table.loc[wrong, "label"] = table.loc[wrong, "label"].map({"upright": "lying", "lying": "upright"})
    return LeakingPlan(plan.dataset, table)


@pytest.fixture(scope="module")
def asked(noisy: FakePlan) -> Baseline:
    return train_baseline(noisy, options=ASKING)


def test_every_question_has_an_answer_with_its_numbers(asked: Baseline) -> None:
    questions = [d["question"] for d in asked.diagnosis]
    assert questions == [
        "underfitting",
        "overfitting",
        "training too short",
        "wrong labels",
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
    class Nothing:
        class material:
            leaking = ()

    assert leak(Nothing(), {}, {})["verdict"] == "no"  # type: ignore[arg-type]


def test_too_few_leaked_images_are_not_trained_for() -> None:
    """4 of 4 against 270 of 300 right.

    Newcombe's interval begins below 0 (by hand: -.39), so no training could tell.
    """
    table = pd.DataFrame({"cluster": ["a", "b", "c", "d"] * 2 + [""] * 296, "group": ""})
    parts = {"test": Rows(np.arange(4, 304)), "val": Rows(np.arange(0))}
    material = SimpleNamespace(
        leaking=Rows(np.arange(4)),
        table=table,
        parts=parts,
        rows_of=lambda part: table.iloc[parts[part].rows],
    )
    session = SimpleNamespace(material=material)  # without anything to train with
    found = leak(session, {}, {"test": {"accuracy": share(270, 300)}})  # type: ignore[arg-type, typeddict-item]
    assert found["verdict"] == "undecided"
    assert "even on all 4 leaked ones that could be chance" in found["text"]
    assert found["evidence"] == {"leaked": 4, "clean": 296}


class Rows:
    """Samples of which only the rows matter."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)


def test_noise_floor_is_the_spread_over_seeds(asked: Baseline) -> None:
    floor = asked.facts["noise_floor"]
    assert floor["seeds"] == 2
    names = [h["name"] for h in asked.facts["histories"]]
    assert names == ["baseline", "seed 1"]
    assert floor["accuracy_smallest_difference"] >= floor["accuracy_std"] * 2


def test_what_the_time_leaves_out_is_undecided(noisy: FakePlan) -> None:
    result = train_baseline(noisy, options=dataclasses.replace(ASKING, epochs=1), time_budget=0.02)
    left = [d for d in result.diagnosis if "does not fit" in d["text"]]
    assert {"cannot learn one batch", "too few images"} <= {d["question"] for d in left}
    assert all(d["verdict"] == "undecided" for d in left)
    assert any("noise floor" in note for note in result.facts["notes"])


def test_a_run_that_the_clock_cut_short_decides_nothing() -> None:
    from auditor.baseline.experiments import CutShort, require_whole

    with pytest.raises(CutShort):
        require_whole({"ended_by": "time"})
    assert require_whole({"ended_by": "early stopping"})
