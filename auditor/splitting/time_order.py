"""Parts in the order of time: train on the past, test on what came after."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.errors import DataError, UsageError
from auditor.record import Claim


def read_moments(images: pd.DataFrame, column: str) -> pd.Series:
    """Return when each image was taken, as numbers that grow with time, shape (n_images,).

    Numbers are taken as they are; anything else is read as ISO 8601 dates.

    Raises
    ------
    UsageError
        There is no such column.
    DataError
        A blank, or a value that is neither a number nor a date.
    """
    if column not in images.columns:
        raise UsageError(
            expected="a column of the table to order by",
            received=f"'{column}'",
            hint=f"the columns are {', '.join(map(str, images.columns[:20]))}",
        )
    values = images[column]
    blank = values.isna() | (values.astype(str).str.strip() == "")
    expected = f"a number or an ISO date in every row of '{column}'"
    if blank.any():
        raise DataError(
            expected=expected,
            received=f"{int(blank.sum()):,} of {len(values):,} rows without one",
            hint="fill them in, or leave these images out",
        )
    numbers = (
        values
        if pd.api.types.is_numeric_dtype(values)
        else pd.to_numeric(values.astype(str), errors="coerce")
    )
    if numbers.notna().all():
        return numbers.astype(np.float64)
    dates = pd.to_datetime(values.astype(str), errors="coerce", format="ISO8601", utc=True)
    if dates.isna().any():
        raise DataError(
            expected=expected,
            received=f"'{values[dates.isna()].iloc[0]}'",
            hint="write dates as 2026-11-23 or 2026-11-23T14:05:00",
        )
    return (dates - pd.Timestamp(0, tz="UTC")).dt.total_seconds()


def cut_by_time(
    when: npt.NDArray[np.float64], unit: npt.NDArray[np.int64], ratios: Mapping[str, float], column: str
) -> npt.NDArray[np.object_]:
    """Return the part of each image: consecutive in time, cut where the shares come nearest to the ratios.

    A unit counts as old as its last image, so no training image is later than the end of a unit of a later
    part. Units that end at the same moment stay together.

    Raises
    ------
    DataError
        There are fewer moments than parts.
    """
    last = np.full(int(unit.max()) + 1, -np.inf)
    np.maximum.at(last, unit, when)
    ends, moment = np.unique(last[unit], return_inverse=True)
    parts = list(ratios)
    if len(ends) < len(parts):
        raise DataError(
            expected=f"at least {len(parts)} different values of '{column}', to cut {len(parts)} parts",
            received=f"{len(ends)}, counting a group or duplicate set by its last",
            hint="order by a finer column, or plan without an order",
        )
    filled = np.cumsum(np.bincount(moment))
    goal = np.cumsum(list(ratios.values()))[:-1] * len(when)
    cuts: list[int] = []
    for i, wanted in enumerate(goal):
        first, beyond = (cuts[-1] + 1 if cuts else 0), len(ends) - (len(parts) - 1 - i)
        cuts.append(first + int(np.abs(filled[first:beyond] - wanted).argmin()))
    return np.array(parts, dtype=object)[np.searchsorted(cuts, moment, side="left")]


def claim_time_order(
    part: pd.Series, when: pd.Series, unit: npt.NDArray[np.int64], parts: tuple[str, ...], column: str
) -> Claim:
    """Return the claim that each part ends before any unit of the next part does."""
    used = (part != "").to_numpy()
    last = when.groupby(unit).transform("max")
    holds, early = True, 0
    for before, after in pairwise(parts):
        end = when[used & (part == before).to_numpy()].max()
        later = used & (part == after).to_numpy()
        holds &= bool((last[later] > end).all())
        early += int((when[later] <= end).sum())
    detail = (
        f"Ordered by '{column}': the groups and duplicate sets of {', '.join(parts)} end one after the other."
    )
    if early:
        detail += (
            f" As old as the part before theirs: {early:,} in all, because their group or duplicate set "
            f"goes on later."
        )
    return Claim(name="time-order", holds=holds, detail=detail)
