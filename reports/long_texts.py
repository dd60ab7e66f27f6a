"""Names that are too long for a page: shortened where a report would otherwise grow with them."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

#: Characters of a text that are shown: a path of a few folders, a long sentence.
LONGEST = 160

T = TypeVar("T")


def shorten_text(text: str) -> str:
    """Return a text of at most `LONGEST` characters and a mark; different texts stay different.

    Examples
    --------
    >>> shorten_text("rose")
    'rose'
    >>> short = shorten_text("x" * 5000)
    >>> len(short), short[160:]
    (188, '... (5,000 characters, c59d)')
    """
    if len(text) <= LONGEST:
        return text
    mark = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:4]
    return f"{text[:LONGEST]}... ({len(text):,} characters, {mark})"


def shorten_texts(value: T) -> T:
    """Return a value with every text in it shortened: in dataclasses, mappings, sequences and tables."""
    import pandas as pd

    found: Any = value
    if isinstance(value, str):
        found = shorten_text(value)
    elif isinstance(value, Mapping):
        found = {shorten_texts(key): shorten_texts(item) for key, item in value.items()}
    elif isinstance(value, tuple) and hasattr(value, "_make"):
        found = type(value)(*map(shorten_texts, value))
    elif isinstance(value, list | tuple):
        found = type(value)(map(shorten_texts, value))
    elif isinstance(value, pd.DataFrame):
        texts = [name for name in value.columns if not pd.api.types.is_numeric_dtype(value[name])]
        found = value.assign(**{name: value[name].map(shorten_texts) for name in texts})
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value) if field.init]
        found = dataclasses.replace(value, **{n: shorten_texts(getattr(value, n)) for n in fields})
    return found  # type: ignore[no-any-return]
