"""Cells of CSV files that spreadsheets must not run as formulas.

A cell that starts with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return gets an apostrophe in front
(OWASP, "CSV Injection"). So does one that already looks escaped: reading back is then exact.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

ESCAPED = re.compile(r"'+[=+\-@\t\r]")
#: The same for cells to escape: a formula, or something that would be read back as an escaped one.
RISKY = re.compile(r"'*[=+\-@\t\r]")


def escape_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    Examples
    --------
    >>> escape_cell("=1+1"), escape_cell("hat"), escape_cell("'tis"), escape_cell("'=x")
    ("'=1+1", 'hat', "'tis", "''=x")
    """
    return f"'{text}" if RISKY.match(text) else text


def unescape_cell(text: str) -> str:
    """Undo `escape_cell`.

    Examples
    --------
    >>> unescape_cell("'=1+1"), unescape_cell("'tis"), unescape_cell("''=x")
    ('=1+1', "'tis", "'=x")
    """
    return text[1:] if ESCAPED.match(text) else text


def escape_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every text cell escaped; numbers stay as they are."""
    from pandas.api.types import is_numeric_dtype

    texts = {
        name: table[name].astype(object).map(_as_text)
        for name in table.columns
        if not is_numeric_dtype(table[name])
    }
    return table.assign(**{str(name): cells.map(escape_cell) for name, cells in texts.items()})


def _as_text(cell: object) -> str:
    """A missing cell is blank; a lone surrogate, which UTF-8 cannot hold, is written out."""
    text = "" if cell is None or cell != cell else str(cell)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
