"""A planned split: which image is for training, validation and test, and why one may trust it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import pandas as pd

from auditor.dataset import Dataset
from auditor.errors import DataError, UsageError
from auditor.grouping import find_leaking, number_units_of
from auditor.record import RepairChoice, SplitFacts
from auditor.splitting.certificate import TABLE_COLUMNS, amount
from auditor.splitting.counting import separate_rows
from auditor.splitting.facts import Asked, split_facts
from auditor.splitting.parts import Parts, Task, cut_missing_parts, keep_test_alone, plan_every_part
from auditor.splitting.ratios import PARTS, TWO_PARTS, default_ratios, format_ratios, parse_ratios
from auditor.splitting.repair import describe_repair, repair_split
from auditor.splitting.strata import combine_levels, read_strata
from auditor.splitting.time_order import cut_by_time, read_moments

Existing = Literal["keep", "keep-test", "replace"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A split of a data set.

    Parameters
    ----------
    dataset : Dataset
    table : DataFrame
        A row per image, sorted by path, with ``path, label, split, group, cluster``, all ``str``; ``fold``
        instead of ``split`` for folds. Images that cannot be read or have no class have a blank split. Images
        of ``field`` are not in it.
    facts : SplitFacts
        The certificate.
    """

    dataset: Dataset
    table: pd.DataFrame
    facts: SplitFacts

    @cached_property
    def usable(self) -> pd.DataFrame:
        """The rows that training uses.

        Train, val and test, without training rows that share a group or duplicate set with val or test.

        Of a split into folds, those of the first round.
        """
        if "fold" in self.table.columns:
            return self.round(0).usable
        table = self.table[self.table["split"].isin(PARTS)]
        return table[~find_leaking(table)]

    @property
    def changes(self) -> pd.DataFrame:
        """The images that are in another part than the data says.

        ``path, label, was, split``, blank where they are in none.
        """
        before = self.dataset.samples.drop_duplicates("path").set_index("path")["split"]
        was = self.table["path"].map(before).fillna("").astype(str)
        column = "fold" if "fold" in self.table.columns else "split"
        changed = self.table.assign(was=was)[was != self.table[column]]
        return changed[["path", "label", "was", column]].reset_index(drop=True)

    def round(self, number: int) -> Plan:
        """Return one round of cross-validation as a split into three parts.

        Fold ``number`` is test and the next one is val; where the test images of the data were kept, fold
        ``number`` is val.

        Raises
        ------
        UsageError
            It is no split into folds, or there is no such fold.
        """
        if "fold" not in self.table.columns:
            raise UsageError(
                expected="a split into folds", received="a split into parts", hint="plan it with folds=5"
            )
        folds = int(self.facts["folds"])
        if not 0 <= number < folds:
            raise UsageError(
                expected=f"a fold from 0 to {folds - 1}", received=str(number), hint="count folds from 0"
            )
        has_test = bool((self.table["fold"] == "test").any())
        names = {str(number): "val"} if has_test else {str(number): "test", str((number + 1) % folds): "val"}
        split = self.table["fold"].map(lambda f: names.get(f, f if f in ("", "test") else "train"))
        table = self.table.drop(columns="fold").assign(split=split.astype(str))[list(TABLE_COLUMNS)]
        return replace(self, table=table)


def sort_images(table: pd.DataFrame) -> pd.DataFrame:
    """Return the images to be split in an order that depends on them alone, and which are ``usable``."""
    table = table[table["split"] != "field"]
    if "cluster" not in table.columns:
        table = table.assign(cluster="")
    table = table.assign(usable=(table["status"] == "ok") & (table["label"] != ""))
    return table.sort_values(["path", "label", "split", "group"], kind="stable", ignore_index=True)


def _refuse_untrainable(images: pd.DataFrame) -> None:
    if not (images["label"] != "").any():
        raise DataError(
            expected="images with classes",
            received=f"{len(images):,} images without any class",
            hint="put them into class folders, or name the column of the classes with --label",
        )
    classes = sorted(set(images.loc[images["usable"], "label"]))
    if not classes:
        raise DataError(
            expected="images that can be read",
            received=f"none among {len(images):,}",
            hint="see the scan's findings about them",
        )
    if len(classes) < 2:
        raise DataError(
            expected="at least two classes",
            received=f"one class, '{classes[0]}'",
            hint="a classifier needs something to tell apart",
        )


