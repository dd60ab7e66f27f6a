"""Parquet files, read and written by DuckDB: a tenth of a gigabyte smaller than pyarrow, and no damaged file ends the process.

Files are handed to DuckDB by the number of an open descriptor, so that no name needs quoting, is taken for a
pattern, or has to be UTF-8.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

#: What a column holds: a struct with ``bytes`` in it, bytes, other structs, lists and maps, or plain values.
Kind = Literal["image", "bytes", "nested", "plain"]
#: The key of a file's metadata under which `write` keeps the names of columns that DuckDB has to change.
NAMES_KEY = b"auditor.columns"
#: One thread, so that the same table gives the same bytes; nothing is fetched, spilled, remembered between
#: files or shown.
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
    """Return the database in memory of a process; one that was forked off, beside no other thread, has its own."""
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
        raise ValueError(_reason(error)) from None


def _reason(error: Exception) -> str:
    """Return the first line of what DuckDB says, without its kind and the descriptor."""
    reason = re.sub(
        r"""(?i)(the )?(file )?['"]?/dev/fd/\d+['"]?""", "the file", str(error).partition("\n")[0]
    )
    return reason.partition(": ")[2] or reason


def _ask(file: IO[bytes], query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Return what a query gives whose first parameter is an open file."""
    with _reading() as cursor:
        return cursor.execute(query, [f"/dev/fd/{file.fileno()}", *values]).fetchall()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class _Column(NamedTuple):
    """A column as DuckDB sees it: its name there, where case tells nothing apart, its type, and what it holds."""

    name: str
    type: str
    kind: Kind


class _Field(NamedTuple):
    """A field of a file's schema: its name, its type beyond bytes and numbers ("" where it has none), and the fields inside it."""

    name: str
    converted: str
    inside: list[_Field]


def _field(rows: Iterator[tuple[str, int, str]]) -> _Field:
    """Return the field that begins a schema's remaining rows, which list each field before those inside it."""
    name, count, converted = next(rows)
    return _Field(name, converted, [_field(rows) for _ in range(count)])


def _columns(file: IO[bytes]) -> dict[str, _Column]:
    """Return the columns by their names in the file, or by those that `write` was to give them."""
    known = _ask(file, "DESCRIBE SELECT * FROM read_parquet(?)")
    schema = _ask(
        file, "SELECT name, coalesce(num_children, 0), coalesce(converted_type, '') FROM parquet_schema(?)"
    )
    meant = _metadata(file).get(NAMES_KEY)
    try:
        fields = _field(iter(schema)).inside
        names = json.loads(meant) if meant else [field.name for field in fields]
        found = zip(names, known, fields, strict=True)
        return {name: _Column(row[0], row[1], _kind(row[1], field)) for name, row, field in found}
    except (StopIteration, RecursionError, ValueError):
        raise ValueError("its columns cannot be told apart") from None


def _kind(of: str, field: _Field) -> Kind:
    if not field.inside:
        return "bytes" if of == "BLOB" else "plain"
    holds_bytes = any(
        child.name == "bytes" and not child.converted and not child.inside for child in field.inside
    )
    return "image" if holds_bytes and of.startswith("STRUCT") and not of.endswith("]") else "nested"


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
        return {name: column.kind for name, column in _columns(stream).items()}


def metadata(file: str | Path) -> dict[bytes, bytes]:
    """Return the keys and values that a file's writer put into it; raises as `kinds`."""
    with Path(file).open("rb") as stream:
        return _metadata(stream)


def _metadata(file: IO[bytes]) -> dict[bytes, bytes]:
    return dict(_ask(file, "SELECT key, value FROM parquet_kv_metadata(?)"))


def row_groups(file: str | Path) -> list[int]:
    """Return the number of rows of each row group, in order; raises as `kinds`."""
    query = "SELECT any_value(row_group_num_rows) FROM parquet_metadata(?) GROUP BY row_group_id ORDER BY row_group_id"
    with Path(file).open("rb") as stream:
        return [int(rows) for (rows,) in _ask(stream, query)]


def values(file: str | Path, column: str, first: int, last: int) -> list[Any]:
    """Return the values of a column in the rows from ``first`` up to, and without, ``last``; raises as `kinds`."""
    with Path(file).open("rb") as stream:
        known = _columns(stream)
        name = _quoted(known[column].name)
        if "file_row_number" in {
            other.name.lower() for other in known.values()
        }:  # a column has DuckDB's name for the number of the row
            query = f"SELECT {name} FROM read_parquet(?) LIMIT ? OFFSET ?"  # noqa: S608  which reads the rows before them too
            return [value for (value,) in _ask(stream, query, (last - first, first))]
        query = f"SELECT {name} FROM read_parquet(?, file_row_number = true) WHERE file_row_number >= ? AND file_row_number < ?"  # noqa: S608
        return [value for (value,) in _ask(stream, query, (first, last))]


def read(file: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a file as a table, or some columns of it, in the order of the file.

    Whole numbers with gaps are floats, decimal numbers text (or whole numbers), bytes ``bytes``, days
    ``datetime.date``, and zoned times in UTC; raises as `kinds`.
    """
    import pandas as pd

    with Path(file).open("rb") as stream:
        known = _columns(stream)
        wanted = {name: column for name, column in known.items() if columns is None or name in set(columns)}
        if not wanted:
            return pd.DataFrame(index=range(sum(row_groups(file))))
        picked = ", ".join(_selected(column) for column in wanted.values())
        with _reading() as cursor:
            query = f"SELECT {picked} FROM read_parquet(?)"  # noqa: S608 - names of columns, quoted
            found = cursor.execute(query, [f"/dev/fd/{stream.fileno()}"]).df()
    return pd.DataFrame(
        {name: _usual(found.iloc[:, k], of.type) for k, (name, of) in enumerate(wanted.items())}, copy=False
    )


def _selected(column: _Column) -> str:
    """Return what to select of a column whose numbers pandas would round: identifiers are decimal numbers in some databases."""
    name = _quoted(column.name)
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", column.type)
    if decimal:
        return f"CAST({name} AS {'BIGINT' if int(decimal[1]) <= 18 and decimal[2] == '0' else 'VARCHAR'})"
    return f"CAST({name} AS VARCHAR)" if column.type in ("HUGEINT", "UHUGEINT") else name


def _usual(found: pd.Series, of: str) -> pd.Series:
    """Return a column with the types that pandas has without nullable ones, and in no machine's own time zone."""
    import pandas as pd

    dtype = found.dtype
    if of == "BLOB":
        return found.astype(object).where(found.notna(), None).map(bytes, na_action="ignore")
    if of == "DATE":
        return pd.Series(
            [None if absent else day.date() for day, absent in zip(found, found.isna(), strict=True)],
            dtype=object,
        )
    if isinstance(dtype, pd.BooleanDtype):
        return found.astype(object).where(found.notna(), None)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return pd.Series(found.array.tz_convert("UTC"))
    return (
        found.astype(float)
        if pd.api.types.is_extension_array_dtype(dtype) and pd.api.types.is_numeric_dtype(dtype)
        else found
    )


def write(
    table: pd.DataFrame, file: IO[bytes], *, compression: str = "zstd", about: Mapping[str, str] | None = None
) -> None:
    """Write a table to an open file, missing values as nulls; what Parquet has no type for becomes text.

    Parameters
    ----------
    table : DataFrame
        Columns of bytes have values of the type ``bytes``. In the file names that differ in case alone get a
        number, and an empty one is ``column``; `read` gives them back as they were.
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

    names = [str(name) for name in table.columns]
    if len({name.lower() for name in names}) < len(names) or "" in names:
        about = {**(about or {}), NAMES_KEY.decode(): json.dumps(names)}
    plain = [_plain(column) for _, column in table.reset_index(drop=True).items()]
    rows = pd.DataFrame({f"c{place}": column for place, (column, _) in enumerate(plain)}, copy=False)
    typed = [f"CAST(c{place} AS {of})" if of else f"c{place}" for place, (_, of) in enumerate(plain)]
    picked = ", ".join(
        f"{value} AS {_quoted(name or 'column')}" for value, name in zip(typed, names, strict=True)
    )
    options = f"FORMAT parquet, COMPRESSION {compression}, USE_TMP_FILE false"
    if about:
        options += f", KV_METADATA {{{', '.join(f'{_quoted(key)}: {_text(value)}' for key, value in about.items())}}}"
    try:
        with _cursor() as cursor:
            cursor.register("rows", rows)
            cursor.execute(f"COPY (SELECT {picked} FROM rows) TO '/dev/fd/{file.fileno()}' ({options})")  # noqa: S608
    except duckdb.IOException as error:
        number = re.search(r'"errno":"(\d+)"', str(error))
        raise (
            OSError(int(number[1]), os.strerror(int(number[1]))) if number else OSError(_reason(error))
        ) from None


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _plain(column: pd.Series) -> tuple[pd.Series, str]:
    """Return a column as DuckDB takes it, and its type there where that is not plain from pandas' type."""
    import numpy as np
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        return _plain(pd.Series(np.asarray(column)))
    if isinstance(dtype, np.dtype) and dtype.kind in "biufMm" and dtype.itemsize <= 8:
        return column.astype(dtype.newbyteorder("=")), ""
    if isinstance(dtype, pd.DatetimeTZDtype) or (
        pd.api.types.is_numeric_dtype(dtype) and not isinstance(dtype, np.dtype)
    ):
        return column, ""
    if isinstance(dtype, pd.StringDtype) and dtype.storage == "pyarrow":
        return column, "VARCHAR"
    held: list[Any] = [
        None if absent else value for value, absent in zip(column.astype(object), column.isna(), strict=True)
    ]
    kinds = {type(value) for value in held} - {type(None)}
    if bytes in kinds:
        return pd.Series(
            [v if v is None or isinstance(v, bytes) else str(v).encode() for v in held], dtype=object
        ), "BLOB"
    if kinds == {bool}:
        return pd.Series(held, dtype=object), "BOOLEAN"
    return pd.Series([None if v is None else encodable(str(v)) for v in held], dtype=object), "VARCHAR"


def encodable(text: str) -> str:
    """Return text without halves of surrogate pairs, which JSON may hold and no file of UTF-8 can."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


__all__ = ["Kind", "encodable", "kinds", "metadata", "read", "row_groups", "values", "write"]
