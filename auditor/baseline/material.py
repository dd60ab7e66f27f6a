"""From a plan to samples: which images are trained on, validated on and tested on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.baseline.feeding import Samples
from auditor.baseline.pixels import build_cache
from auditor.errors import DataError, UsageError
from auditor.grouping import PlannedSplit, number_units_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.augmentation.augmented import Augmentation

PARTS = ("train", "val", "test")
#: Stands in the split column of training images that are left out of training: only the question what they
#: would do uses them.
LEAKING = "leaking"
#: Share of the training groups that is carved where the plan has no validation images, as in a 60/20/20 split
#: without its test.
CARVED = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Labelled images by split, ready to be fed.

    Attributes
    ----------
    labels : tuple of str
        The classes; their numbers are the positions.
    table : DataFrame
        The usable rows, in the order of the cache's rows.
    parts : mapping of str to Samples
        ``train``, ``val``, ``test`` without augmentation.
    made : Samples or None
        ``train`` with the augmented images after it.
    leaking : Samples
        Training images that are left out, because they share a group or a duplicate set with validation or
        test.
    notes : tuple of str
        What could not be read or cannot be learned.
    """

    labels: tuple[str, ...]
    table: pd.DataFrame
    parts: Mapping[str, Samples]
    made: Samples | None
    leaking: Samples
    notes: tuple[str, ...] = ()

    @property
    def train(self) -> Samples:
        """The training images themselves."""
        return self.parts["train"]

    @property
    def val(self) -> Samples:
        """The validation images whose class is in train: those that training decides by."""
        known = np.isin(self.parts["val"].labels, np.unique(self.train.labels))
        return self.parts["val"].take(np.flatnonzero(known))

    def rows_of(self, part: str) -> pd.DataFrame:
        """Return the table's rows of a part, in the order of its samples."""
        return self.table.iloc[self.parts[part].rows]