def _refuse_blank_groups(dataset: Dataset, images: pd.DataFrame) -> None:
    groups = images.loc[images["usable"], "group"]
    blank = int((groups == "").sum())
    if blank and blank < len(groups):
        raise DataError(
            expected=f"a group for every image in the column '{dataset.group_column or 'group'}'",
            received=f"{blank:,} of {len(groups):,} images without one",
            hint="fill the column in; an image that belongs to nothing else gets a group of its own",
        )


def _refuse_folds(images: pd.DataFrame, folds: int, kept: pd.Series) -> None:
    sizes = separate_rows(images.loc[images["usable"] & ~kept, "label"])[1].value_counts()
    if folds < 2:
        raise UsageError(expected="at least 2 folds", received=str(folds), hint="5 folds are usual")
    if folds > int(sizes.min()):
        label, least = sorted((n, str(c)) for c, n in sizes.items())[0][::-1]
        raise UsageError(
            expected="at most as many folds as the smallest class has images",
            received=f"{folds} folds, and {least} images of class '{label}'",
            hint=f"use {least} folds or fewer, or leave the class out"
            if int(least) > 1
            else "leave the class out, or merge it with another",
        )


def _refuse_contradictions(
    ratios: object, folds: int | None, by: str | None, stratify: Sequence[str], existing: str, repair: bool
) -> None:
    if existing not in get_args(Existing):
        raise UsageError(
            expected=f"one of {', '.join(get_args(Existing))}",
            received=f"'{existing}'",
            hint="'keep' is the default",
        )
    for together, wrong in {
        "ratios and folds": ratios is not None and folds is not None,
        "an order and columns to stratify by": by is not None and bool(stratify),
        "an order and a kept test split": by is not None and existing == "keep-test",
        "a repair and folds": repair and folds is not None,
        "a repair and an order": repair and by is not None,
        f"a repair and existing='{existing}'": repair and existing != "keep",
    }.items():
        if wrong:
            raise UsageError(
                expected="one of two options that exclude each other",
                received=together,
                hint="leave one of them out",
            )


def _choose_ratios(
    ratios: str | Sequence[float] | None, folds: int | None, usable: int
) -> tuple[dict[str, float], str]:
    """Return the share of each part, and in words why."""
    if folds is not None:
        return {str(k): 1 / folds for k in range(folds)}, f"{folds} folds of equal size as asked"
    if ratios is None:
        chosen: tuple[float, ...]
        chosen, reason = default_ratios(usable)
    else:
        chosen = parse_ratios(ratios)
        reason = f"{format_ratios(chosen)} as asked"
    return dict(zip(PARTS if len(chosen) == len(PARTS) else TWO_PARTS, chosen, strict=True)), reason


def _repair(task: Task) -> tuple[Parts, list[RepairChoice]]:
    """Return the published split without its leaks, and what the other ways would have cost."""
    if len(set(task.published) - {""}) < 2:
        raise UsageError(
            expected="data with a split, to repair it",
            received="no split in the data",
            hint="leave the repair out to plan one",
        )
    found = repair_split(task.images[["path", "label", "group", "cluster"]].assign(split=task.published))
    images = task.images.assign(usable=found.split != "")
    parts = cut_missing_parts(replace(task, published=found.split, images=images))
    notes = (*describe_repair(found), *parts.notes)
    return replace(parts, origin="repaired", notes=notes), found.trade_off


def _keep(task: Task, ratios: str | None) -> Parts:
    """Keep the published split; ``ratios`` are words for those that were asked for."""
    parts = cut_missing_parts(task)
    if ratios is None or parts.origin != "kept":
        return parts
    note = f"The ratios {ratios} were not used: the split that the data comes with is kept."
    return replace(parts, notes=(*parts.notes, note))


def _plan_parts(task: Task, existing: Existing, by: str | None) -> Parts:
    if existing == "keep-test":
        return keep_test_alone(task)
    if by is None:
        return plan_every_part(task)
    part = pd.Series("", index=task.images.index, dtype=object)
    when = read_moments(task.images[task.usable], by).to_numpy()
    part[task.usable] = cut_by_time(when, task.unit[task.usable], task.ratios, by)
    return Parts(part, "planned", dict(task.ratios))


