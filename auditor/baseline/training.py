"""Train the baseline on a planned split and say what it learned about the data."""

from __future__ import annotations

import contextlib
import math
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.backbone import IMAGE_SIZE, check_backbone
from auditor.baseline.comparison import compare_ways
from auditor.baseline.diagnosis import diagnose_fit, epochs_cut, interval, name_verdict, order_advice
from auditor.baseline.experiments import measure_noise_floor, run_experiments
from auditor.baseline.fitting import OnEpoch
from auditor.baseline.learning_curve import learning_curve
from auditor.baseline.material import Material, describe_counts, gather, usable_rows
from auditor.baseline.network import Network, layers_json
from auditor.baseline.options import TrainOptions
from auditor.baseline.references import references
from auditor.baseline.remedies import try_remedies
from auditor.baseline.result import Baseline
from auditor.baseline.runtime import load
from auditor.baseline.scaling import Scaler, measure_pixels
from auditor.baseline.scores import score
from auditor.baseline.session import OnStage, Session, ignore_stage, predict
from auditor.baseline.sizing import Size, choose_size
from auditor.baseline.slices import find_weak_slices
from auditor.baseline.time_budget import (
    ASKED_SHARE,
    MAIN_SHARE,
    PLANNED_SHARE,
    TRAINED_SHARE,
    TUNING_SHARE,
    TimeBudget,
)
from auditor.baseline.tuning import check_tuning, tune
from auditor.baseline.varying import variation_for
from auditor.errors import OutputError, UsageError
from auditor.finding import percent, rounded
from auditor.grouping import PlannedSplit, number_units_of
from auditor.record import BaselineFacts, History, Scores
from auditor.scanning.pixels import Unreadable, decode

if TYPE_CHECKING:
    import pandas as pd

    from auditor.augmentation.augmented import Augmentation

#: Optimiser steps for which each scaling is tried: enough for the loss to fall to about half its way.
PILOT_STEPS = 100
#: Share by which standardisation must lower the validation loss to be preferred: about what the first losses
#: vary from seed to seed.
PILOT_MARGIN = 0.05
#: Training images that are scored at the end at most; their Wilson half-width is then below 2.2 points.
SCORED_TRAINING = 2000
#: Minutes below which the pilot that chooses the scaling is left out.
PILOT_MINUTES = 2.0
#: Images that share a group with another, from which on their correlation is worth a note: three pairs are no
#: estimate.
FEWEST_SHARED = 10
#: Training images whose size is looked at where no scan is at hand: their median is within a few pixels.
SIZED_IMAGES = 100


@contextlib.contextmanager
def _working_folder(output: str | Path | None) -> Iterator[Path]:
    """Give the folder of cache and checkpoints; a temporary one where there is no output folder."""
    if output is None:
        with tempfile.TemporaryDirectory(prefix="auditor-") as name:
            yield Path(name)
        return
    folder = Path(output) / "cache"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            expected="an output folder that can be written",
            received=f"'{output}': {error.strerror or error}",
            hint="choose another with -o",
        ) from None
    yield folder


def train_baseline(
    plan: PlannedSplit,
    *,
    augmentation: Augmentation | None = None,
    options: TrainOptions | None = None,
    output: str | Path | None = None,
    on_epoch: OnEpoch | None = None,
    on_stage: OnStage = ignore_stage,
    time_budget: float | None = None,
    measures: pd.DataFrame | None = None,
    suspects: Collection[str] = (),
) -> Baseline:
    """Train a small CNN on training images, stop it by validation images, score it once on test images.

    Parameters
    ----------
    plan : Plan
    augmentation : Augmentation, optional
    options : TrainOptions, optional
    output : str or Path, optional
        Folder for model, ``baseline.json``, pixels and checkpoints, from which a killed run goes on.
    on_epoch, on_stage : callable, optional
        Called with an `Epoch` after every epoch of every run, and with a sentence about what begins.
    time_budget : float, optional
        Minutes for everything; what does not fit is left out and said.
    measures : DataFrame, optional
        The scan's images (``path`` and measures), to find slices on which the model is weak.
    suspects : collection of str
        Paths whose label looks wrong: a comparison trains without them too.

    Raises
    ------
    DataError
        One class only, no training images, or a loss that is not a number from the first epoch on.
    UsageError, OutputError
        An option is out of range, or the output folder cannot be written.
    """
    began = time.monotonic()
    options = options or TrainOptions()
    _check(options, time_budget)
    rows, notes = usable_rows(plan, seed=options.seed)
    allowed = time_budget * 60 if time_budget is not None else math.inf
    size = _size(plan, rows, measures, augmentation, options, allowed)
    budget = TimeBudget(allowed * PLANNED_SHARE - size.seconds, deadline=began + allowed)
    with _working_folder(output) as folder:
        on_stage(f"Resizing {len(rows):,} images to {size.image_size} px")
        material = gather(plan, rows, size.image_size, folder, augmentation=augmentation)
        statistics = measure_pixels(material.train.cache.stream(material.train.rows))
        session = Session(
            material=material, options=options, size=size, scaler=statistics.min_max(), budget=budget,
            on_epoch=on_epoch, on_stage=on_stage, folder=folder if output or options.tune else None,
            **_augmentation_settings(augmentation, material, options),
        )  # fmt: skip
        result = _train_and_ask(session, statistics.standard(), began, allowed, measures, suspects)
        result.facts["notes"] = [*notes, *material.notes, *result.facts["notes"]]
        result.facts["seconds"] = round(time.monotonic() - began, 1)
        if output is not None:
            result.save(output)
            session.remove_checkpoints()
        return result


