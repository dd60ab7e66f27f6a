"""From a planned split to the images to make: parents, budgets, and drawn transforms."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from auditor.augmentation.budget import MAX_MULTIPLE, plan_budgets, read_target
from auditor.augmentation.policy import PRESETS, Policy
from auditor.errors import DataError, UsageError
from auditor.grouping import KEYS, PlannedSplit, share_a_key
from auditor.record import AugmentationFacts, ClassBudget

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from auditor.augmentation.advice import PolicyCheck
    from auditor.augmentation.augmented import Augmentation

WAYS = ("on-the-fly", "files", "layers")
#: Columns of ``augmented.csv``.
COLUMNS = ("path", "parent", "label", "split", "transforms", "seed")


def training_rows(plan: PlannedSplit) -> pd.DataFrame:
    """Return the rows whose images may be trained on, and so may be parents.

    Beyond the plan's own choice, a row is left out if its path, duplicate set or group also stands in another
    split: nothing that derives from a held-out picture is ever made (a plan may have been edited by hand).
    """
    usable = plan.usable
    rows = usable[(usable["split"] == "train") & (usable["label"] != "")]
    table = plan.table
    held_out = table[~table["split"].isin(("train", ""))]
    return rows[~share_a_key(rows, held_out, ("path", *KEYS))]


def image_seed(seed: int, parent: str, copy: int, epoch: int = 0) -> int:
    """Return the seed of one image, in [0, 2**32): it depends on its parent and number alone, not on the order or number of others."""
    return int.from_bytes(
        hashlib.sha256(f"{seed}\0{parent}\0{copy}\0{epoch}".encode("utf-8", "backslashreplace")).digest()[:4]
    )


def representatives(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each duplicate set of each class, the first by path: the parents."""
    unit = rows["cluster"].where(rows["cluster"] != "", rows["path"])
    ordered = rows.assign(_unit=unit).sort_values("path", kind="stable")
    return ordered.drop_duplicates(["label", "_unit"]).drop(columns="_unit")


def spread(parents: Sequence[str], made: int, seed: int) -> list[tuple[str, int]]:
    """Return (parent, copy number) of ``made`` images, spread evenly: no parent has two more than another."""
    if not parents:
        return []
    each, rest = divmod(made, len(parents))
    # Who gets one more is decided by a hash, so that it does not depend on what else is in the class.
    lucky = set(sorted(parents, key=lambda p: image_seed(seed, p, -1))[:rest])
    return [(p, copy) for p in parents for copy in range(each + (p in lucky))]


def choose_policy(policy: str | Path | Policy, without: Sequence[str] = ()) -> Policy:
    """Return a policy by the name of its preset, from a TOML file, or as given, less some transforms.

    Raises
    ------
    UsageError
    """
    if isinstance(policy, str) and policy in PRESETS:
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
    policy: str | Path | Policy = "photo",
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
    policy : str, Path or Policy
        A preset of `PRESETS`, a TOML file, or a policy.
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
    import pandas as pd

    from auditor.augmentation.adapter import require
    from auditor.augmentation.augmented import Augmentation

    wanted = read_target(target)
    chosen = choose_policy(policy if check is None else check.advised, without)
    if way not in WAYS:
        raise UsageError(
            expected=f"a way: {', '.join(WAYS)}",
            received=f"{way!r}",
            hint="'files' writes images, the others do not",
        )
    if (
        isinstance(max_multiple, bool)
        or not isinstance(max_multiple, int | float)
        or not 0 < max_multiple < float("inf")
    ):
        raise UsageError(
            expected="a largest multiple over 0",
            received=f"{max_multiple!r}",
            hint=f"the default is {MAX_MULTIPLE}",
        )
    if way != "layers":
        require()
    rows = training_rows(plan)
    labels = sorted(set(rows["label"]))
    if len(labels) < 2:
        raise DataError(
            expected="a training split with at least two classes",
            received=f"{len(labels)} class{'es' * (len(labels) != 1)} in {len(rows)} usable training images",
            hint="check the split, or name the column of the classes with --label",
        )
    parents = representatives(rows)
    present = {label: int((rows["label"] == label).sum()) for label in labels}
    unique = {label: int((parents["label"] == label).sum()) for label in labels}
    budgets = plan_budgets(present, unique, wanted, max_multiple=max_multiple, makes=way != "layers")
    made: list[tuple[str, str, str, str, str, int]] = []
    for budget in budgets:
        label = budget["label"]
        if budget["made"] and not chosen.steps_for(label):
            budget["made"], budget["capped"] = 0, True
            budget["weight"] = float(f"{budget['target'] / budget['unique']:.6g}")
        for parent, copy in spread(
            parents.loc[parents["label"] == label, "path"].tolist(), budget["made"], seed
        ):
            own = image_seed(seed, parent, copy)
            made.append(("", parent, label, "train", chosen.draw(label, np.random.default_rng(own)), own))
    facts: AugmentationFacts = {
        "way": way,
        "target": str(target),
        "policy": chosen.facts(),
        "policy_name": chosen.name,
        "budgets": budgets,
        "examples": [*(check.examples if check else ()), *_examples(made)],
        "checks": check.facts if check else [],
        "notes": [*_notes(budgets, chosen, way, max_multiple), *(check.notes if check else ())],
    }
    manifest = pd.DataFrame(made, columns=list(COLUMNS)).astype(
        {**dict.fromkeys(COLUMNS[:-1], str), "seed": "int64"}
    )
    return Augmentation(plan=plan, policy=chosen, manifest=manifest, facts=facts, seed=seed, check=check)


def _examples(made: Sequence[tuple[str, str, str, str, str, int]]) -> list[dict[str, str]]:
    """Return one example of each class that gets images."""
    first: dict[str, dict[str, str]] = {}
    for _, parent, label, _, transforms, seed in made:
        first.setdefault(
            label,
            {
                "parent": parent,
                "label": label,
                "transforms": transforms,
                "before": parent,
                "after": f"augmented {seed}:{parent}",
            },
        )
    return list(first.values())


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
                f"'{b['label']}' is capped at {b['made']} images made from {b['unique']}; weight {b['weight']:.3g} fills the rest, "
                f"{enough - b['unique']} more real images would lift the cap, {b['collect']} would make augmentation unnecessary."
            )
    duplicates = sum(b["present"] - b["unique"] for b in budgets)
    if duplicates:
        notes.append(
            f"{duplicates} training images are duplicates of others: budgets count unique images, and only those are parents."
        )
    if way == "on-the-fly":
        notes.append(
            "The manifest lists the images of the first epoch; each later epoch draws afresh from the same seed."
        )
    if way == "layers":
        off = sorted({s.name for s in policy.steps if s.off_for})
        notes.append(
            "Layers transform the images of every class as they pass; the class weights do the balancing."
        )
        if off:
            notes.append(f"Layers do not know classes: {', '.join(off)} left out, being off for some.")
    return notes