def _note_left_out(images: pd.DataFrame, leaking: int) -> list[str]:
    """Say which images are in no part, or in train without being trained on."""
    notes = []
    if leaking:
        notes.append(
            f"Training leaves out {amount(leaking, 'training image')} sharing a group or duplicate set with "
            "val or test: repair the split, or plan it anew, to end that."
        )
    readable = images["status"] == "ok"
    unlabelled = readable & (images["label"] == "")
    for missing, why in ((~readable, "that cannot be read"), (unlabelled, "without a class")):
        if missing.any():
            notes.append(f"{amount(int(missing.sum()), 'image')} {why}: in no part.")
    return notes


def _certify(
    dataset: Dataset,
    images: pd.DataFrame,
    parts: Parts,
    asked: Asked,
    trade_off: list[RepairChoice] | None,
) -> Plan:
    """Return the plan of a split, with its certificate."""
    table = images.assign(split=parts.part)[list(TABLE_COLUMNS)].astype(str)
    leaking = int(find_leaking(table).sum()) if asked.folds is None else 0
    if asked.folds is not None:
        table = table.rename(columns={"split": "fold"})
    notes = [*parts.notes, *_note_left_out(images, leaking)]
    facts = split_facts(table, images, asked, left_out=leaking, notes=notes)
    if trade_off is not None:
        facts["trade_off"] = trade_off
    return Plan(dataset=dataset, table=table, facts=facts)


def plan_split(
    dataset: Dataset,
    table: pd.DataFrame,
    *,
    ratios: str | Sequence[float] | None = None,
    folds: int | None = None,
    stratify: Sequence[str] = (),
    by: str | None = None,
    existing: Existing = "keep",
    repair: bool = False,
    seed: int = 0,
    duplicate_threshold: float | None = None,
) -> Plan:
    """Plan a split that divides no group and no duplicate set, with the classes in proportion.

    The order of the rows does not matter.

    Parameters
    ----------
    dataset : Dataset
    table : DataFrame
        The scan's images (``path, label, split, group, status, sha256, phash``, metadata) plus ``cluster``:
        the path of the representative of the duplicate set, blank for an image that is alone.
    ratios : str or two or three numbers, optional
        As in ``"60/20/20"`` or, for train and test, ``"80/20"``; by default chosen by the size of the data.
    folds : int, optional
        Folds for cross-validation instead of three parts; of the data's split at most test is kept then.
    stratify : sequence of str
        Columns besides the class that the parts should have in proportion.
    by : str, optional
        A column of dates or numbers: parts follow one another in this order, and classes are as they come.
    existing : {"keep", "keep-test", "replace"}
        Keep the data's split, leaks included (a missing val, then test, is cut out of train); keep its test
        images alone; or ignore it.
    repair : bool
        Keep the split but remove its leaks with the fewest moves and drops, the test images as they are.
    seed : int
    duplicate_threshold : float, optional
        The distance up to which the duplicate sets were made, for the certificate.

    Raises
    ------
    UsageError
        Bad ratios or columns, more folds than the smallest class has images, options that exclude each other.
    DataError
        Fewer than two classes, no readable image, a group column with blanks, an order that cannot be read.
    """
    _refuse_contradictions(ratios, folds, by, stratify, existing, repair)
    images = sort_images(table)
    _refuse_untrainable(images)
    published = images["split"].where(images["usable"], "")
    if folds is not None:
        _refuse_folds(images, folds, (published == "test") & (existing == "keep-test"))
    aimed, reason = _choose_ratios(ratios, folds, int(images["usable"].sum()))
    strata = combine_levels(read_strata(images, stratify))
    task = Task(images, published, number_units_of(images), aimed, np.random.default_rng(seed), strata)
    trade_off = None
    if repair:
        parts, trade_off = _repair(task)
    elif existing == "keep" and folds is None and by is None and (published != "").any():
        parts = _keep(task, None if ratios is None else reason)
    else:
        _refuse_blank_groups(dataset, images)
        parts = _plan_parts(task, existing, by)
    asked = Asked(
        origin=parts.origin,
        ratios=parts.ratios,
        ratios_reason="the shares of the split that the data comes with" if parts.ratios is None else reason,
        seed=seed,
        group_column=dataset.group_column or ("group" if (images["group"] != "").any() else None),
        folds=folds,
        stratify=tuple(stratify),
        by=by,
        duplicate_threshold=duplicate_threshold,
    )
    return _certify(dataset, images, parts, asked, trade_off)