def _check(options: TrainOptions, time_budget: float | None) -> None:
    """Refuse early what would fail late."""
    if time_budget is not None and not time_budget > 0:
        raise UsageError(
            expected="a time budget over 0 minutes",
            received=f"{time_budget}",
            hint="leave it out for no limit",
        )
    check_tuning(options)
    load()
    check_backbone(options.backbone, options.weights)


def _train_and_ask(
    session: Session,
    standard: Scaler,
    began: float,
    allowed: float,
    measures: pd.DataFrame | None,
    suspects: Collection[str],
) -> Baseline:
    """Train the model, score it, then ask what the options want to know."""
    options = session.options
    scaler, reason = _choose_scaling(session, standard, allowed)
    trained = _train_model(replace(session, scaler=scaler), began, allowed)
    session, material = trained.session, session.material
    model, parameters = trained.network.serving_model(), trained.network.parameters
    scores, probabilities = _score_parts(trained.network, material, options.seed)
    _add_slices(scores, material, probabilities, measures)
    session.on_stage("Comparing with logistic regression")
    held_out = {part: samples for part, samples in material.parts.items() if part != "train"}
    facts = BaselineFacts(
        config=_describe_config(session, allowed, reason),
        parameters=parameters,
        image_size=[session.size.image_size, session.size.image_size],
        labels=list(material.labels),
        counts=describe_counts(material),
        scores=scores,
        references=references(material.train, held_out, seed=options.seed),
        tuning=trained.tuning,
        notes=_note_groups(scores),
    )
    _ask(facts, session, trained.history, allowed, suspects)
    facts["summary"] = summarise(facts)
    return Baseline(facts=facts, model=model, probabilities=probabilities)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Trained:
    """The model in training form, its curves, and the session with the settings that a search chose."""

    session: Session
    network: Network
    history: History
    tuning: dict[str, Any]


def _train_model(session: Session, began: float, allowed: float) -> _Trained:
    """Train the model itself, after a search where one was asked for."""
    seed, deadline = session.options.seed, began + allowed * TRAINED_SHARE
    tuning: dict[str, Any] = {}
    run = session.run("baseline", seed=seed)
    if session.options.tune:
        session.on_stage(f"Searching hyperparameters in {session.options.tune} trials")
        session, run, tuning = tune(
            session, session.options.tune, seconds=allowed * TUNING_SHARE, deadline=deadline
        )
    session.on_stage(f"Training the baseline on {len(session.samples()):,} images")
    net, history = session.train(replace(run, deadline=deadline))
    history["name"] = "baseline"
    history["planned_epochs"] = run.epochs if tuning else session.size.full_epochs
    return _Trained(session=session, network=net, history=history, tuning=tuning)


