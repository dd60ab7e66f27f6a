"""Tables: CSV, TSV and Parquet with a ``path`` column."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auditor.dataset import SAMPLE_COLUMNS, Dataset, LocalFiles
from auditor.errors import DataError
from auditor.readers.layout import SPLIT_NAMES

if TYPE_CHECKING:
    import pandas as pd

    from auditor.readers import Columns

SUFFIXES = {".csv": ",", ".tsv": "\t", ".parquet": None}


def reads(location: Path) -> bool:
    """Whether this is a file with the ending of a table."""
    return location.is_file() and location.suffix.lower() in SUFFIXES


def _load(location: Path) -> pd.DataFrame:
    import pandas as pd

    expected = "a table with a header line and a 'path' column"
    try:
        if location.suffix.lower() == ".parquet":
            table = pd.read_parquet(location)
        else:
            table = pd.read_csv(
                location, sep=SUFFIXES[location.suffix.lower()], dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False
            )
    except (ValueError, OSError, UnicodeError, OverflowError) as error:  # pandas' and pyarrow's parse errors are ValueErrors
        reason = " ".join(str(error).split())[:120]
        raise DataError(expected=expected, received=f"'{location}', which cannot be read ({reason})", hint="save it as UTF-8 CSV") from None
    if table.empty:
        raise DataError(expected=expected, received=f"'{location}' with no row", hint="write one row per image")
    return table


def read(location: Path, columns: Columns) -> Dataset:
    """Read a table. Paths in it are relative to the table's own folder, or absolute."""
    return tabled(_load(location), columns, name=location.stem, location=str(location), root=location.absolute().parent)


def tabled(table: pd.DataFrame, columns: Columns, *, name: str, location: str, root: Path) -> Dataset:
    """Return the data set of a table with a row per image, whose paths are relative to ``root`` or absolute.

    Raises
    ------
    DataError
        A column that is needed, or was named, is not there.
    """
    import pandas as pd

    wanted = {"path": None, "label": columns.label, "split": columns.split, "group": columns.group}
    for standard, named in wanted.items():
        column = named or standard
        if column not in table.columns and (named or standard == "path"):
            shown = ", ".join(f"'{c}'" for c in list(table.columns)[:12])
            raise DataError(
                expected=f"a column '{column}' in '{location}'",
                received=f"the columns {shown}",
                hint="rename the column" if standard == "path" else f"name the right one with --{standard}",
            )
    samples = pd.DataFrame(index=table.index)
    for standard, named in wanted.items():
        column = named or standard
        values = table[column] if column in table.columns else pd.Series("", index=table.index)
        samples[standard] = values.where(values.notna(), "").astype(str)
    for column in table.columns:
        if column not in SAMPLE_COLUMNS and column not in {n for n in wanted.values() if n}:
            samples[column] = table[column]
    samples["split"] = samples["split"].map(lambda s: SPLIT_NAMES.get(s.strip().lower(), s.strip()))
    return Dataset(
        name=name,
        kind="table",
        location=location,
        samples=samples.sort_values("path", ignore_index=True, kind="stable"),
        source=LocalFiles(str(root)),
        group_column=(columns.group or "group") if (columns.group or "group") in table.columns else None,
    )
