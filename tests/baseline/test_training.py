from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from auditor.baseline import Epoch, TrainOptions, train_baseline
from auditor.baseline.training import _note_groups
from auditor.errors import DataError, OutputError, UsageError
from tests.baseline.conftest import TINY, FakePlan, MakePlan, Trained


def test_two_simple_shapes_are_learned(trained: Trained) -> None:
    assert trained.result.scores["test"]["balanced_accuracy"]["value"] > 0.9
    assert trained.result.labels == ("lying", "upright")


def test_every_image_of_the_plan_is_counted(trained: Trained) -> None:
    assert trained.result.facts["counts"] == {"train": 100, "val": 35, "test": 32}
    for part, n in (("train", 100), ("val", 35), ("test", 32)):
        scores = trained.result.scores[part]
        assert scores["images"] == n
        assert np.sum(scores["confusion"]) == n


def test_confusion_and_recall_follow_from_the_probabilities(trained: Trained) -> None:
    table, found = trained.plan.table, trained.result.probabilities
    test = table[table["split"] == "test"].set_index("path")
    predicted = found.loc[test.index].idxmax(axis=1)
    scores = trained.result.scores["test"]
    for i, name in enumerate(trained.result.labels):
        own = predicted[test["label"] == name]
        assert scores["confusion"][i] == [int((own == other).sum()) for other in trained.result.labels]
        assert scores["classes"][i]["recall"]["value"] == pytest.approx((own == name).mean(), abs=1e-5)


def test_probabilities_are_of_images_that_were_not_trained_on(trained: Trained) -> None:
    table = trained.plan.table
    assert set(trained.result.probabilities.index) == set(table.loc[table["split"] != "train", "path"])
    np.testing.assert_allclose(trained.result.probabilities.sum(axis=1), 1, atol=1e-6)


def test_kept_weights_are_those_of_the_lowest_validation_loss(trained: Trained) -> None:
    (history,) = trained.result.facts["histories"]
    assert history["best_epoch"] == int(np.argmin(history["val_loss"]))
    table = trained.plan.table
    val = table[table["split"] == "val"].set_index("path")["label"]
    found = trained.result.probabilities.loc[val.index]
    own = np.array([found.at[path, label] for path, label in val.items()])
    # The loss that Keras reports is cross-entropy plus the L2 penalty, here summed by hand.
    penalty = TINY.l2 * sum(
        float((layer.kernel.numpy() ** 2).sum())
        for layer in trained.result.model.layers
        if hasattr(layer, "kernel")
    )
    assert -np.log(own).mean() + penalty == pytest.approx(min(history["val_loss"]), abs=1e-4)


def test_saved_model_serves_raw_pixels_in_plain_keras(trained: Trained) -> None:
    import keras

    model = keras.saving.load_model(trained.folder / "baseline.keras")
    labels = json.loads((trained.folder / "baseline.json").read_text())["labels"]
    paths = trained.result.probabilities.index[:8]
    root = Path(trained.plan.dataset.location)
    pixels = []
    for path in paths:
        rgb = cv2.cvtColor(cv2.imread(str(root / path)), cv2.COLOR_BGR2RGB)
        pixels.append(cv2.resize(rgb, model.input_shape[1:3], interpolation=cv2.INTER_AREA))
    found = model.predict(np.stack(pixels), verbose=0)
    np.testing.assert_allclose(found, trained.result.probabilities.loc[paths, labels], atol=1e-5)
    assert not [layer for layer in model.layers if layer.__class__.__module__.startswith("auditor")]


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(trained: Trained) -> None:
    again = train_baseline(trained.plan, options=TINY)
    assert again.facts["histories"][0]["val_loss"] == trained.result.facts["histories"][0]["val_loss"]
    pd.testing.assert_frame_equal(again.probabilities, trained.result.probabilities)
    other = train_baseline(trained.plan, options=dataclasses.replace(TINY, seed=1, epochs=1))
    assert other.facts["histories"][0]["val_loss"][0] != trained.result.facts["histories"][0]["val_loss"][0]


def test_scaling_is_fitted_on_training_images_alone(make_plan: MakePlan) -> None:
    plan = make_plan(
        [("train", "upright", 12), ("train", "lying", 12), ("val", "upright", 4), ("val", "lying", 4)]
    )
    root = Path(plan.dataset.location)
    for path in plan.table.loc[plan.table["split"] == "val", "path"]:
        cv2.imwrite(str(root / path), np.full((24, 24, 3), 255, np.uint8))
    pixels = []
    for path in plan.table.loc[plan.table["split"] == "train", "path"]:
        rgb = cv2.cvtColor(cv2.imread(str(root / path)), cv2.COLOR_BGR2RGB)
        pixels.append(cv2.resize(rgb, (16, 16), interpolation=cv2.INTER_AREA))
    flat = np.stack(pixels).reshape(-1, 3).astype(float)
    found = train_baseline(plan, options=dataclasses.replace(TINY, scaling="standard", epochs=1)).facts[
        "config"
    ]
    np.testing.assert_allclose(found["scale"], 1 / flat.std(axis=0), rtol=1e-4)
    np.testing.assert_allclose(found["offset"], -flat.mean(axis=0) / flat.std(axis=0), rtol=1e-4)