def _ask(
    facts: BaselineFacts, session: Session, history: History, allowed: float, suspects: Collection[str]
) -> None:
    """Add the diagnosis, and what else the options ask for."""
    options, scores, notes = session.options, facts["scores"], facts["notes"]
    facts["histories"] = [history]
    facts["diagnosis"] = diagnose_fit(scores["train"], scores["val"], history)
    if options.experiments:
        facts["diagnosis"] += run_experiments(session, history, scores)
    facts["advice"] = order_advice(facts["diagnosis"])
    facts |= {"noise_floor": {}, "remedies": [], "comparison": [], "learning_curve": {}}
    if options.remedies or options.compare or options.target_recall is not None:
        session.budget.extend(allowed * (ASKED_SHARE - PLANNED_SHARE))
    if options.target_recall is not None:
        session.on_stage("Measuring the learning curve")
        facts["learning_curve"], said = learning_curve(session, options.target_recall)
        notes += said
    if options.remedies:
        session.on_stage("Trying remedies")
        verdicts = {d["question"]: d["verdict"] for d in facts["diagnosis"]}
        facts["remedies"], said = try_remedies(session, verdicts)
        notes += said
    if options.seeds > 1:
        session.on_stage(f"Repeating the training with {options.seeds - 1} more seeds")
        facts["noise_floor"], more = measure_noise_floor(session, scores["val"], options.seeds)
        facts["histories"] += more
        if len(more) + 1 < options.seeds:
            notes.append(
                f"The noise floor is from {len(more) + 1} of {options.seeds} seeds: the others do not "
                f"fit into the time budget."
            )
    if options.compare:
        session.on_stage("Comparing ways against imbalance")
        facts["comparison"], said = compare_ways(session, options.seeds, suspects)
        notes += said


def _describe_config(session: Session, allowed: float, scaling_reason: str) -> dict[str, Any]:
    """Return all settings, those that were chosen too."""
    size, scaler = session.size, session.scaler
    return {
        **session.options.as_dict(),
        "time_budget": allowed / 60 if math.isfinite(allowed) else None,
        "scaling": scaler.kind,
        "scaling_reason": scaling_reason,
        "scale": [rounded(v) for v in scaler.scale],
        "offset": [rounded(v) for v in scaler.offset],
        "filters": size.filters,
        "depth": size.depth,
        "epochs": size.epochs,
        "patience": size.patience,
        "image_size": size.image_size,
        "size_reason": size.reason,
    }


def _short_sides(
    plan: PlannedSplit, rows: pd.DataFrame, measures: pd.DataFrame | None, seed: int
) -> npt.NDArray[np.float64]:
    """Return the shorter sides of training images in pixels: from the scan, else of some that are opened."""
    training = rows.loc[rows["split"] == "train", "path"]
    if measures is not None and {"path", "width", "height"} <= set(measures.columns):
        known = measures[measures["path"].isin(set(training))]
        sides = known[["width", "height"]].min(axis=1).to_numpy(dtype=float)
        return np.asarray(sides[sides > 0])
    found = []
    for path in np.random.default_rng([seed, 0x7369]).permutation(training.to_numpy())[:SIZED_IMAGES]:
        with contextlib.suppress(OSError, Unreadable):
            found.append(min(decode(plan.dataset.source.read(path)).rgb.shape[:2]))
    return np.array(found, dtype=float)


def _size(
    plan: PlannedSplit,
    rows: pd.DataFrame,
    measures: pd.DataFrame | None,
    augmentation: Augmentation | None,
    options: TrainOptions,
    allowed: float,
) -> Size:
    return choose_size(
        _short_sides(plan, rows, measures, options.seed),
        int((rows["split"] == "train").sum()),
        len(augmentation.manifest) if augmentation is not None else 0,
        options.batch_size,
        image_size=options.image_size or (IMAGE_SIZE if options.backbone else None),
        filters=options.filters,
        depth=options.depth,
        epochs=options.epochs,
        patience=options.patience,
        seconds=allowed * (MAIN_SHARE if options.experiments else 1.0),
    )


def _by_layers(augmentation: Augmentation | None) -> bool:
    """Whether all images are augmented by layers of the model already."""
    return augmentation is not None and augmentation.facts.get("way") == "layers"


def _augmentation_settings(
    augmentation: Augmentation | None, material: Material, options: TrainOptions
) -> dict[str, Any]:
    """Return the variation of all images, the random layers and the class weights that a planned augmentation
    brings.
    """
    by_layers = _by_layers(augmentation)
    settings: dict[str, Any] = {}
    if options.vary and not by_layers:
        settings["variation"] = variation_for(augmentation)
    if augmentation is not None:
        weights = tuple(float(augmentation.weights.get(label, 1.0)) for label in material.labels)
        settings["class_weight"] = weights if len(set(weights)) > 1 else None
        if by_layers:
            settings["layers"] = layers_json(augmentation.keras_layers())
    return settings


