from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from auditor.baseline import train_baseline, tuning
from auditor.errors import MissingExtraError
from tests.baseline.conftest import TINY, FakePlan, MakePlan

optuna = pytest.importorskip("optuna")


@pytest.fixture(scope="module")
def tuned(bars: FakePlan, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    folder = tmp_path_factory.mktemp("tuned")
    options = dataclasses.replace(TINY, epochs=3, tune=4)
    return dict(train_baseline(bars, options=options, output=folder).facts), folder


def test_the_given_settings_are_the_first_trial_and_the_best_trial_is_trained(
    tuned: tuple[dict, Path],
) -> None:
    facts, _ = tuned
    trials = facts["tuning"]["trials"]
    assert [t["trial"] for t in trials] == [0, 1, 2, 3]
    assert (trials[0]["depth"], trials[0]["filters"], trials[0]["learning_rate"]) == (
        TINY.depth,
        TINY.filters,
        TINY.learning_rate,
    )
    whole = [t for t in trials if t["state"] == "whole"]
    best = max(whole, key=lambda t: t["balanced_accuracy"])
    chosen = facts["tuning"]["best"]
    assert chosen["trial"] in {
        t["trial"] for t in whole if t["balanced_accuracy"] == best["balanced_accuracy"]
    }
    assert facts["config"]["learning_rate"] == pytest.approx(chosen["learning_rate"], rel=1e-5)
    assert (facts["config"]["depth"], facts["config"]["filters"]) == (chosen["depth"], chosen["filters"])


def test_the_best_trial_is_the_model_and_is_not_trained_again(tuned: tuple[dict, Path]) -> None:
    """Its validation accuracy is that of the trial, and no epoch of the baseline was reported."""
    facts, _ = tuned
    best = facts["tuning"]["best"]["trial"]
    (row,) = [t for t in facts["tuning"]["trials"] if t["trial"] == best]
    assert facts["histories"][0]["name"] == "baseline"
    assert len(facts["histories"][0]["loss"]) == row["epochs_run"]
    assert facts["scores"]["val"]["balanced_accuracy"]["value"] == pytest.approx(
        row["balanced_accuracy"], rel=1e-5
    )


def test_a_search_without_time_still_ends_with_the_default_trained_to_its_end(bars: FakePlan) -> None:
    """The search's share of a tiny budget is over before the first trial ends.

    That trial is the default, and has the model's time.
    """
    epochs: list[str] = []
    options = dataclasses.replace(TINY, epochs=4, tune=6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.baseline.training.TUNING_SHARE", 0.0)
        facts = train_baseline(
            bars, options=options, time_budget=5.0, on_epoch=lambda e: epochs.append(e.run)
        ).facts
    assert epochs == ["trial 0"] * 4
    assert [t["state"] for t in facts["tuning"]["trials"]] == ["whole"]
    assert facts["histories"][0]["ended_by"] == "all epochs"
    assert facts["config"]["learning_rate"] == TINY.learning_rate


def test_a_search_goes_on_where_it_was_left(
    bars: FakePlan, tuned: tuple[dict, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts, folder = tuned
    made = []
    objective = tuning._objective
    monkeypatch.setattr(
        tuning, "_objective", lambda s, trial, end: made.append(trial.number) or objective(s, trial, end)
    )
    again = train_baseline(bars, options=dataclasses.replace(TINY, epochs=3, tune=5), output=folder).facts
    assert made == [4]
    assert again["tuning"]["trials"][:4] == facts["tuning"]["trials"]


def test_test_images_are_never_looked_at(make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The labels of test are turned upside down, and the search is the same."""
    counts = [
        (split, label, n)
        for split, n in (("train", 12), ("val", 6), ("test", 6))
        for label in ("upright", "lying")
    ]
    plan = make_plan(counts)
    options = dataclasses.replace(TINY, epochs=2, tune=2)
    honest = train_baseline(plan, options=options).facts["tuning"]
    table = plan.table.copy()
    of_test = table["split"] == "test"
    table.loc[of_test, "label"] = table.loc[of_test, "label"].map({"upright": "lying", "lying": "upright"})
    turned = train_baseline(dataclasses.replace(plan, table=table), options=options).facts["tuning"]
    assert honest == turned


def test_trials_far_off_are_rows_too_and_the_rest_goes_on(
    bars: FakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "RATES", (9.0, 10.0))
    facts = train_baseline(bars, options=dataclasses.replace(TINY, epochs=2, tune=3)).facts
    assert len(facts["tuning"]["trials"]) == 3
    assert facts["tuning"]["best"]["trial"] in range(3)


def test_without_optuna_it_is_said_before_anything_is_read(
    bars: FakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="tune"):
        train_baseline(bars, options=dataclasses.replace(TINY, tune=2))