def test_files_are_strict_json_and_no_temporary_one_stays(trained: Trained) -> None:
    facts = json.loads(
        (trained.folder / "baseline.json").read_text(),
        parse_constant=lambda c: pytest.fail(f"{c} in baseline.json"),
    )
    assert facts["summary"]
    assert {d["question"] for d in facts["diagnosis"]} >= {
        "underfitting",
        "overfitting",
        "training too short",
    }
    assert all(d["verdict"] in ("yes", "no", "undecided") for d in facts["diagnosis"])
    assert not [p for p in trained.folder.rglob("*") if ".part" in p.name or p.name.startswith("run-")]


def test_progress_is_told_after_every_epoch(bars: FakePlan) -> None:
    told: list[Epoch] = []
    result = train_baseline(bars, options=dataclasses.replace(TINY, epochs=2), on_epoch=told.append)
    assert [e.epoch for e in told] == [1, 2]
    assert [e.val_loss for e in told] == pytest.approx(result.facts["histories"][0]["val_loss"], rel=1e-4)
    assert told[-1].seconds_left == 0


def test_a_missing_validation_split_is_carved_and_said(make_plan: MakePlan) -> None:
    plan = make_plan(
        [("train", "upright", 24), ("train", "lying", 16), ("test", "upright", 6), ("test", "lying", 6)]
    )
    result = train_baseline(plan, options=dataclasses.replace(TINY, epochs=1))
    assert 5 <= result.facts["counts"]["val"] <= 12
    assert result.facts["counts"]["val"] + result.facts["counts"]["train"] == 40
    assert any("carved" in note for note in result.facts["notes"])


def test_a_class_without_training_images_is_said_and_counts_as_wrong(make_plan: MakePlan) -> None:
    plan = make_plan(
        [
            ("train", "upright", 12),
            ("train", "lying", 12),
            ("val", "upright", 4),
            ("val", "lying", 4),
            ("val", "slanted", 4),
            ("test", "slanted", 5),
        ]
    )
    result = train_baseline(plan, options=dataclasses.replace(TINY, epochs=2))
    assert any("slanted" in note for note in result.facts["notes"])
    assert result.scores["test"]["accuracy"]["value"] == 0
    assert np.isfinite(result.facts["histories"][0]["val_loss"]).all()


def test_one_class_only_is_refused_in_one_line(make_plan: MakePlan) -> None:
    plan = make_plan([("train", "upright", 6), ("val", "upright", 2)])
    with pytest.raises(DataError, match="two classes"):
        train_baseline(plan, options=TINY)


def test_unreadable_images_are_left_out_and_said(make_plan: MakePlan) -> None:
    plan = make_plan(
        [("train", "upright", 12), ("train", "lying", 12), ("val", "upright", 4), ("val", "lying", 4)]
    )
    (Path(plan.dataset.location) / "train-upright-000.png").write_bytes(b"no image")
    (Path(plan.dataset.location) / "train-upright-001.png").unlink()
    result = train_baseline(plan, options=dataclasses.replace(TINY, epochs=1))
    assert result.facts["counts"]["train"] == 22
    assert any(note.startswith("2 images could not be read") for note in result.facts["notes"])


def test_an_output_folder_that_cannot_be_written_is_refused(bars: FakePlan, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="output folder"):
        train_baseline(bars, options=TINY, output=tmp_path / "file" / "out")


@pytest.mark.parametrize(
    "wrong",
    [
        {"dropout": 1.5},
        {"learning_rate": 0},
        {"scaling": "none"},
        {"epochs": 0},
        {"filters": 8},
        {"oversample": True, "class_weights": True},
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        TrainOptions(**wrong)  # type: ignore[arg-type]


def test_too_many_stages_for_the_image_are_refused(bars: FakePlan) -> None:
    with pytest.raises(UsageError, match="stages"):
        train_baseline(bars, options=dataclasses.replace(TINY, depth=6))


@pytest.mark.parametrize(("groups", "notes"), [(307, 0), (300, 1)])
def test_the_correlation_of_a_few_pairs_is_not_reported(groups: int, notes: int) -> None:
    scores = {"images": 310, "groups": groups, "hit_correlation": 1.0}
    assert len(_note_groups({"val": scores, "train": scores})) == notes  # type: ignore[dict-item]