def usable_rows(plan: PlannedSplit, *, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """Return the labelled rows of the plan's three parts, sorted by path, and notes.

    A missing ``val`` is carved from ``train`` by groups. Training rows that the plan leaves out because they
    leak are there too, with the split `LEAKING`.

    Raises
    ------
    UsageError
        A plan of folds.
    DataError
        Nothing to train on, or one class only.
    """
    notes: list[str] = []
    usable = plan.usable
    if "split" not in usable.columns:
        raise UsageError(
            expected="a plan with the parts train, val and test",
            received="a plan of folds",
            hint="split with --ratios",
        )
    rows = usable[usable["split"].isin(PARTS) & (usable["label"] != "")].sort_values(
        "path", kind="stable", ignore_index=True
    )
    training = rows[rows["split"] == "train"]
    if training["label"].nunique() < 2:
        found = sorted(set(training["label"]))
        raise DataError(
            expected="at least two classes in the training images",
            received=f"{len(training):,} images of {found or 'no class'}",
            hint="check the split and the column of the classes",
        )
    if not (rows["split"] == "val").any():
        rows = rows.assign(split=_carve(rows, seed))
        notes.append(
            f"The plan has no validation images: {int((rows['split'] == 'val').sum()):,} were carved "
            f"from train, by groups."
        )
    table = plan.table
    left_out = table[
        (table["split"] == "train") & (table["label"] != "") & ~table["path"].isin(set(rows["path"]))
    ]
    if len(left_out):
        notes.append(
            f"{len(left_out):,} training images are not used: they share a group or a duplicate set "
            f"with validation or test images."
        )
        rows = pd.concat([rows, left_out.assign(split=LEAKING)]).sort_values(
            "path", kind="stable", ignore_index=True
        )
    return rows, notes


def _carve(rows: pd.DataFrame, seed: int) -> npt.NDArray[np.object_]:
    """Return the split with `CARVED` of the training images moved to ``val``, by whole units, never the last
    of a class.
    """
    split = rows["split"].to_numpy(dtype=object).copy()
    at = np.flatnonzero(split == "train")
    unit = number_units_of(rows.iloc[at])
    codes, classes = pd.factorize(rows["label"].iloc[at])
    counts = np.zeros((unit.max() + 1, len(classes)), dtype=np.int64)  # images of each class in each unit
    np.add.at(counts, (unit, codes), 1)
    if len(counts) < 2:
        raise DataError(
            expected="validation images",
            received="one group of training images, which cannot be divided",
            hint="add images",
        )
    kept, taken = counts.sum(axis=0), list[int]()
    for number in np.random.default_rng([seed, 0x7661]).permutation(len(counts)).tolist():
        own = counts[number]
        if counts[[*taken, number]].sum() > CARVED * len(at) and taken:
            break
        if (kept > own)[own > 0].all():
            taken.append(number)
            kept = kept - own
    if not taken:
        raise DataError(
            expected="validation images",
            received="too few training images to carve any",
            hint="add images, or plan a split",
        )
    split[at[np.isin(unit, taken)]] = "val"
    return split


def gather(
    plan: PlannedSplit,
    rows: pd.DataFrame,
    size: int,
    folder: Path,
    *,
    augmentation: Augmentation | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Material:
    """Decode what is needed into the cache and number the classes.

    Raises
    ------
    DataError
        No training or validation image can be read.
    OutputError
        The cache cannot be written.
    """
    cache = build_cache(plan.dataset.source, rows["path"].tolist(), size, folder, on_progress=on_progress)
    labels = tuple(sorted(set(rows["label"])))
    numbers = rows["label"].map({label: i for i, label in enumerate(labels)}).to_numpy(dtype=np.int64)
    split = rows["split"].to_numpy(dtype=object)
    readable = cache.readable()
    parts = {}
    for part in (*PARTS, LEAKING):
        at = np.flatnonzero((split == part) & readable)
        parts[part] = Samples(cache, at, numbers[at])
    leaking, train = parts.pop(LEAKING), parts["train"]
    if len(np.unique(train.labels)) < 2 or not len(parts["val"]):
        raise DataError(
            expected="readable training images of two classes, and validation images",
            received=f"{len(train)} and {len(parts['val'])} readable images",
            hint="see the scan's findings about unreadable files",
        )
    made = augmented(augmentation, rows, train, labels) if augmentation is not None else None
    return Material(labels, rows, parts, made, leaking, _gaps(labels, parts, int((~readable).sum())))


def _gaps(labels: tuple[str, ...], parts: Mapping[str, Samples], unreadable: int) -> tuple[str, ...]:
    """Say what could not be read and what is missing."""
    notes = []
    if unreadable:
        notes.append(f"{unreadable:,} images could not be read and are left out.")
    absent = [labels[c] for c in range(len(labels)) if c not in set(parts["train"].labels.tolist())]
    if absent:
        notes.append(
            f"No training image of {', '.join(absent[:5])}: the model cannot predict what it was never "
            f"shown, and each such image counts as wrong."
        )
    if not len(parts["test"]):
        notes.append(
            "There are no test images: the scores are those of the validation images, by which training "
            "was stopped."
        )
    return tuple(notes)


def augmented(
    augmentation: Augmentation, rows: pd.DataFrame, train: Samples, labels: tuple[str, ...]
) -> Samples | None:
    """Return the training samples followed by those that augmentation makes, drawn as they are fed.

    Pictures are transformed at the size of the model: the values drawn are relative to the size. The first
    epoch is what the manifest says; images that were planned to be written as files are the same in every
    epoch, those made on the fly are drawn afresh in each.
    """
    place = dict(zip(rows["path"].iloc[train.rows], train.rows.tolist(), strict=True))
    numbers = np.flatnonzero(augmentation.manifest["parent"].isin(set(place)))
    if not len(numbers):
        return None
    manifest = augmentation.manifest.iloc[numbers]
    parents, names = manifest["parent"].tolist(), manifest["label"].tolist()
    first, fresh = len(train), augmentation.facts.get("way") != "files"

    def alter(images: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], epoch: int) -> npt.NDArray[np.uint8]:
        out = images
        for i, position in enumerate(at.tolist()):
            if position < first:
                continue
            if out is images:
                out = images.copy()
            picture = np.ascontiguousarray(images[i])
            out[i] = augmentation.transform(
                picture, int(numbers[position - first]), epoch=epoch if fresh else 0
            )
        return out

    number = {label: i for i, label in enumerate(labels)}
    made_rows = np.concatenate([train.rows, np.array([place[p] for p in parents], dtype=np.int64)])
    made_labels = np.concatenate([train.labels, np.array([number[n] for n in names], dtype=np.int64)])
    return Samples(train.cache, made_rows, made_labels, alter=alter)


def describe_counts(material: Material) -> dict[str, Any]:
    """Return images per split that are used, and how many are made."""
    counts: dict[str, Any] = {part: len(samples) for part, samples in material.parts.items()}
    if material.made is not None:
        counts["augmented"] = len(material.made) - len(material.train)
    return counts
