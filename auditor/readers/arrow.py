"""Arrow files, as ``save_to_disk`` of ``datasets`` writes them, by the functions that `auditor.parquet` has.

One changed byte in such a file can end the process that reads it. What a data set is opened with (`kinds`,
`metadata`, `read`) is read apart; `row_groups` and `values` are for workers, which may be lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.parquet import kinds_of, plain_frame
from auditor.readers import apart

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from auditor.parquet import Kind

#: Bytes of a file that is mapped: a map counts against a worker's address space, larger files are read.
MAPPED = 1 << 30


def kinds(file: Path) -> dict[str, Kind]:
    """Return what each column of a file holds; raises OSError, ValueError."""
    found: dict[str, Kind] = apart.call(f"{__name__}:kinds_here", str(file))
    return found


def metadata(file: Path) -> dict[bytes, bytes]:
    """Return the keys and values that a file's writer put into it; raises as `kinds`."""
    found: dict[bytes, bytes] = apart.call(f"{__name__}:metadata_here", str(file))
    return found


def read(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return some columns of a file as a table; raises as `kinds`."""
    found: pd.DataFrame = apart.call(f"{__name__}:read_here", str(file), list(columns))
    return found


@contextmanager
def _opened(file: str | Path) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    """Open a file, whether stream (as ``datasets`` writes) or random access.

    ValueError where it is damaged.
    """
    import pyarrow as pa

    try:
        small = Path(file).stat().st_size <= MAPPED
        source = pa.memory_map(str(file)) if small else pa.OSFile(str(file))
        try:
            stream = pa.ipc.open_stream(source)
        except pa.ArrowInvalid:
            source.seek(0)
            whole = pa.ipc.open_file(source)
            yield whole.schema, (whole.get_batch(i) for i in range(whole.num_record_batches))
        else:
            yield stream.schema, iter(stream)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None


def kinds_here(file: str) -> dict[str, Kind]:
    """Return `kinds` in this process."""
    with _opened(file) as (schema, _):
        return kinds_of(schema)


def metadata_here(file: str) -> dict[bytes, bytes]:
    """Return `metadata` in this process."""
    with _opened(file) as (schema, _):
        return dict(schema.metadata or {})


def read_here(file: str, columns: list[str]) -> pd.DataFrame:
    """Return `read` in this process: what the columns hold is checked before it is touched."""
    import pandas as pd
    import pyarrow as pa

    with _opened(file) as (schema, batches):
        rows, parts = 0, []
        for batch in batches:
            part = batch.select(columns)
            part.validate(full=True)
            parts.append(part)
            rows += batch.num_rows
        if not columns:
            return pd.DataFrame(index=range(rows))
        wanted = pa.schema([schema.field(name) for name in columns])
        return plain_frame(pa.Table.from_batches(parts, wanted))


def row_groups(file: Path) -> list[int]:
    """Return the number of rows of each batch, in order; raises OSError, ValueError."""
    with _opened(file) as (_, batches):
        return [batch.num_rows for batch in batches]


def values(file: Path, column: str, group: int) -> Sequence[Any]:
    """Return the values of a column in one batch, checked, where they are in the file; ``as_py`` copies one.

    Raises as `row_groups`.
    """
    with _opened(file) as (_, batches):
        for batch in islice(batches, group, None):
            found = batch.column(column)
            found.validate(full=True)
            return found  # type: ignore[no-any-return]
    raise ValueError("the file has become shorter")


__all__ = ["kinds", "metadata", "read", "row_groups", "values"]
