"""Train the baseline on a planned split and say what it learned about the data."""

from __future__ import annotations

import contextlib
import math
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.baseline.backbone import IMAGE_SIZE, check_backbone
from auditor.baseline.comparison import compare_ways
from auditor.baseline.diagnosis import fitting_diagnosis, interval, overall
from auditor.baseline.experiments import noise_floor, run_experiments
from auditor.baseline.fitting import OnEpoch
from auditor.baseline.learning_curve import learning_curve
from auditor.baseline.material import Material, PlannedSplit, describe_counts, gather, units, usable_rows
from auditor.baseline.network import Network, layers_json
from auditor.baseline.options import TrainOptions
from auditor.baseline.references import references
from auditor.baseline.remedies import try_remedies
from auditor.baseline.result import Baseline
from auditor.baseline.runtime import load
from auditor.baseline.scaling import Scaler, pixel_statistics
from auditor.baseline.scores import score
from auditor.baseline.session import OnStage, Session, predict, unheard
from auditor.baseline.sizing import Size, choose_size
from auditor.baseline.slices import weak_slices
from auditor.baseline.tuning import check_tuning, tune
from auditor.baseline.varying import variation_for
from auditor.errors import OutputError, UsageError
from auditor.finding import percent, rounded
from auditor.record import BaselineFacts, Scores

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
#: Shares of the time budget that the model, and the model and all experiments, are planned to take: a busy
#: machine takes twice as long.
MAIN_SHARE, PLANNED_SHARE = 0.35, 0.5
#: Share of the time budget for a hyperparameter search, where one was asked for.
TUNING_SHARE = 0.5
#: The second share where remedies, a comparison or a learning curve were asked for by name: they may take
#: what was kept back.
ASKED_SHARE = 0.8


@contextlib.contextmanager
def _working_folder(output: str | Path | None) -> Iterator[tuple[Path, bool]]:
    """Give the folder of cache and checkpoints, and whether it stays."""
    if output is not None:
        folder = Path(output) / "cache"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                expected="an output folder that can be written",
                received=f"'{output}': {error.strerror or error}",
                hint="choose another with -o",
            ) from None
        yield folder, True
        return
    with tempfile.TemporaryDirectory(prefix="auditor-") as name:
        yield Path(name), False


