"""Parquet files, read and written by DuckDB: a tenth of a gigabyte smaller than pyarrow, and no damaged file ends the process.

Files are handed to DuckDB by the number of an open descriptor, so that no name needs quoting, is taken for a pattern, or has to be UTF-8.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

#: What a column holds: a struct with ``bytes`` in it, bytes, other structs, lists and maps, or plain values.
Kind = Literal["image", "bytes", "nested", "plain"]
#: One thread, so that the same table gives the same bytes; nothing is fetched, spilled, remembered between files or shown.
SETTINGS = {
    "threads": 1,
    "async_threads": 1,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_file_cache": False,
    "enable_progress_bar": False,
}


@functools.cache
def _database(process: int) -> duckdb.DuckDBPyConnection:
    """Return the database in memory of a process: one that was forked off needs its own."""
    import duckdb

    connection = duckdb.connect(":memory:")
    for name, value in SETTINGS.items():
        with suppress(duckdb.Error):  # which an older version does not know
            connection.execute(f"SET {name} = {value!r}")
    return connection


@contextmanager
def _cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a cursor; Ctrl-C, which DuckDB makes a RuntimeError of, stays what it is."""
    try:
        yield _database(os.getpid()).cursor()
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


@contextmanager
def _reading() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a cursor for queries about an open file; ValueError where it is damaged, or no Parquet."""
    import duckdb

    try:
        with _cursor() as cursor:
            yield cursor
    except duckdb.Error as error:
        reason = re.sub(r"(?i)(the )?(file )?'?/dev/fd/\d+'?", "the file", str(error).partition("\n")[0])
        raise ValueError(reason.partition(": ")[2] or reason) from None


def _ask(file: IO[bytes], query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Return what a query gives whose first parameter is an open file."""
    with _reading() as cursor:
        return cursor.execute(query, [f"/dev/fd/{file.fileno()}", *values]).fetchall()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _columns(file: IO[bytes]) -> dict[str, tuple[str, str]]:
    """Return the columns as they are named in the file, with their names and types in DuckDB, where case tells nothing apart."""
    known = _ask(file, "DESCRIBE SELECT * FROM read_parquet(?)")
    schema = iter(_ask(file, "SELECT name, coalesce(num_children, 0) FROM parquet_schema(?)")[1:])
    names = []
    for name, children in schema:
        names.append(name)
        while children:
            children += next(schema)[1] - 1
    if len(names) != len(known):
        raise ValueError("its columns cannot be told apart")
    return {name: (row[0], row[1]) for name, row in zip(names, known, strict=True)}


def kinds(file: str | Path) -> dict[str, Kind]:
    """Return what each column of a file holds.

    Raises
    ------
    OSError
        The file cannot be opened.
    ValueError
        It is damaged, or no Parquet.
    """
    with Path(file).open("rb") as stream:
        return {name: _kind(of) for name, (_, of) in _columns(stream).items()}


def _kind(of: str) -> Kind:
    if re.match(r'STRUCT\((?:.*, )?"?bytes"? BLOB[,)]', of) and not of.endswith("]"):
        return "image"
    return "bytes" if of == "BLOB" else "nested" if of.endswith((")", "]")) and not of.startswith(("DECIMAL", "ENUM")) else "plain"


def metadata(file: str | Path) -> dict[bytes, bytes]:
    """Return the keys and values that a file's writer put into it; raises as `kinds`."""
    with Path(file).open("rb") as stream:
        return dict(_ask(stream, "SELECT key, value FROM parquet_kv_metadata(?)"))


def row_groups(file: str | Path) -> list[int]:
    """Return the number of rows of each row group, in order; raises as `kinds`."""
    query = "SELECT any_value(row_group_num_rows) FROM parquet_metadata(?) GROUP BY row_group_id ORDER BY row_group_id"
    with Path(file).open("rb") as stream:
        return [int(rows) for (rows,) in _ask(stream, query)]


def values(file: str | Path, column: str, first: int, last: int) -> list[Any]:
    """Return the values of a column in the rows from ``first`` up to, and without, ``last``; raises as `kinds`."""
    with Path(file).open("rb") as stream:
        name = _quoted(_columns(stream)[column][0])
        query = f"SELECT {name} FROM read_parquet(?, file_row_number = true) WHERE file_row_number >= ? AND file_row_number < ?"  # noqa: S608
        return [value for (value,) in _ask(stream, query, (first, last))]


