"""Rows of images to named parts, units undivided and classes in proportion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.errors import DataError, UsageError
from auditor.record import SPLITS
from auditor.splitting.assign import assign
from auditor.splitting.certificate import amount
from auditor.splitting.units import count_table, singly

#: What stands for any label among labels; no name of a class begins so.
EVERY = "\x00"


def allot(
    images: pd.DataFrame,
    unit: npt.NDArray[np.int64],
    ratios: Mapping[str, float],
    rng: np.random.Generator,
    strata: pd.Series | None = None,
) -> npt.NDArray[np.object_]:
    """Return the part of each image; where images have several labels, each label is in proportion (Sechidis et al. 2011).

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
    rows, single = singly(images["label"])
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
    part = assign(counts, parent, np.array(list(ratios.values())), rng)
    return np.array(list(ratios), dtype=object)[part[numbered]]


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """A split, row by row, and how it came about.

    ``ratios`` holds the shares aimed at; ``None`` where a published split is kept, whose own shares are
    stated.
    """

    part: pd.Series
    origin: str
    ratios: dict[str, float] | None
    notes: tuple[str, ...] = ()


def keep_test(
    split: pd.Series,
    images: pd.DataFrame,
    unit: npt.NDArray[np.int64],
    ratios: Mapping[str, float],
    rng: np.random.Generator,
    strata: pd.Series | None,
) -> Parted:
    """Keep the test images alone and plan all other parts anew, out of the images that share nothing with test.

    Parameters
    ----------
    split : Series of str
        The published split; blank for images that cannot be used.
    ratios : mapping of part to share
        Of the parts besides test, summing to 1.
    """
    test = (split == "test").to_numpy()
    if not test.any():
        raise UsageError(
            expected="data with a test split, to keep it",
            received="no image in 'test'",
            hint="leave the option out to plan all parts",
        )
    usable = images["usable"].to_numpy(dtype=bool)
    touched = np.isin(unit, unit[test]) & ~test
    free = usable & ~touched & ~test
    if not free.any():
        raise DataError(
            expected="images that share no group or duplicate set with the test split",
            received="none",
            hint="plan all parts anew with 'auditor split DATA --replace'",
        )
    part = pd.Series("", index=images.index, dtype=object)
    part[test] = "test"
    part[free] = allot(images[free], unit[free], ratios, rng, strata)
    rest = float(free.sum() / (free.sum() + test.sum()))
    lost = int((usable & touched).sum())
    what = f"{amount(lost, 'image')} in no part, because of a group or duplicate set shared with the test images that were kept."
    notes = (what,) if lost else ()
    return Parted(part, "planned", {**{p: r * rest for p, r in ratios.items()}, "test": 1 - rest}, notes)


def carve(
    split: pd.Series,
    images: pd.DataFrame,
    unit: npt.NDArray[np.int64],
    ratios: Mapping[str, float],
    rng: np.random.Generator,
    strata: pd.Series | None,
) -> Parted:
    """Keep a published split as it is, and cut what it lacks, val and test, out of its training images.

    Units that also stand in another part are left in train: moving a piece of them would only add a leak.

    Parameters
    ----------
    split : Series of str
        The published split; blank for images that cannot be used.
    ratios : mapping of part to share
        Of train, val and test.
    """
    missing = [p for p in ("val", "test") if not (split == p).any()]
    in_train = (split == "train").to_numpy()
    if not in_train.any():
        raise DataError(
            expected="a split with training images",
            received=f"images in {', '.join(repr(s) for s in sorted(set(split) - {''}))} only",
            hint="plan all parts anew with 'auditor split DATA --replace'",
        )
    unplaced = int((images["usable"] & (split == "")).sum())
    notes = (
        (f"{amount(unplaced, 'image')} in no part, because the data names none while it does for others.",)
        if unplaced
        else ()
    )
    if not missing:
        return Parted(split, "kept", None, notes)
    pool = in_train & ~np.isin(unit, unit[(split != "").to_numpy() & ~in_train])
    if not pool.any():
        raise DataError(
            expected=f"training images to cut {' and '.join(missing)} from",
            received="only images that share a group or duplicate set with another part",
            hint="plan all parts anew with 'auditor split DATA --replace'",
        )
    whole = sum(ratios[p] for p in ("train", *missing))
    # shares of all training images: what stays behind for its leaks is train's portion already
    shares = {p: ratios[p] / whole * in_train.sum() / pool.sum() for p in missing}
    most = sum(shares.values())
    if most > 0.5:  # leaks hold so much of train that half of the rest has to do
        shares = {p: s / most / 2 for p, s in shares.items()}
    part = split.copy()
    part[pool] = allot(images[pool], unit[pool], {"train": 1 - sum(shares.values()), **shares}, rng, strata)
    total = float((split != "").sum())
    aimed = {p: ratios[p] / whole * in_train.sum() / total for p in ("train", *missing)}
    kept = {p: float((split == p).sum() / total) for p in sorted(set(split) - {"", "train"})}
    note = (
        f"The data came without {' and '.join(missing)}: cut out of train by whole groups and duplicate sets."
    )
    order = [*(p for p in SPLITS if p in aimed | kept), *(p for p in kept if p not in SPLITS)]
    return Parted(part, "carved", {p: (aimed | kept)[p] for p in order}, (note, *notes))
