"""Rows of images to named parts, units undivided and classes in proportion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.errors import DataError, UsageError
from auditor.record import SPLITS
from auditor.splitting.assign import assign_units
from auditor.splitting.certificate import amount
from auditor.splitting.counting import count_table, separate_rows

#: What stands for any label among labels; no name of a class begins so.
EVERY = "\x00"


def assign_images(
    images: pd.DataFrame,
    unit: npt.NDArray[np.int64],
    ratios: Mapping[str, float],
    rng: np.random.Generator,
    strata: pd.Series | None = None,
) -> npt.NDArray[np.object_]:
    """Return the part of each image.

    Where images have several labels, each label is in proportion (Sechidis et al. 2011).

    Parameters
    ----------
    images : DataFrame
        With the column ``label``.
    unit : ndarray of int64, shape (n_images,)
        Images of the same unit stay together.
    ratios : mapping of part to share
        Shares sum to 1.
    rng : Generator
    strata : Series of str, optional
        Finer strata within the classes.

    References
    ----------
    Sechidis, Tsoumakas, Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011.
    """
    rows, single = separate_rows(images["label"])
    if len(rows) > len(
        images
    ):  # several labels each: the number of images is one more thing to be in proportion
        rows = np.concatenate([rows, np.arange(len(images))])
        single = pd.concat([single, pd.Series(EVERY, index=images.index)])
    label, _ = pd.factorize(single, sort=True)
    fine = single if strata is None else single + "\0" + strata.loc[images.index].iloc[rows]
    stratum, names = pd.factorize(fine, sort=True)
    parent = np.zeros(len(names), dtype=np.int64)
    parent[stratum] = label
    numbered, _ = pd.factorize(unit)
    counts = count_table(numbered[rows].astype(np.int64), stratum.astype(np.int64))
    part = assign_units(counts, parent, np.array(list(ratios.values())), rng)
    return np.array(list(ratios), dtype=object)[part[numbered]]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A split, row by row, and how it came about.

    ``ratios`` holds the shares aimed at; ``None`` where a published split is kept, whose own shares are
    stated.
    """

    part: pd.Series
    origin: str
    ratios: dict[str, float] | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """The images to be split, and how.

    Parameters
    ----------
    images : DataFrame
        With the columns ``label`` and ``usable``.
    published : Series of str
        The split that the data comes with; blank for images that cannot be used.
    unit : ndarray of int64, shape (n_images,)
        Images of the same unit stay together.
    ratios : mapping of part to share
        Shares sum to 1.
    rng : Generator
    strata : Series of str, optional
        Finer strata within the classes.
    """

    images: pd.DataFrame
    published: pd.Series
    unit: npt.NDArray[np.int64]
    ratios: Mapping[str, float]
    rng: np.random.Generator
    strata: pd.Series | None = None

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Which images can be in a part, shape (n_images,)."""
        return self.images["usable"].to_numpy(dtype=bool)

    def assign(self, rows: npt.NDArray[np.bool_], ratios: Mapping[str, float]) -> npt.NDArray[np.object_]:
        """Return the part of each of some images, classes in proportion."""
        return assign_images(self.images[rows], self.unit[rows], ratios, self.rng, self.strata)


def plan_every_part(task: Task) -> Parts:
    """Plan every part anew, whatever split the data comes with."""
    part = pd.Series("", index=task.images.index, dtype=object)
    part[task.usable] = task.assign(task.usable, task.ratios)
    return Parts(part, "planned", dict(task.ratios))


def keep_test_alone(task: Task) -> Parts:
    """Keep the test images, and plan the other parts anew out of the images that share nothing with test."""
    test = (task.published == "test").to_numpy()
    if not test.any():
        raise UsageError(
            expected="data with a test split, to keep it",
            received="no image in 'test'",
            hint="leave the option out to plan all parts",
        )
    touched = np.isin(task.unit, task.unit[test]) & ~test
    free = task.usable & ~touched & ~test
    if not free.any():
        raise DataError(
            expected="images that share no group or duplicate set with the test split",
            received="none",
            hint="plan all parts anew with 'auditor split DATA --replace'",
        )
    others = {part: ratio for part, ratio in task.ratios.items() if part != "test"}
    ratios = {part: ratio / sum(others.values()) for part, ratio in others.items()}
    part = pd.Series("", index=task.images.index, dtype=object)
    part[test] = "test"
    part[free] = task.assign(free, ratios)
    rest = float(free.sum() / (free.sum() + test.sum()))
    lost = int((task.usable & touched).sum())
    what = (
        f"{amount(lost, 'image')} in no part, because of a group or duplicate set shared with the test "
        f"images "
        "that were kept."
    )
    aimed = {**{name: ratio * rest for name, ratio in ratios.items()}, "test": 1 - rest}
    return Parts(part, "planned", aimed, (what,) if lost else ())


def cut_missing_parts(task: Task) -> Parts:
    """Keep a published split as it is, and cut what it lacks, val and test, out of its training images.

    Units that also stand in another part are left in train: moving a piece of them would only add a leak.
    """
    split, unit, ratios = task.published, task.unit, task.ratios
    missing = [part for part in ("val", "test") if part in ratios and not (split == part).any()]
    in_train = (split == "train").to_numpy()
    if not in_train.any():
        raise DataError(
            expected="a split with training images",
            received=f"images in {', '.join(repr(s) for s in sorted(set(split) - {''}))} only",
            hint="plan all parts anew with 'auditor split DATA --replace'",
        )
    unplaced = int((task.usable & (split == "").to_numpy()).sum())
    notes: tuple[str, ...] = ()
    if unplaced:
        notes = (
            f"{amount(unplaced, 'image')} in no part, because the data names none while it does for others.",
        )
    if not missing:
        return Parts(split, "kept", None, notes)
    pool = in_train & ~np.isin(unit, unit[(split != "").to_numpy() & ~in_train])
    if not pool.any():
        raise DataError(
            expected=f"training images to cut {' and '.join(missing)} from",
            received="only images that share a group or duplicate set with another part",
            hint="plan all parts anew with 'auditor split DATA --replace'",
        )
    whole = sum(ratios[part] for part in ("train", *missing))
    aimed = {part: ratios[part] / whole * in_train.sum() for part in ("train", *missing)}
    # What stays behind for its leaks is train's portion already, so the shares are of the pool.
    shares = {part: aimed[part] / pool.sum() for part in missing}
    most = sum(shares.values())
    if most > 0.5:  # leaks hold a large part of train: half of the rest has to do
        shares = {part: share / most / 2 for part, share in shares.items()}
    part = split.copy()
    part[pool] = task.assign(pool, {"train": 1 - sum(shares.values()), **shares})
    note = (
        f"The data came without {' and '.join(missing)}: cut out of train by whole groups and duplicate sets."
    )
    return Parts(part, "carved", _stated(split, aimed), (note, *notes))


def _stated(split: pd.Series, aimed: Mapping[str, float]) -> dict[str, float]:
    """Return the share of each part in its standing order, from images aimed at and those of kept parts."""
    total = float((split != "").sum())
    kept = {part: float((split == part).sum()) for part in sorted(set(split) - {"", "train"})}
    images = {**aimed, **kept}
    order = [*(part for part in SPLITS if part in images), *(part for part in kept if part not in SPLITS)]
    return {part: float(images[part]) / total for part in order}
