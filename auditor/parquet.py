"""Parquet files by pyarrow: what columns hold, tables of plain pandas types, and tables as bytes.

Everything runs on the calling thread, so that the same table gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

#: What a column holds: a struct with ``bytes`` in it, bytes, other structs, lists and maps, or plain values.
Kind = Literal["image", "bytes", "nested", "plain"]
#: The most digits of a decimal number that a 64-bit integer always holds.
INT64_DIGITS = 18


@contextmanager
def _opened(file: str | Path | IO[bytes]) -> Iterator[pq.ParquetFile]:
    """Yield an open file; ValueError where it is damaged, or no Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with Path(file).open("rb") if isinstance(file, (str, Path)) else file as stream:
        try:
            with pq.ParquetFile(stream) as opened:
                yield opened
        except (pa.ArrowException, OSError, UnicodeError, OverflowError) as error:
            raise ValueError(str(error).partition("\n")[0] or "it is damaged") from None


def kinds(file: str | Path) -> dict[str, Kind]:
    """Return what each column of a file holds.

    Raises
    ------
    OSError
        The file cannot be opened.
    ValueError
        It is damaged, or no Parquet.
    """
    with _opened(file) as opened:
        return kinds_of(opened.schema_arrow)


def kinds_of(schema: pa.Schema) -> dict[str, Kind]:
    """Return what each column of a schema holds."""
    import pyarrow.types as types

    def is_bytes(of: pa.DataType) -> bool:
        return bool(types.is_binary(of) or types.is_large_binary(of))

    def kind(of: pa.DataType) -> Kind:
        if types.is_struct(of) and any(f.name == "bytes" and is_bytes(f.type) for f in of):
            return "image"
        return "bytes" if is_bytes(of) else "nested" if types.is_nested(of) else "plain"

    return {column.name: kind(column.type) for column in schema}


def metadata(file: str | Path | IO[bytes]) -> dict[bytes, bytes]:
    """Return the keys and values that a file's writer put into it; raises as `kinds`."""
    with _opened(file) as opened:
        return dict(opened.schema_arrow.metadata or {})


def row_groups(file: str | Path) -> list[int]:
    """Return the number of rows of each row group, in order; raises as `kinds`."""
    with _opened(file) as opened:
        about = opened.metadata
        return [about.row_group(group).num_rows for group in range(about.num_row_groups)]


def values(file: str | Path, column: str, group: int) -> Sequence[Any]:
    """Return the values of a column in one row group; ``as_py`` copies one; raises as `kinds`."""
    with _opened(file) as opened:
        table = opened.read_row_group(group, columns=[column], use_threads=False)
        found: Sequence[Any] = table.column(column).combine_chunks()
        return found


def read(file: str | Path | IO[bytes], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a file as a table, or some columns of it, in the order of the file.

    Whole numbers with gaps are floats, decimal numbers text (or whole numbers), bytes ``bytes``, days
    ``datetime.date``, and zoned times in UTC; raises as `kinds`.
    """
    import pandas as pd

    with _opened(file) as opened:
        names = opened.schema_arrow.names
        wanted = [name for name in names if columns is None or name in columns]
        if len(set(wanted)) < len(wanted):
            raise ValueError("two of its columns have the same name")
        if not wanted:
            return pd.DataFrame(index=range(opened.metadata.num_rows))
        return plain_frame(opened.read(columns=wanted, use_threads=False))


def plain_frame(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as one of pandas' own types, without an index of its own."""
    plain = table.from_arrays([_plain(column) for column in table.columns], names=table.column_names)
    frame: pd.DataFrame = plain.to_pandas(ignore_metadata=True, use_threads=False, split_blocks=True)
    return frame


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of exact values that pandas has a type for: some databases have decimal identifiers."""
    import pyarrow as pa
    import pyarrow.types as types

    of = column.type
    if isinstance(of, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], of.storage_type)
        of = column.type
    if types.is_dictionary(of):
        return column.cast(of.value_type)
    if types.is_decimal(of):
        whole = of.scale == 0 and of.precision <= INT64_DIGITS
        return column.cast(pa.int64() if whole else pa.string())
    if types.is_timestamp(of) and of.tz is not None:
        return column.cast(pa.timestamp(of.unit, "UTC"))
    return column


def parquet_bytes(
    table: pd.DataFrame, *, compression: str = "zstd", about: Mapping[str, str] | None = None
) -> bytes:
    """Return a table as the bytes of a Parquet file.

    Missing values become nulls, and values of mixed types or of none that Parquet has become text.

    Parameters
    ----------
    table : DataFrame
        Its index is left out.
    compression : {"zstd", "snappy", "none"}
    about : mapping of str to str
        Keys and values to put into the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [encodable(str(name)) for name in table.columns]
    columns = [_array(table.iloc[:, place]) for place in range(len(names))]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, names=names, metadata=about), sink, compression=compression)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _array(column: pd.Series) -> pa.Array:
    """Return a column as Arrow holds it: as it is, else as bytes where any value is, else as text."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.types as types

    dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        column = pd.Series(column.to_numpy())
    elif isinstance(dtype, np.dtype) and not dtype.isnative:
        column = column.astype(dtype.newbyteorder("="))
    try:
        found = pa.array(column, from_pandas=True)
        found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
        of = found.type
        if types.is_primitive(of) or types.is_string(of) or types.is_large_string(of) or types.is_binary(of):
            return found
        if types.is_null(of):
            return found.cast(pa.string())
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass
    held = [None if absent else v for v, absent in zip(column.astype(object), column.isna(), strict=True)]
    if any(isinstance(v, bytes) for v in held):
        return pa.array([v if v is None or isinstance(v, bytes) else str(v).encode() for v in held])
    return pa.array([None if v is None else encodable(str(v)) for v in held], pa.string())


def encodable(text: str) -> str:
    """Return text without halves of surrogate pairs, which JSON may hold and no file of UTF-8 can."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


__all__ = [
    "Kind",
    "encodable",
    "kinds",
    "kinds_of",
    "metadata",
    "parquet_bytes",
    "plain_frame",
    "read",
    "row_groups",
    "values",
]