def train_baseline(
    plan: PlannedSplit,
    *,
    augmentation: Augmentation | None = None,
    options: TrainOptions | None = None,
    output: str | Path | None = None,
    on_epoch: OnEpoch | None = None,
    on_stage: OnStage = unheard,
    time_budget: float | None = None,
    measures: pd.DataFrame | None = None,
    suspects: Collection[str] = (),
) -> Baseline:
    """Train a small CNN on a plan's training images, stop it by the validation images, score it once on the test images.

    Parameters
    ----------
    plan : Plan
        A planned split; its ``usable`` rows are used.
    augmentation : Augmentation, optional
        What to make of the rare classes: drawn while training, or as layers in the model, as it was planned.
    options : TrainOptions, optional
    output : str or Path, optional
        Folder for ``baseline.keras``, ``baseline.json``, the pixel cache and checkpoints; a killed run goes
        on from its last epoch. Without it, a temporary folder is used and removed.
    on_epoch : callable, optional
        Told after every epoch of every run, with an `Epoch`.
    on_stage : callable, optional
        Told what begins, in a sentence.
    time_budget : float, optional
        Minutes for everything; what does not fit is left out and said. A run that the clock ended is not
        reproducible.
    measures : DataFrame, optional
        The scan's images (``path`` and measures), to find slices on which the model is weak.
    suspects : collection of str
        Paths whose label looks wrong: a comparison trains without them too.

    Raises
    ------
    DataError
        One class only, no training images, or a loss that is not a number from the first epoch on.
    UsageError
        An option out of range.
    OutputError
        The output folder cannot be written.
    MissingExtraError
        Keras or TensorFlow is not installed.
    """
    began = time.monotonic()
    options = options or TrainOptions()
    if time_budget is not None and not time_budget > 0:
        raise UsageError(
            expected="a time budget over 0 minutes",
            received=f"{time_budget}",
            hint="leave it out for no limit",
        )
    check_tuning(options)
    load()
    check_backbone(options.backbone, options.weights)
    notes: list[str] = []
    rows = usable_rows(plan, notes, seed=options.seed)
    allowed = time_budget * 60 if time_budget is not None else math.inf
    share = MAIN_SHARE if options.experiments else 1.0
    size = _size(rows, measures, augmentation, options, allowed * share)
    deadline = began + allowed
    with _working_folder(output) as (folder, stays):
        on_stage(f"Resizing {len(rows):,} images to {size.image_size} px")
        material = gather(
            plan, rows, size.image_size, folder, notes, augmentation=augmentation, seed=options.seed
        )
        statistics = pixel_statistics(material.train.cache.stream(material.train.rows))
        session = Session(
            material=material,
            options=options,
            size=size,
            scaler=statistics.min_max(),
            deadline=deadline,
            on_epoch=on_epoch,
            on_stage=on_stage,
            folder=folder if stays else None,
            variation=variation_for(augmentation) if options.vary and not _by_layers(augmentation) else None,
            planned=[allowed * PLANNED_SHARE - size.seconds],
            **_augmentation_settings(augmentation, material),
        )
        scaler, reason = _choose_scaling(session, statistics.standard(), time_budget)
        session = replace(session, scaler=scaler)
        tuning: dict[str, Any] = {}
        if options.tune:
            on_stage(f"Searching hyperparameters in {options.tune} trials")
            session, tuning = tune(session, options.tune, seconds=allowed * TUNING_SHARE)
            size = session.size
        on_stage(f"Training the baseline on {len(session.samples()):,} images")
        run = session.run(
            "baseline", seed=options.seed, deadline=began + allowed * 0.9
        )  # scoring takes the rest
        net, history = session.train(run)
        model, parameters = net.serving_model(), net.parameters
        scores, probabilities = _scores(net, material, options.seed)
        _add_slices(scores, material, probabilities, measures)
        notes += _alike(scores)
        diagnosis = fitting_diagnosis(scores["train"], scores["val"], history)
        on_stage("Comparing with logistic regression")
        compared = references(
            material.train, {p: s for p, s in material.parts.items() if p != "train"}, seed=options.seed
        )
        floor: dict[str, float] = {}
        histories = [history]
        if options.experiments:
            diagnosis += run_experiments(session, history, scores)
        remedies: list[dict[str, Any]] = []
        curve: dict[str, Any] = {}
        if options.remedies or options.compare or options.target_recall is not None:
            session.planned[0] += allowed * (ASKED_SHARE - PLANNED_SHARE)
        if options.target_recall is not None:
            on_stage("Measuring the learning curve")
            curve = learning_curve(session, options.target_recall)
        if options.remedies:
            on_stage("Trying remedies")
            remedies = try_remedies(session, {d["question"]: d["verdict"] for d in diagnosis})
        if options.seeds > 1:
            on_stage(f"Repeating the training with {options.seeds - 1} more seeds")
            floor, more = noise_floor(session, scores["val"], options.seeds)
            histories += more
            if len(more) + 1 < options.seeds:
                notes.append(
                    f"The noise floor is from {len(more) + 1} of {options.seeds} seeds: the others do not fit into the time budget."
                )
        facts = BaselineFacts(
            config={
                **session.options.as_dict(),
                "time_budget": time_budget,
                "scaling": scaler.kind,
                "scaling_reason": reason,
                "scale": [rounded(v) for v in scaler.scale],
                "offset": [rounded(v) for v in scaler.offset],
                "filters": size.filters,
                "depth": size.depth,
                "epochs": size.epochs,
                "patience": size.patience,
                "image_size": size.image_size,
                "size_reason": size.reason,
            },
            parameters=parameters,
            image_size=[size.image_size, size.image_size],
            labels=list(material.labels),
            counts=describe_counts(material),
            histories=histories,
            scores=scores,
            references=compared,
            diagnosis=diagnosis,
            noise_floor=floor,
            remedies=remedies,
            learning_curve=curve,
            tuning=tuning,
            comparison=compare_ways(session, options.seeds, suspects) if options.compare else [],
            notes=notes,
            seconds=round(time.monotonic() - began, 1),
        )
        facts["summary"] = summary(facts)
        result = Baseline(facts=facts, model=model, probabilities=probabilities)
        if output is not None:
            result.save(output)
            session.forget()
        return result


