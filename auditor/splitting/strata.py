"""Columns besides the class that parts should have in proportion."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from auditor.errors import UsageError

#: A numeric column with more values than this is cut into quarters: each value of its own could not be
#: balanced.
LEVELS = 10


def read_strata(images: pd.DataFrame, columns: Sequence[str]) -> dict[str, pd.Series]:
    """Return the level of each image in each column, as text.

    A numeric column with many values is cut into quarters.

    Raises
    ------
    UsageError
        There is no such column.
    """
    levels: dict[str, pd.Series] = {}
    for column in columns:
        if column not in images.columns:
            raise UsageError(
                expected="columns of the table to stratify by",
                received=f"'{column}'",
                hint=f"the columns are {', '.join(map(str, images.columns[:20]))}",
            )
        values = images[column]
        shown = values.where(values.notna(), "").astype(str)
        numbers = (
            pd.to_numeric(values, errors="coerce")
            if not pd.api.types.is_bool_dtype(values)
            else pd.Series(dtype=float)
        )
        if numbers.nunique() > LEVELS and bool((numbers.notna() | (shown == "")).all()):
            quarter = pd.qcut(numbers, 4, labels=False, duplicates="drop")
            shown = quarter.map(lambda q: "" if pd.isna(q) else f"quarter {int(q) + 1}").astype(str)
        levels[column] = shown
    return levels


def combine_levels(levels: dict[str, pd.Series]) -> pd.Series | None:
    """Return the combination of all levels, ``None`` without columns."""
    together: pd.Series | None = None
    for values in levels.values():
        together = values if together is None else together + "\0" + values
    return together
