"""Rows of images to named parts, units undivided and classes in proportion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.errors import DataError
from auditor.splitting.assign import assign
from auditor.splitting.units import count_table


def allot(
    images: pd.DataFrame,
    unit: npt.NDArray[np.int64],
    ratios: Mapping[str, float],
    rng: np.random.Generator,
    strata: pd.Series | None = None,
) -> npt.NDArray[np.object_]:
    """Return the part of each image.

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
    """
    label = images["label"].to_numpy()
    _, stratum = np.unique(
        (images["label"] if strata is None else images["label"] + "\0" + strata.loc[images.index]).to_numpy(dtype=str), return_inverse=True
    )
    _, parent = np.unique(label.astype(str), return_inverse=True)
    of_stratum = np.zeros(int(stratum.max()) + 1, dtype=np.int64)
    of_stratum[stratum] = parent
    numbered, _ = pd.factorize(unit)
    part = assign(count_table(numbered.astype(np.int64), stratum.astype(np.int64)), of_stratum, np.array(list(ratios.values())), rng)
    return np.array(list(ratios), dtype=object)[part[numbered]]


def carve(
    split: pd.Series, images: pd.DataFrame, unit: npt.NDArray[np.int64], ratios: Sequence[float], rng: np.random.Generator
) -> tuple[pd.Series, dict[str, float] | None, list[str]]:
    """Keep a published split and cut what it lacks, val and test, out of its training images.

    Units that also stand in another part are left in train: moving a piece of them would only add a leak.

    Returns
    -------
    Series, mapping or None, list of str
        The split; the shares aimed at, ``None`` where nothing was missing; notes.
    """
    missing = [p for p in ("val", "test") if not (split == p).any()]
    in_train = (split == "train").to_numpy()
    if not in_train.any():
        raise DataError(
            expected="a split with training images",
            received=f"images in {', '.join(repr(s) for s in sorted(set(split) - {''}))} only",
            hint="plan all parts anew with --replace",
        )
    if not missing:
        return split, None, []
    elsewhere = np.isin(unit, unit[(split != "").to_numpy() & ~in_train])
    pool = in_train & ~elsewhere
    if not pool.any():
        raise DataError(
            expected=f"training images to cut {' and '.join(missing)} from",
            received="only images that share a group or duplicate set with another part",
            hint="plan all parts anew with --replace",
        )
    wanted = dict(zip(("train", "val", "test"), ratios, strict=True))
    named = ("train", *missing)
    whole = sum(wanted[p] for p in named)
    # of all training images, so what stays behind for its leaks counts as train's portion
    shares = {p: min(wanted[p] / whole * in_train.sum() / pool.sum(), 0.5) for p in missing}
    shares = {"train": 1.0 - sum(shares.values()), **shares}
    carved = split.copy()
    carved[pool] = allot(images[pool], unit[pool], shares, rng)
    kept = {p: float((split == p).sum()) for p in sorted(set(split) - {"", "train"})}
    total = float((split != "").sum())
    targets = {p: wanted[p] / whole * in_train.sum() / total for p in named} | {p: n / total for p, n in kept.items()}
    note = f"The data came without {' and '.join(missing)}: cut out of train by whole groups and duplicate sets."
    return (
        carved,
        {p: targets[p] for p in (*(q for q in ("train", "val", "test") if q in targets), *(q for q in targets if q not in wanted))},
        [note],
    )
