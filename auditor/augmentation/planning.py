"""From a planned split to the images to make: parents, budgets, and drawn transforms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from auditor.augmentation.adapter import require
from auditor.augmentation.augmented import Augmentation
from auditor.augmentation.budget import MAX_MULTIPLE, plan_budgets, read_target
from auditor.augmentation.parents import choose_representatives, image_seed, spread_evenly, training_rows
from auditor.augmentation.policy import DEFAULT_POLICY, MIRRORS, PRESETS, Policy
from auditor.errors import DataError, UsageError
from auditor.grouping import PlannedSplit
from auditor.outputs import round_number
from auditor.record import AugmentationFacts, ClassBudget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.augmentation.advice import PolicyCheck

WAYS = ("on-the-fly", "files", "layers")
#: Columns of ``augmented.csv``.
COLUMNS = ("path", "parent", "label", "split", "transforms", "seed")


def choose_policy(
    policy: str | Path | Policy | None, without: Sequence[str] = (), *, to_check: bool = False
) -> Policy:
    """Return a policy by the name of its preset, from a TOML file, or as given, less some transforms.

    ``None`` is the default policy. Its mirror images are left out unless they are about to be checked:
    nothing is mirrored that was neither asked for by name nor passed on this data.

    Raises
    ------
    UsageError
    """
    if policy is None:
        policy = PRESETS[DEFAULT_POLICY].without(*(() if to_check else MIRRORS))
    elif isinstance(policy, str) and policy in PRESETS:
        policy = PRESETS[policy]
    elif isinstance(policy, str | Path):
        from auditor.augmentation.policy_file import read_policy

        if not Path(policy).is_file():
            raise UsageError(
                expected=f"a preset ({', '.join(PRESETS)}) or a TOML file",
                received=f"'{policy}'",
                hint="check the name, or the path of the file",
            )
        policy = read_policy(policy)
    chosen = policy.without(*([without] if isinstance(without, str) else without))
    if not chosen.steps:
        raise UsageError(
            expected="a policy with at least one transform",
            received="every transform switched off",
            hint="leave one on",
        )
    return chosen


def plan_augmentation(
    plan: PlannedSplit,
    *,
    target: str | float = "balanced",
    policy: str | Path | Policy | None = None,
    without: Sequence[str] = (),
    max_multiple: float = MAX_MULTIPLE,
    way: str = "on-the-fly",
    check: PolicyCheck | None = None,
    seed: int = 0,
) -> Augmentation:
    """Plan which images to make for the rare classes of a training split.

    Parameters
    ----------
    plan : PlannedSplit
        A split with a ``train`` part.
    target : "balanced", int or float
        What each class should reach, in unique images: as many as the largest class, a count, or a ratio of
        the largest class to any other (``4.0``, ``"4:1"`` or ``0.25``). Classes that have as many already get
        nothing.
    policy : str, Path or Policy, optional
        A preset of `PRESETS`, a TOML file, or a policy. Without one it is ``photo``, mirrored only where
        ``check`` passed it.
    without : sequence of str
        Transforms to switch off: ``("flip", "elastic")``.
    max_multiple : float
        Never make more than this many images for each unique one; class weights fill the rest.
    way : {"on-the-fly", "files", "layers"}
        How the images will be used. ``"layers"`` transforms every class inside the model and fills by weights
        alone.
    check : PolicyCheck, optional
        What `check_policy` found: its advised policy is used instead of ``policy``, and its table goes into
        the facts.
    seed : int
        With the same seed the same images are made.

    Returns
    -------
    Augmentation

    Raises
    ------
    UsageError
        An unknown transform, policy or way, an impossible magnitude, or a target that every class has
        already.
    DataError
        Fewer than two classes to train on.
    MissingExtraError
        albumentations is not installed.
    """
    wanted = read_target(target)
    chosen = choose_policy(policy if check is None else check.advised, without)
    _refuse_options(way, max_multiple)
    if way != "layers":
        require()
    rows = training_rows(plan)
    parents = choose_representatives(rows)
    budgets = _plan_class_budgets(rows, parents, chosen, wanted, max_multiple, way)
    manifest = _draw_manifest(budgets, parents, chosen, seed)
    facts: AugmentationFacts = {
        "way": way,
        "target": str(target),
        "policy": chosen.facts(),
        "policy_name": chosen.name,
        "budgets": budgets,
        "examples": [*(check.examples if check else ()), *_examples(manifest)],
        "checks": check.facts if check else [],
        "notes": [*_notes(budgets, chosen, way, max_multiple), *(check.notes if check else ())],
    }
    return Augmentation(plan=plan, policy=chosen, manifest=manifest, facts=facts, seed=seed, check=check)


def _refuse_options(way: str, max_multiple: float) -> None:
    if way not in WAYS:
        raise UsageError(
            expected=f"a way: {', '.join(WAYS)}",
            received=f"{way!r}",
            hint="'files' writes images, the others do not",
        )
    number = isinstance(max_multiple, int | float) and not isinstance(max_multiple, bool)
    if not (number and 0 < max_multiple < float("inf")):
        raise UsageError(
            expected="a largest multiple over 0",
            received=f"{max_multiple!r}",
            hint=f"the default is {MAX_MULTIPLE}",
        )


def _plan_class_budgets(
    rows: pd.DataFrame,
    parents: pd.DataFrame,
    policy: Policy,
    target: str | float,
    max_multiple: float,
    way: str,
) -> list[ClassBudget]:
    """Return the budget of each class; a class for which every transform is off gets a weight alone."""
    labels = sorted(set(rows["label"]))
    if len(labels) < 2:
        raise DataError(
            expected="a training split with at least two classes",
            received=f"{len(labels)} class{'es' * (len(labels) != 1)} in {len(rows)} usable training images",
            hint="check the split, or name the column of the classes with --label",
        )
    present = {label: int((rows["label"] == label).sum()) for label in labels}
    unique = {label: int((parents["label"] == label).sum()) for label in labels}
    budgets = plan_budgets(present, unique, target, max_multiple=max_multiple, makes=way != "layers")
    for budget in budgets:
        if budget["made"] and not policy.steps_for(budget["label"]):
            budget["made"], budget["capped"] = 0, True
            budget["weight"] = round_number(budget["target"] / budget["unique"])
    return budgets


def _draw_manifest(
    budgets: Sequence[ClassBudget], parents: pd.DataFrame, policy: Policy, seed: int
) -> pd.DataFrame:
    """Return a row per image to be made, with the values drawn for it."""
    made = []
    for budget in budgets:
        label = budget["label"]
        own_parents = parents.loc[parents["label"] == label, "path"].tolist()
        for parent, copy in spread_evenly(own_parents, budget["made"], seed):
            own = image_seed(seed, parent, copy)
            made.append(("", parent, label, "train", policy.draw(label, np.random.default_rng(own)), own))
    return pd.DataFrame(made, columns=list(COLUMNS)).astype(
        {**dict.fromkeys(COLUMNS[:-1], str), "seed": "int64"}
    )


def _examples(manifest: pd.DataFrame) -> list[dict[str, str]]:
    """Return one example of each class that gets images."""
    return [
        {
            "parent": row["parent"],
            "label": row["label"],
            "transforms": row["transforms"],
            "before": row["parent"],
            "after": f"augmented {row['seed']}:{row['parent']}",
        }
        for row in manifest.drop_duplicates("label").to_dict("records")
    ]


def _notes(budgets: Sequence[ClassBudget], policy: Policy, way: str, max_multiple: float) -> list[str]:
    notes = []
    if all(b["collect"] == 0 for b in budgets):
        notes.append("No class is below the target: nothing is made.")
    for b in budgets:
        if not policy.steps_for(b["label"]):
            notes.append(
                f"Every transform is off for '{b['label']}': weight {b['weight']:.3g} fills what is missing."
            )
        elif b["capped"]:
            enough = int(np.ceil(b["target"] / (1 + max_multiple)))
            notes.append(
                f"'{b['label']}' is capped at {b['made']} images made from {b['unique']}; weight "
                f"{b['weight']:.3g} fills the rest, "
                f"{enough - b['unique']} more real images would lift the cap, {b['collect']} would make "
                f"augmentation unnecessary."
            )
    duplicates = sum(b["present"] - b["unique"] for b in budgets)
    if duplicates:
        notes.append(
            f"{duplicates} training images are duplicates of others: budgets count unique images, and "
            f"only those are parents."
        )
    if way == "on-the-fly":
        notes.append(
            "The manifest lists the images of the first epoch; each later epoch draws afresh from the "
            "same seed."
        )
    if way == "layers":
        off = sorted({s.name for s in policy.steps if s.off_for})
        notes.append(
            "Layers transform the images of every class as they pass; the class weights do the balancing."
        )
        if off:
            notes.append(f"Layers do not know classes: {', '.join(off)} left out, being off for some.")
    return notes
