"""Tables of plain data whose columns other rooms decide."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.reports.wording import count, interval, number, shortened

#: Rows and letters of a cell that are shown; all of it is in ``audit.json``.
ROWS, LETTERS = 60, 160


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A titled table of texts."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int


def plain_table(title: str, rows: Iterable[Mapping[str, Any]]) -> PlainTable | None:
    """Return a table with a column per key, in the order of first appearance; ``None`` without rows."""
    given = [dict(r) for r in rows]
    if not given:
        return None
    columns = list(dict.fromkeys(key for row in given for key in row))
    shown = tuple(tuple(cell(row.get(c)) for c in columns) for row in given[:ROWS])
    return PlainTable(title, tuple(heading(c) for c in columns), shown, max(len(given) - ROWS, 0))


def heading(key: str) -> str:
    """Return a key as a heading.

    Examples
    --------
    >>> heading("balanced_accuracy")
    'balanced accuracy'
    """
    return key.replace("_", " ")


def cell(value: Any) -> str:
    """Return a value as the text of a cell; estimates with their interval.

    Examples
    --------
    >>> cell({"value": 0.9, "low": 0.85, "high": 0.94})
    '90.0 % (85.0 to 94.0)'
    >>> cell(True), cell(None), cell(["a", "b"]), cell(0.12345)
    ('yes', '', 'a, b', '0.123')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return number(value)
    if is_estimate(value):
        inside = value["low"] >= 0 and value["high"] <= 1
        return interval(value["value"], value["low"], value["high"], "share" if inside else "")
    if isinstance(value, list | tuple) and all(isinstance(v, str | int | float) for v in value):
        return shortened(", ".join(cell(v) for v in value), LETTERS)
    if isinstance(value, Mapping):
        return shortened(", ".join(f"{heading(str(k))} {cell(v)}" for k, v in value.items()), LETTERS)
    return shortened(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), LETTERS
    )


def is_estimate(value: Any) -> bool:
    """Whether this is a number with its interval."""
    return (
        isinstance(value, Mapping)
        and {"value", "low", "high"} <= set(value)
        and all(isinstance(value[k], int | float) for k in ("value", "low", "high"))
    )
