"""Arrow files, as ``save_to_disk`` of ``datasets`` writes them, by the functions that `auditor.parquet` has; they need pyarrow."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from auditor.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from auditor.parquet import Kind

P = ParamSpec("P")
R = TypeVar("R")


def _needs_pyarrow(function: Callable[P, R]) -> Callable[P, R]:
    """Name the extra where pyarrow is not installed, and make ValueErrors of what it raises."""

    @functools.wraps(function)
    def guarded(*args: P.args, **options: P.kwargs) -> R:
        try:
            import pyarrow as pa
        except ImportError:
            raise MissingExtraError.of("pyarrow", "huggingface") from None
        try:
            return function(*args, **options)
        except pa.ArrowException as error:
            raise ValueError(str(error)) from None

    return guarded


def _opened(file: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Map a file, whether stream (as ``datasets`` writes) or random access."""
    import pyarrow as pa

    mapped = pa.memory_map(str(file))
    try:
        stream = pa.ipc.open_stream(mapped)
    except pa.ArrowInvalid:
        whole = pa.ipc.open_file(mapped)
        return whole.schema, (whole.get_batch(i) for i in range(whole.num_record_batches))
    return stream.schema, iter(stream)


@_needs_pyarrow
def kinds(file: Path) -> dict[str, Kind]:
    """Return what each column of a file holds; raises OSError, ValueError, MissingExtraError."""
    import pyarrow as pa

    def kind(of: pa.DataType) -> Kind:
        if pa.types.is_struct(of) and any(of.field(i).name == "bytes" for i in range(of.num_fields)):
            return "image"
        return (
            "bytes"
            if pa.types.is_binary(of) or pa.types.is_large_binary(of)
            else "nested"
            if pa.types.is_nested(of)
            else "plain"
        )

    return {column.name: kind(column.type) for column in _opened(file)[0]}


@_needs_pyarrow
def metadata(file: Path) -> dict[bytes, bytes]:
    """Return the keys and values that a file's writer put into it; raises as `kinds`."""
    return dict(_opened(file)[0].metadata or {})


@_needs_pyarrow
def row_groups(file: Path) -> list[int]:
    """Return the number of rows of each batch, in order; raises as `kinds`."""
    return [batch.num_rows for batch in _opened(file)[1]]


@_needs_pyarrow
def values(file: Path, column: str, first: int, last: int) -> Sequence[Any]:
    """Return the values of a column in the batch of some rows, where they are in the file; ``as_py`` copies one; raises as `kinds`."""
    start = 0
    for batch in _opened(file)[1]:
        if start == first and batch.num_rows == last - first:
            found: Sequence[Any] = batch.column(column)
            return found
        start += batch.num_rows
    raise ValueError("the file has become shorter")


@_needs_pyarrow
def read(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return some columns of a file as a table; raises as `kinds`."""
    import pandas as pd
    import pyarrow as pa

    schema, batches = _opened(file)
    table = pa.Table.from_batches(list(batches), schema)
    frame: pd.DataFrame = (
        table.select(list(columns)).to_pandas() if columns else pd.DataFrame(index=range(table.num_rows))
    )
    return frame


__all__ = ["kinds", "metadata", "read", "row_groups", "values"]
