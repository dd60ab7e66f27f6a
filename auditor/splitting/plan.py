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
from auditor.record import SplitFacts
from auditor.splitting.allot import Parted, allot, carve, keep_test
from auditor.splitting.certificate import TABLE_COLUMNS, amount
from auditor.splitting.facts import Asked, split_facts
from auditor.splitting.order import in_order, moments
from auditor.splitting.ratios import PARTS, default_ratios, parse_ratios, shown
from auditor.splitting.repair import repair_split, told
from auditor.splitting.strata import joined, strata_of
from auditor.splitting.units import singly, undivided_units

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
        """The rows that training uses: train, val and test, without training rows that share a group or duplicate set with val or test.

        Of a split into folds, those of the first round.
        """
        if "fold" in self.table.columns:
            return self.round(0).usable
        table = self.table[self.table["split"].isin(PARTS)]
        return table[~leaking(table)]

    @property
    def changes(self) -> pd.DataFrame:
        """The images that are in another part than the data says: ``path, label, was, split``, blank where they are in none."""
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


def leaking(table: pd.DataFrame) -> pd.Series:
    """Return which training rows share a group or a duplicate set with validation or test."""
    training, held_out = table["split"] == "train", table["split"].isin(("val", "test"))
    found = pd.Series(False, index=table.index)
    for key in ("group", "cluster"):
        found |= training & (table[key] != "") & table[key].isin(set(table.loc[held_out, key]))
    return found


def prepare(table: pd.DataFrame) -> pd.DataFrame:
    """Return the images to be split, in an order that depends on nothing but the images, and which of them are ``usable``."""
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
    sizes = singly(images.loc[images["usable"] & ~kept, "label"])[1].value_counts()
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

    The result depends on the images and the seed, not on the order of the rows.

    Parameters
    ----------
    dataset : Dataset
    table : DataFrame
        The scan's images (``path, label, split, group, status, sha256, phash``, metadata) plus ``cluster``:
        the path of the representative of the duplicate set, blank for an image that is alone.
    ratios : str or three numbers, optional
        As in ``"60/20/20"``; by default chosen by the size of the data.
    folds : int, optional
        Folds for cross-validation instead of three parts; a split that the data comes with does not matter
        then, unless its test is kept.
    stratify : sequence of str
        Columns besides the class that the parts should have in proportion.
    by : str, optional
        A column of dates or numbers: parts follow one another in this order, and classes are as they come.
    existing : {"keep", "keep-test", "replace"}
        What becomes of a split that the data comes with: it is kept as it is, leaks included (a missing val,
        then test, is cut out of train); its test images alone are kept; or it is ignored.
    repair : bool
        Keep the split but remove its leaks with the fewest moves and drops, the test images as they are.
    seed : int
    duplicate_threshold : float, optional
        The distance up to which the duplicate sets were made, for the certificate.

    Raises
    ------
    UsageError
        Ratios that do not add up, more folds than the smallest class has images, unknown columns, options
        that exclude each other.
    DataError
        No classes, one class only, no readable image, a group column with blanks, an order that cannot be
        read.
    """
    _refuse_contradictions(ratios, folds, by, stratify, existing, repair)
    typed = parse_ratios(ratios) if ratios is not None else None
    images = prepare(table)
    _refuse_untrainable(images)
    split = images["split"].where(images["usable"], "")
    usable = images["usable"].to_numpy(dtype=bool)
    if folds is not None:
        _refuse_folds(
            images,
            folds,
            split == "test" if existing == "keep-test" else pd.Series(False, index=images.index),
        )
        aimed = {str(k): 1 / folds for k in range(folds)}
        reason = f"{folds} folds of equal size as asked"
    else:
        chosen, reason = (typed, f"{shown(typed)} as asked") if typed else default_ratios(int(usable.sum()))
        aimed = dict(zip(PARTS, chosen, strict=True))
    levels = strata_of(images, stratify)
    strata = joined(levels)
    unit = undivided_units(images["group"], images["cluster"])
    rng = np.random.default_rng(seed)
    trade_off = None
    if repair:
        if len(set(split) - {""}) < 2:
            raise UsageError(
                expected="data with a split, to repair it",
                received="no split in the data",
                hint="leave the repair out to plan one",
            )
        repaired = repair_split(images[["path", "label", "group", "cluster"]].assign(split=split))
        trade_off = repaired.trade_off
        parted = carve(repaired.split, images.assign(usable=repaired.split != ""), unit, aimed, rng, strata)
        parted = replace(parted, origin="repaired", notes=(*told(repaired), *parted.notes))
    elif existing == "keep-test":
        _refuse_blank_groups(dataset, images)
        others = {p: r for p, r in aimed.items() if p != "test"}
        parted = keep_test(
            split, images, unit, {p: r / sum(others.values()) for p, r in others.items()}, rng, strata
        )
    elif existing == "replace" or folds is not None or by is not None or not (split != "").any():
        _refuse_blank_groups(dataset, images)
        part = pd.Series("", index=images.index, dtype=object)
        if by is not None:
            part[usable] = in_order(moments(images[usable], by).to_numpy(), unit[usable], aimed, by)
        else:
            part[usable] = allot(images[usable], unit[usable], aimed, rng, strata)
        parted = Parted(part, "planned", aimed)
    else:
        parted = carve(split, images, unit, aimed, rng, strata)
        if typed and parted.origin == "kept":
            parted = replace(
                parted,
                notes=(
                    *parted.notes,
                    f"The ratios {reason} were not used: the split that the data comes with is kept.",
                ),
            )
    if parted.ratios is None:
        reason = "the shares of the split that the data comes with"
    asked = Asked(
        origin=parted.origin, ratios=parted.ratios, ratios_reason=reason, seed=seed, folds=folds, stratify=tuple(stratify), by=by,
        group_column=dataset.group_column or ("group" if (images["group"] != "").any() else None),
        duplicate_threshold=duplicate_threshold,
    )  # fmt: skip
    planned = images.assign(split=parted.part)[list(TABLE_COLUMNS)].astype(str)
    left_out = int(leaking(planned).sum()) if folds is None else 0
    if folds is not None:
        planned = planned.rename(columns={"split": "fold"})
    unreadable, unlabelled = images["status"] != "ok", (images["status"] == "ok") & (images["label"] == "")
    notes = [*parted.notes]
    if left_out:
        notes.append(
            f"Training leaves out {amount(left_out, 'training image')} sharing a group or duplicate set with val or test: "
            "repair the split, or plan it anew, to end that."
        )
    for missing, why in ((unreadable, "that cannot be read"), (unlabelled, "without a class")):
        if missing.any():
            notes.append(f"{amount(int(missing.sum()), 'image')} {why}: in no part.")
    facts = split_facts(planned, images, asked, left_out=left_out, notes=notes)
    if trade_off is not None:
        facts["trade_off"] = trade_off
    return Plan(dataset=dataset, table=planned, facts=facts)
