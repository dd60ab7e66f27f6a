from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from auditor.baseline import train_baseline
from auditor.baseline.remedies import AS_IT_IS, REMEDIES, chosen, rows
from tests.baseline.conftest import TINY, FakePlan


def test_remedies_are_those_against_what_is_diagnosed() -> None:
    assert {r.against for r in chosen({"underfitting": "yes", "overfitting": "undecided"})} == {
        "underfitting"
    }
    assert chosen({"underfitting": "undecided", "overfitting": "undecided"}) == list(REMEDIES)
    assert chosen({"underfitting": "no", "overfitting": "no"}) == []


def test_changes_are_paired_by_seed_and_noise_recommends_nothing() -> None:
    base = {0: (0.60, 0.30, 10.0), 1: (0.70, 0.20, 10.0), 2: (0.80, 0.10, 10.0)}
    better = {s: (v + 0.10, g - 0.05, 20.0) for s, (v, g, _) in base.items()}
    same = {s: (v + d, g, 12.0) for (s, (v, g, _)), d in zip(base.items(), (0.05, -0.05, 0.01), strict=True)}
    table = {
        r["remedy"]: r
        for r in rows({AS_IT_IS: base, "more dropout": better}, {"more dropout": "overfitting"})
    }
    change = table["more dropout"]["change"]
    assert change["value"] == pytest.approx(0.1)
    assert change["high"] - change["low"] < 1e-6
    assert table["more dropout"]["change of the gap"]["value"] == pytest.approx(-0.05)
    assert table["more dropout"]["cost"] == 2
    assert [n for n, r in table.items() if r["recommended"]] == ["more dropout"]
    noise = rows({AS_IT_IS: base, "L2 penalty": same}, {})
    assert [r["remedy"] for r in noise if r["recommended"]] == [AS_IT_IS]
    # Cheaper, and within noise of the best only because it swings so much.
    swinging = {s: (v + d, g, 7.0) for (s, (v, g, _)), d in zip(base.items(), (0.2, -0.15, 0.0), strict=True)}
    among = rows({AS_IT_IS: base, "more epochs": better, "no augmentation": swinging}, {})
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
