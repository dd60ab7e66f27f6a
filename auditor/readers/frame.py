"""A pandas DataFrame with a row per image: the table that it would be in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import DataError
from auditor.readers.places import root_folder
from auditor.readers.table import tabled

if TYPE_CHECKING:
    import pandas as pd

    from auditor.dataset import Dataset
    from auditor.readers import Columns


def is_frame(data: Any) -> bool:
    """Whether an object is a DataFrame of pandas; pandas is not imported to find out."""
    return any(
        f"{kind.__module__.partition('.')[0]}.{kind.__name__}" == "pandas.DataFrame"
        for kind in type(data).__mro__
    )


def read(table: pd.DataFrame, columns: Columns) -> Dataset:
    """Return the data set of a DataFrame; its paths are absolute or relative to the working folder, and it is
    left as it is.

    Raises
    ------
    DataError
        It has no row, no column ``path``, or not the columns that were named.
    """
    if table.empty:
        raise DataError(
            expected="a DataFrame with a row per image",
            received="one with no row",
            hint="give it the columns path and label",
        )
    doubled = table.columns[table.columns.duplicated()]
    if len(doubled):
        raise DataError(
            expected="columns of different names", received=f"'{doubled[0]}' twice", hint="rename one of them"
        )
    plain = table.reset_index(drop=True).rename(columns=str)
    for name in plain.columns[[isinstance(kind, _categorical()) for kind in plain.dtypes]]:
        plain[name] = plain[name].astype(object)
    return tabled(
        plain,
        columns,
        name="table",
        location="DataFrame",
        root=root_folder(columns.root) if columns.root else Path.cwd(),
    )


def _categorical() -> type:
    import pandas as pd

    return pd.CategoricalDtype
