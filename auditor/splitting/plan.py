"""A planned split: which image is for training, validation and test, and why one may trust it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from auditor.dataset import Dataset
from auditor.errors import DataError, UsageError
from auditor.record import SplitFacts
from auditor.splitting.allot import allot, carve
from auditor.splitting.certificate import TABLE_COLUMNS, part_column
from auditor.splitting.facts import split_facts
from auditor.splitting.ratios import PARTS, default_ratios, parse_ratios, shown
from auditor.splitting.units import undivided_units


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A split of a data set.

    Parameters
    ----------
    dataset : Dataset
    table : DataFrame
        A row per image, sorted by path, with ``path, label, split, group, cluster`` (and ``fold``), all ``str``; images that cannot be
        read or have no class have a blank split. Images of ``field`` are not in it.
    facts : SplitFacts
        The certificate.
    """

    dataset: Dataset
    table: pd.DataFrame
    facts: SplitFacts

    @cached_property
    def usable(self) -> pd.DataFrame:
        """The rows that training uses: those in train, val or test, without training rows that share a group or duplicate set with val or test."""
        table = self.table[self.table["split"].isin(PARTS)]
        return table[~leaking(table)]


def leaking(table: pd.DataFrame) -> pd.Series:
    """Return which training rows share a group or a duplicate set with validation or test."""
    training = table["split"] == "train"
    held_out = table["split"].isin(("val", "test"))
    found = pd.Series(False, index=table.index)
    for key in ("group", "cluster"):
        found |= training & (table[key] != "") & table[key].isin(set(table.loc[held_out, key]))
    return found


def _prepare(table: pd.DataFrame) -> pd.DataFrame:
    """Return the images to be split, in an order that depends on nothing but the images."""
    table = table[table["split"] != "field"]
    if "cluster" not in table.columns:
        table = table.assign(cluster="")
    return table.sort_values(["path", "label", "split", "group"], kind="stable", ignore_index=True)


def _refuse(table: pd.DataFrame, usable: pd.Series) -> None:
    if not (table["label"] != "").any():
        raise DataError(
            expected="images with classes",
            received=f"{len(table):,} images without any class",
            hint="put them into class folders, or name the column of the classes with --label",
        )
    if not usable.any():
        raise DataError(
            expected="images that can be read", received=f"none among {len(table):,}", hint="see the scan's findings about unreadable files"
        )
    classes = sorted(set(table.loc[usable, "label"]))
    if len(classes) < 2:
        raise DataError(
            expected="at least two classes", received=f"one class, '{classes[0]}'", hint="a classifier needs something to tell apart"
        )


def _refuse_blank_groups(dataset: Dataset, groups: pd.Series) -> None:
    blank = int((groups == "").sum())
    if blank and blank < len(groups):
        column = dataset.group_column or "group"
        raise DataError(
            expected=f"a group for every image in the column '{column}'",
            received=f"{blank:,} of {len(groups):,} images without one",
            hint="fill the column in; an image that belongs to nothing else gets a group of its own",
        )


def plan_split(
    dataset: Dataset,
    table: pd.DataFrame,
    *,
    ratios: str | Sequence[float] | None = None,
    existing: Literal["keep", "keep-test", "replace"] = "keep",
    seed: int = 0,
) -> Plan:
    """Plan a split.

    Parameters
    ----------
    dataset : Dataset
    table : DataFrame
        The scan's images (``path, label, split, group, status, sha256, phash``) plus ``cluster``: the path of the representative of the
        duplicate set, blank for an image that is alone.
    ratios : str or three numbers, optional
        As in ``"60/20/20"``; by default chosen by the size of the data.
    existing : {"keep", "keep-test", "replace"}
        What becomes of a split that the data comes with: it is kept as it is (a missing val, then test, is cut out of train), only its
        test images are kept, or it is ignored.
    seed : int

    Raises
    ------
    UsageError
        Ratios that do not add up.
    DataError
        No classes, one class only, no readable image, or a group column with blanks.
    """
    asked = parse_ratios(ratios) if ratios is not None else None
    images = _prepare(table)
    usable = (images["status"] == "ok") & (images["label"] != "")
    _refuse(images, usable)
    chosen, reason = (asked, f"{shown(asked)} as asked") if asked else default_ratios(int(usable.sum()))
    unit = undivided_units(images["group"], images["cluster"])
    rng = np.random.default_rng(seed)
    has_split = bool((images.loc[usable, "split"] != "").any())
    notes: list[str] = []
    split = images["split"].where(usable, "")
    targets: dict[str, float] | None = dict(zip(PARTS, chosen, strict=True))
    if existing == "replace" or not has_split:
        _refuse_blank_groups(dataset, images.loc[usable, "group"])
        rows = usable.to_numpy()
        split[rows] = allot(images[rows], unit[rows], targets or {}, rng)
        origin = "planned"
    elif existing == "keep-test":
        if not (split == "test").any():
            raise UsageError(
                expected="data with a test split, to keep it", received="no image in 'test'", hint="leave the option out to plan all parts"
            )
        _refuse_blank_groups(dataset, images.loc[usable, "group"])
        touched = np.isin(unit, unit[(split == "test").to_numpy()])
        free = usable.to_numpy() & ~touched
        lost = usable & touched & (split != "test")
        if not free.any():
            raise DataError(expected="images that share nothing with the test split", received="none", hint="plan all parts anew instead")
        share = chosen[0] / (chosen[0] + chosen[1])
        split[lost] = ""
        split[free] = allot(images[free], unit[free], {"train": share, "val": 1 - share}, rng)
        tested = float((split == "test").sum() / (split != "").sum())
        targets = {"train": share * (1 - tested), "val": (1 - share) * (1 - tested), "test": tested}
        origin = "planned"
        if lost.any():
            notes.append(
                f"{int(lost.sum()):,} images share a group or duplicate set with the test images that were kept; they are in no part."
            )
    else:
        split, targets, more = carve(split, images, unit, chosen, rng)
        origin = "kept" if targets is None else "carved"
        notes += more
        if origin == "kept":
            reason = "the split that the data comes with is kept as it is"
    planned = images.assign(split=split)[list(TABLE_COLUMNS)].astype(str)
    used = planned["split"] != ""
    for blank, why in ((~usable & (images["status"] != "ok"), "cannot be read"), (~usable & (images["status"] == "ok"), "have no class")):
        if blank.any():
            notes.append(f"{int(blank.sum()):,} images {why}; they are in no part.")
    facts = split_facts(
        planned,
        images,
        origin=origin,
        ratios=targets,
        reason=reason,
        seed=seed,
        group_column=dataset.group_column or ("group" if (images["group"] != "").any() else None),
        left_out=int(leaking(planned[used]).sum()),
        notes=notes,
    )
    return Plan(dataset=dataset, table=planned, facts=facts)


__all__ = ["Plan", "leaking", "part_column", "plan_split"]
