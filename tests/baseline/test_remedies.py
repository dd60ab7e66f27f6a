from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from auditor.baseline import train_baseline
from auditor.baseline.paired_trials import Outcome
from auditor.baseline.remedies import AS_IT_IS, REMEDIES, choose_remedies, summarise
from tests.baseline.conftest import TINY, FakePlan


def test_remedies_are_those_against_what_is_diagnosed() -> None:
    assert {r.against for r in choose_remedies({"underfitting": "yes", "overfitting": "undecided"})} == {
        "underfitting"
    }
    assert choose_remedies({"underfitting": "undecided", "overfitting": "undecided"}) == list(REMEDIES)
    assert choose_remedies({"underfitting": "no", "overfitting": "no"}) == []


def outcome(validation: float, gap: float, seconds: float) -> Outcome:
    recalls = {"val": np.array([validation]), "train": np.array([validation + gap])}
    return Outcome(recalls=recalls, seconds=seconds)


def test_changes_are_paired_by_seed_and_noise_recommends_nothing() -> None:
    base = {0: outcome(0.60, 0.30, 10.0), 1: outcome(0.70, 0.20, 10.0), 2: outcome(0.80, 0.10, 10.0)}

    def moved(by: tuple[float, float, float], gap: float, seconds: float) -> dict[int, Outcome]:
        return {
            s: outcome(v + d, g + gap, seconds)
            for (s, v, g), d in zip(((0, 0.60, 0.30), (1, 0.70, 0.20), (2, 0.80, 0.10)), by, strict=True)
        }

    better = moved((0.10, 0.10, 0.10), -0.05, 20.0)
    table = {r["remedy"]: r for r in summarise({AS_IT_IS: base, "more dropout": better})}
    row = table["more dropout"]
    assert (row["id"], row["against"]) == ("more-dropout", "overfitting")
    assert row["change"]["value"] == pytest.approx(0.1)
    assert row["change"]["high"] - row["change"]["low"] < 1e-6
    assert row["change of the gap"]["value"] == pytest.approx(-0.05)
    assert row["cost"] == 2
    assert [n for n, r in table.items() if r["recommended"]] == ["more dropout"]
    noise = summarise({AS_IT_IS: base, "L2 penalty": moved((0.05, -0.05, 0.01), 0.0, 12.0)})
    assert [r["remedy"] for r in noise if r["recommended"]] == [AS_IT_IS]
    # Cheaper, and within noise of the best only because it swings so much.
    swinging = moved((0.2, -0.15, 0.0), 0.0, 7.0)
    among = summarise({AS_IT_IS: base, "more epochs": better, "no augmentation": swinging})
    assert [r["remedy"] for r in among if r["recommended"]] == ["more epochs"]


def test_remedies_are_tried_on_validation_images(bars: FakePlan) -> None:
    # One epoch of tiny steps learns nothing: the model underfits, and a higher rate is among what is tried.
    options = dataclasses.replace(TINY, epochs=1, learning_rate=1e-5, remedies=True)
    facts = train_baseline(bars, options=options).facts
    assert next(d for d in facts["diagnosis"] if d["question"] == "underfitting")["verdict"] == "yes"
    tried = ["more epochs", "a higher learning rate", "more filters", "more layers", "no augmentation"]
    assert [r["remedy"] for r in facts["remedies"]] == [AS_IT_IS, *tried]
    assert not any(r["recommended"] for r in facts["remedies"]), "one seed is not enough to tell"
    assert any("one seed is not enough to tell" in note for note in facts["notes"])
    assert all(np.isfinite(r["validation balanced accuracy"]["value"]) for r in facts["remedies"])