def read(file: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a file as a table, or some columns of it; numbers with gaps are floats, bytes are ``bytes``.

    Raises
    ------
    OSError
        The file cannot be opened.
    ValueError
        It is damaged, or no Parquet.
    """
    import pandas as pd

    with Path(file).open("rb") as stream:
        known = _columns(stream)
        wanted = list(known) if columns is None else [name for name in known if name in set(columns)]
        if not wanted:
            return pd.DataFrame(index=range(sum(row_groups(file))))
        picked = ", ".join(_quoted(known[name][0]) for name in wanted)
        with _reading() as cursor:
            found = cursor.execute(f"SELECT {picked} FROM read_parquet(?)", [f"/dev/fd/{stream.fileno()}"]).df()  # noqa: S608
    plain = {name: _filled(found.iloc[:, place], known[name][1]) for place, name in enumerate(wanted)}
    return pd.DataFrame(plain, copy=False)


def _filled(found: pd.Series, of: str) -> pd.Series:
    """Return a column with the types that pandas had for it before it had missing whole numbers."""
    import pandas as pd

    dtype = found.dtype
    if of == "BLOB":
        return found.map(bytes, na_action="ignore")
    if isinstance(dtype, pd.BooleanDtype):
        return found.astype(object).where(found.notna(), None)
    return found.astype(float) if pd.api.types.is_extension_array_dtype(dtype) and pd.api.types.is_numeric_dtype(dtype) else found


def write(table: pd.DataFrame, file: IO[bytes], *, compression: str = "zstd", about: Mapping[str, str] | None = None) -> None:
    """Write a table to an open file, missing values as nulls; what Parquet has no type for becomes text.

    Parameters
    ----------
    table : DataFrame
        Columns of bytes have values of the type ``bytes``. Of two names that differ in case alone the later gets a number.
    file : binary file
        Opened for writing, with a descriptor; it is empty.
    compression : {"zstd", "snappy", "uncompressed"}
    about : mapping of str to str
        Keys and values to put into the file.

    Raises
    ------
    OSError
        There is no room.
    """
    import duckdb
    import pandas as pd

    plain = [_plain(table.iloc[:, place]) for place in range(table.shape[1])]
    rows = pd.DataFrame({f"c{place}": column for place, (column, _) in enumerate(plain)}, copy=False)
    typed = [f"CAST(c{place} AS {of})" if of else f"c{place}" for place, (_, of) in enumerate(plain)]
    picked = ", ".join(f"{value} AS {_quoted(str(name))}" for value, name in zip(typed, table.columns, strict=True))
    options = f"FORMAT parquet, COMPRESSION {compression}, USE_TMP_FILE false"
    if about:
        options += f", KV_METADATA {{{', '.join(f'{_quoted(key)}: {_text(value)}' for key, value in about.items())}}}"
    try:
        with _cursor() as cursor:
            cursor.register("rows", rows)
            cursor.execute(f"COPY (SELECT {picked} FROM rows) TO '/dev/fd/{file.fileno()}' ({options})")  # noqa: S608
    except duckdb.IOException as error:
        number = re.search(r'"errno":"(\d+)"', str(error))
        raise OSError(int(number[1]), os.strerror(int(number[1]))) if number else OSError(str(error).partition("\n")[0]) from None


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _plain(column: pd.Series) -> tuple[pd.Series, str]:
    """Return a column as DuckDB takes it, and its type there where that is not plain from pandas' type."""
    import numpy as np
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biufMm" and dtype.itemsize <= 8:
        return column, ""
    if isinstance(dtype, pd.DatetimeTZDtype) or (pd.api.types.is_numeric_dtype(dtype) and not isinstance(dtype, np.dtype)):
        return column, ""
    if isinstance(dtype, pd.StringDtype):
        return column, "VARCHAR"
    held = column.astype(object)
    if any(isinstance(value, bytes) for value in held):
        return held, "BLOB"
    texts = [value if isinstance(value, str) else None if absent else str(value) for value, absent in zip(held, held.isna(), strict=True)]
    return pd.Series(texts, dtype=object), "VARCHAR"


__all__ = ["Kind", "kinds", "metadata", "read", "row_groups", "values", "write"]
