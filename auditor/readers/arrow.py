"""Arrow files, as ``save_to_disk`` of ``datasets`` writes them, by the functions that `auditor.parquet` has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.parquet import kinds_of, plain_frame

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from auditor.parquet import Kind


@contextmanager
def _opened(file: Path) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    """Map a file, whether stream (as ``datasets`` writes) or random access; ValueError where it is damaged."""
    import pyarrow as pa

    try:
        mapped = pa.memory_map(str(file))
        try:
            stream = pa.ipc.open_stream(mapped)
        except pa.ArrowInvalid:
            whole = pa.ipc.open_file(mapped)
            yield whole.schema, (whole.get_batch(i) for i in range(whole.num_record_batches))
        else:
            yield stream.schema, iter(stream)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None


def kinds(file: Path) -> dict[str, Kind]:
    """Return what each column of a file holds; raises OSError, ValueError."""
    with _opened(file) as (schema, _):
        return kinds_of(schema)


def metadata(file: Path) -> dict[bytes, bytes]:
    """Return the keys and values that a file's writer put into it; raises as `kinds`."""
    with _opened(file) as (schema, _):
        return dict(schema.metadata or {})


def row_groups(file: Path) -> list[int]:
    """Return the number of rows of each batch, in order; raises as `kinds`."""
    with _opened(file) as (_, batches):
        return [batch.num_rows for batch in batches]


def values(file: Path, column: str, group: int) -> Sequence[Any]:
    """Return the values of a column in one batch, where they are in the file; ``as_py`` copies one; raises as `kinds`."""
    with _opened(file) as (_, batches):
        for batch in islice(batches, group, None):
            found: Sequence[Any] = batch.column(column)
            return found
    raise ValueError("the file has become shorter")


def read(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return some columns of a file as a table; raises as `kinds`."""
    import pandas as pd
    import pyarrow as pa

    with _opened(file) as (schema, batches):
        table = pa.Table.from_batches(list(batches), schema)
        return (
            plain_frame(table.select(list(columns))) if columns else pd.DataFrame(index=range(table.num_rows))
        )


__all__ = ["kinds", "metadata", "read", "row_groups", "values"]