def _size(
    rows: pd.DataFrame,
    measures: pd.DataFrame | None,
    augmentation: Augmentation | None,
    options: TrainOptions,
    seconds: float,
) -> Size:
    training = rows[rows["split"] == "train"]
    sides: Any = np.empty(0)
    if measures is not None and {"path", "width", "height"} <= set(measures.columns):
        known = measures[measures["path"].isin(set(training["path"]))]
        sides = known[["width", "height"]].min(axis=1).to_numpy(dtype=float)
        sides = sides[sides > 0]
    made = len(augmentation.manifest) if augmentation is not None else 0
    return choose_size(
        sides,
        len(training),
        made,
        options.batch_size,
        image_size=options.image_size or (IMAGE_SIZE if options.backbone else None),
        filters=options.filters,
        depth=options.depth,
        epochs=options.epochs,
        patience=options.patience,
        seconds=seconds,
    )


def _by_layers(augmentation: Augmentation | None) -> bool:
    """Whether all images are augmented by layers of the model already."""
    return augmentation is not None and augmentation.facts.get("way") == "layers"


def _augmentation_settings(augmentation: Augmentation | None, material: Material) -> dict[str, Any]:
    """Return the random layers and the class weights that a planned augmentation brings."""
    if augmentation is None:
        return {}
    known = augmentation.weights
    weights = tuple(float(known.get(label, 1.0)) for label in material.labels)
    settings: dict[str, Any] = {"class_weight": weights if len(set(weights)) > 1 else None}
    if _by_layers(augmentation):
        settings["layers"] = layers_json(augmentation.keras_layers())
    return settings


def _choose_scaling(session: Session, standard: Scaler, time_budget: float | None) -> tuple[Scaler, str]:
    """Choose between the session's min-max scaling and standardisation, by the validation loss of two short runs."""
    wanted = session.options.scaling
    if session.options.backbone:
        return (
            session.scaler,
            f"not used: {session.options.backbone} has its own preprocessing, inside the model",
        )
    if wanted != "auto":
        return (session.scaler if wanted == "min-max" else standard), "as asked"
    if time_budget is not None and time_budget < PILOT_MINUTES:
        return session.scaler, f"min-max without a trial: the time budget is under {PILOT_MINUTES:g} minutes"
    lowest = {}
    train, batch = session.material.train, session.options.batch_size
    some = train.take(
        np.random.default_rng([session.options.seed, 0x7069]).permutation(len(train))[: PILOT_STEPS * batch]
    )
    epochs = max(1, round(PILOT_STEPS * batch / len(some)))
    for scaler in (session.scaler, standard):
        trial = replace(session, scaler=scaler, folder=None)
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


def _scores(net: Network, material: Material, seed: int) -> tuple[dict[str, Scores], pd.DataFrame]:
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
        found[part] = score(samples.labels, probabilities, material.labels, paths, units(rows))
        if part != "train":
            frames.append(
                pd.DataFrame(probabilities, columns=list(material.labels), index=pd.Index(paths, name="path"))
            )
    return found, pd.concat(frames)


def _alike(scores: dict[str, Scores]) -> list[str]:
    """Say where intervals count images of a group for less."""
    return [
        f"{s['images']:,} images of {part} are in {s['groups']:,} groups whose hits go together (correlation {s['hit_correlation']:.2f}): "
        "intervals count them for fewer."
        for part, s in scores.items()
        if part != "train" and s["hit_correlation"] > 0
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
        scores[part]["slices"] = weak_slices(known.loc[rows["path"]].reset_index(), right)


def summary(facts: BaselineFacts) -> str:
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
        "overfitting": "The model overfits.",
        "underfitting": "The model underfits.",
        "neither": "It neither underfits nor overfits.",
        "undecided": "Whether it underfits or overfits cannot be said from these numbers.",
    }[overall(facts["diagnosis"])]
    return f"{text} {said}"
