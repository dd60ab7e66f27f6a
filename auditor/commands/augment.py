"""Planning, checking and writing augmented images of the rare training classes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.commands.opening import require_packages
from auditor.commands.options import Listeners, default_listeners
from auditor.commands.results import add_parts, prepare_output, remove_augmentation

if TYPE_CHECKING:
    from auditor.augmentation import Augmentation, Model, Policy
    from auditor.augmentation.advice import PolicyCheck
    from auditor.splitting import Plan


def augment(
    plan: Plan,
    *,
    target: str | int | float = "balanced",
    policy: str | Path | Policy | None = None,
    without: Sequence[str] = (),
    max_multiple: float = 10.0,
    way: str = "on-the-fly",
    check: bool = False,
    decide: bool = False,
    output: str | Path | None = None,
    seed: int = 0,
    listeners: Listeners | None = None,
) -> Augmentation:
    """Plan augmentation of the rare training classes, and write the images where an output folder is named.

    Parameters
    ----------
    plan : Plan
        A split; only its training images are parents.
    target : "balanced", int, float or str
        Images per class to reach: the largest class, a count, or a ratio of the largest class to any other
        (``4.0``, ``"4:1"``, ``0.25``).
    policy : str, Path or Policy, optional
        A preset (``photo``, ``document``, ``microscopy``, ``digits``), a TOML file, or a policy. Without one
        ``photo``, mirrored only where the check passed it.
    without : sequence of str
        Transforms of the policy to switch off.
    max_multiple : float
        Never make more than this many images for each unique one; class weights fill the rest.
    way : {"on-the-fly", "files", "layers"}
        How the images will be used; with an output folder they are files.
    check : bool
        Measure first which transforms turn pictures of one class into another, and leave those off: judged by
        the baseline in the output folder where there is one, else by nearest neighbours. The advised policy
        is written as ``policy.toml``.
    decide : bool
        Also train with and without each transform about which the measurement is undecided.
    """
    from auditor.augmentation import check_policy, plan_augmentation
    from auditor.augmentation.planning import choose_policy
    from auditor.augmentation.policy import MIRRORS

    listeners = listeners or default_listeners()
    folder = None if output is None else prepare_output(output, plan.dataset, listeners.notice)
    chosen = choose_policy(policy, without, to_check=check or decide)
    found, decided = None, list[str]()
    if check or decide:
        listeners.stage(f"Checking the policy '{chosen.name}' on this data")
        found = check_policy(plan, chosen, model=_baseline_model(folder, plan), seed=seed)
        found = found if decide or policy is not None else found.without_undecided(MIRRORS)
    if decide and found is not None:
        found, decided = _decide_by_training(found, plan, seed, listeners)
    made = plan_augmentation(
        plan,
        target=target,
        policy=chosen,
        max_multiple=max_multiple,
        way="files" if output else way,
        seed=seed,
        check=found,
    )
    if decided:
        made.facts["notes"].append(
            f"Decided by training with and without, on validation: {', '.join(decided)}."
        )
    return made if folder is None else _write(made, found, folder, plan, listeners)


def _decide_by_training(
    found: PolicyCheck, plan: Plan, seed: int, listeners: Listeners
) -> tuple[PolicyCheck, list[str]]:
    """Train with and without each transform that is undecided; return what is advised then, and in words."""
    listeners.stage("Training with and without what is undecided")
    asked = found.undecided()
    settled = found.decide(lambda tried: _validation_score(plan, tried, seed, listeners))
    kept = {step.name for step in settled.steps}
    words = [f"{name}: {'kept' if name in kept else 'off'}" for name in asked]
    return dataclasses.replace(found, advised=settled), words


def _write(
    made: Augmentation, found: PolicyCheck | None, folder: Path, plan: Plan, listeners: Listeners
) -> Augmentation:
    """Write the images, the advised policy and the facts into an output folder."""
    from auditor.augmentation import write_policy
    from auditor.reports.thumbnails import make_thumbnails

    if found is not None:
        write_policy(found.advised, folder / "policy.toml")
    remove_augmentation(folder)
    listeners.stage(f"Writing {len(made.manifest):,} augmented images")
    made = made.write(folder, on_progress=listeners.images)
    before = make_thumbnails(plan.dataset.source, [e["before"] for e in made.facts["examples"]])
    add_parts(
        folder,
        str(plan.facts["fingerprint"]),
        augmentation=made.facts,
        augmented=made.manifest,
        pictures={**before, **made.example_pictures()},
    )
    return made


def _baseline_model(folder: Path | None, plan: Plan) -> Model | None:
    """Return the baseline that was trained on these classes into an output folder, if there is one."""
    import json

    from auditor.augmentation import Model

    if folder is None or not all((folder / f"baseline.{end}").exists() for end in ("keras", "json")):
        return None
    facts = json.loads((folder / "baseline.json").read_text(encoding="utf-8"))
    if set(facts["labels"]) != set(plan.table["label"]) - {""}:
        return None
    require_packages("keras", "tensorflow")
    from auditor.baseline.runtime import load

    keras, _ = load()
    return Model.of(keras.models.load_model(folder / "baseline.keras"), facts["labels"], facts["image_size"])


def _validation_score(plan: Plan, policy: Policy, seed: int, listeners: Listeners) -> float:
    """Return the balanced accuracy on validation after training with a policy."""
    from auditor.augmentation import plan_augmentation
    from auditor.baseline import TrainOptions, train_baseline

    options = TrainOptions(seed=seed, experiments=False, scaling="min-max")
    result = train_baseline(
        plan,
        augmentation=plan_augmentation(plan, policy=policy, seed=seed),
        options=options,
        on_epoch=listeners.epoch,
    )
    return float(result.facts["scores"]["val"]["balanced_accuracy"]["value"])