def _choose_scaling(session: Session, standard: Scaler, allowed: float) -> tuple[Scaler, str]:
    """Choose between the session's min-max scaling and standardisation, by the validation loss of two short
    runs.
    """
    wanted = session.options.scaling
    if session.options.backbone:
        return (
            session.scaler,
            f"not used: {session.options.backbone} has its own preprocessing, inside the model",
        )
    if wanted != "auto":
        return (session.scaler if wanted == "min-max" else standard), "as asked"
    if allowed < PILOT_MINUTES * 60:
        return session.scaler, f"min-max without a trial: the time budget is under {PILOT_MINUTES:g} minutes"
    lowest = {}
    train, batch = session.material.train, session.options.batch_size
    some = train.take(
        np.random.default_rng([session.options.seed, 0x7069]).permutation(len(train))[: PILOT_STEPS * batch]
    )
    epochs = max(1, round(PILOT_STEPS * batch / len(some)))
    for scaler in (session.scaler, standard):
        trial = replace(session, scaler=scaler)
        run = trial.run(
            f"trial of {scaler.kind} scaling", seed=session.options.seed, epochs=epochs, patience=epochs
        )
        _, history = trial.train(run, samples=some)
        lowest[scaler.kind] = min(history["val_loss"])
    numbers = (
        f"lowest validation loss after {epochs} epochs of {len(some):,} images from the same weights: "
        f"{lowest['min-max']:.3f} with min-max, {lowest['standard']:.3f} with standardisation"
    )
    if lowest["standard"] < lowest["min-max"] * (1 - PILOT_MARGIN):
        return standard, numbers
    return session.scaler, f"{numbers}; min-max unless standardisation is lower by {percent(PILOT_MARGIN)}"


def _score_parts(net: Network, material: Material, seed: int) -> tuple[dict[str, Scores], pd.DataFrame]:
    """Score every split; the test split is predicted here, once."""
    import pandas as pd

    found: dict[str, Scores] = {}
    frames = []
    for part, samples in material.parts.items():
        if part == "train":
            chosen = np.sort(
                np.random.default_rng([seed, 0x7472]).permutation(len(samples))[:SCORED_TRAINING]
            )
            samples = samples.take(chosen)
        if not len(samples):
            continue
        probabilities = predict(net, samples)
        rows = material.table.iloc[samples.rows]
        paths = rows["path"].tolist()
        found[part] = score(samples.labels, probabilities, material.labels, paths, number_units_of(rows))
        if part != "train":
            frames.append(
                pd.DataFrame(probabilities, columns=list(material.labels), index=pd.Index(paths, name="path"))
            )
    return found, pd.concat(frames)


def _note_groups(scores: dict[str, Scores]) -> list[str]:
    """Say where intervals count images of a group for less."""
    return [
        f"{s['images']:,} images of {part} are in {s['groups']:,} groups whose hits go together "
        f"(correlation {s['hit_correlation']:.2f}): intervals count them for fewer."
        for part, s in scores.items()
        if part != "train" and s["hit_correlation"] > 0 and s["images"] - s["groups"] >= FEWEST_SHARED
    ]


def _add_slices(
    scores: dict[str, Scores], material: Material, probabilities: pd.DataFrame, measures: pd.DataFrame | None
) -> None:
    """Add the slices on which the model is weak, where the images' measures are known."""
    if measures is None:
        return
    known = measures.drop_duplicates("path").set_index("path")
    for part in ("val", "test"):
        rows = material.rows_of(part)
        if part not in scores or not set(rows["path"]) <= set(known.index):
            continue
        found = probabilities[probabilities.index.isin(set(rows["path"]))]
        predicted = dict(zip(found.index, found.to_numpy().argmax(axis=1), strict=True))
        right = np.array(
            [material.labels[predicted[p]] == y for p, y in zip(rows["path"], rows["label"], strict=True)]
        )
        scores[part]["slices"] = find_weak_slices(known.loc[rows["path"]].reset_index(), right)


def summarise(facts: BaselineFacts) -> str:
    """Say in a sentence or two how well the baseline does, against what, and what holds it back."""
    part = "test" if "test" in facts["scores"] else "val"
    named = {"test": "test", "val": "validation"}[part]
    scores = facts["scores"][part]
    others = [
        f"{name}: {interval(found[part]['balanced_accuracy'])}"
        for name, found in facts["references"].items()
        if part in found
    ]
    text = (
        f"Balanced accuracy is {interval(scores['balanced_accuracy'])} on {scores['images']:,} {named} images"
    )
    text += f" ({'; '.join(others)})." if others else "."
    said = {
        "overfitting": "The model overfits (high variance).",
        "underfitting": "The model underfits (high bias).",
        "neither": "It neither underfits nor overfits.",
        "undecided": "Whether it underfits or overfits cannot be said from these numbers.",
    }[name_verdict(facts["diagnosis"])]
    history = facts["histories"][0]
    if planned := epochs_cut(history):
        said = (
            f"The time budget stopped training after {len(history['loss'])} of {planned} epochs: no "
            f"diagnosis."
        )
    return f"{text} {said}"
