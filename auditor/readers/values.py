"""Cells of tables as text: one function for every reader."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from auditor.dataset import joined_labels
from auditor.parquet import encodable

#: Words that stand for "not known"; compared without case and blanks.
PLACEHOLDERS = frozenset(
    {
        "nan",
        "na",
        "n/a",
        "#n/a",
        "null",
        "none",
        "unknown",
        "unk",
        "undefined",
        "missing",
        "?",
        "-",
        "--",
        ".",
    }
)
#: A whole number, with the point that a column of whole numbers gets once a cell is missing.
WHOLE = re.compile(r"([-+]?\d+)(\.0+)?")


def text_of(value: Any) -> str:
    """Return a cell as text: blank where missing, whole numbers without a point, a list of labels joined as
    `joined_labels` joins them.

    Examples
    --------
    >>> [text_of(v) for v in (3, 3.0, 2.5, None, float("nan"), "a", True, ["b", "a"], '["b", "a"]')]
    ['3', '3', '2.5', '', '', 'a', 'True', 'a ∧ b', 'a ∧ b']
    """
    if isinstance(value, str):
        return (
            joined_labels(listed)
            if value[:1] == "[" and (listed := _list_in(value)) is not None
            else encodable(value)
        )
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1:
        value = value.tolist()
    if isinstance(value, (list, tuple, set, frozenset)):
        return joined_labels([text_of(v) for v in value])
    return "" if str(value) in ("<NA>", "NaT", "nan") else encodable(str(value))


def texts_of(values: Iterable[Any]) -> list[str]:
    """Return the cells of a column of labels, splits or groups as text: trimmed, whole numbers without a
    point throughout.

    A missing cell makes floats of whole numbers, and another program writes them as ``7.0``: where all values
    of a column are whole numbers, 7 and 7.0 are the same.

    Examples
    --------
    >>> texts_of(["7.0", "8 ", None, 9]), texts_of(["7.0", "7.5"]), texts_of(["07", "nan", "7.0"])
    (['7', '8', '', '9'], ['7.0', '7.5'], ['07', 'nan', '7'])
    """
    texts = [text_of(value).strip() for value in values]
    numbers = {text: WHOLE.fullmatch(text) for text in set(texts) if text and not is_placeholder(text)}
    if not all(numbers.values()):
        return texts
    plain = {text: found[1] for text, found in numbers.items() if found and found[2]}
    return [plain.get(text, text) for text in texts] if plain else texts


def is_placeholder(text: str) -> bool:
    """Whether a text likely stands for "not known".

    Examples
    --------
    >>> is_placeholder(" NaN"), is_placeholder("?"), is_placeholder("Nancy")
    (True, True, False)
    """
    return text.strip().casefold() in PLACEHOLDERS


def _list_in(text: str) -> list[str] | None:
    """Return the labels of a list that was written into a cell, as JSON or as Python writes it."""
    import ast

    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return (
        [text_of(v) for v in found]
        if isinstance(found, list) and all(isinstance(v, (str, int, float)) for v in found)
        else None
    )
