"""Scanned rows on disk, so that no file is read twice: Parquet parts that are written to a temporary name and renamed.

A part holds a row per file: its path, its size and time of modification, its facts, measures and signature. Later parts overrule earlier
ones. Nothing is ever changed in place, so a kill at any moment loses at most the rows not yet flushed.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from auditor.dataset import FileStat, Source
from auditor.errors import OutputError
from auditor.scanning.batch import Facts, Rows
from auditor.scanning.paged import SWEEP, give_back
from auditor.scanning.schema import MEASURES, SIGNATURE_BYTES

if TYPE_CHECKING:
    import pyarrow as pa

#: Raised whenever a scan of the same bytes would give other rows than before.
SCANNER = 8
#: Rows and seconds after which rows are flushed: what a kill loses at most.
FLUSH_ROWS, FLUSH_SECONDS = 2048, 1.0
#: A file that was modified less than this before the scan looked at it may change again within its clock's tick: its time is not trusted.
#: Two seconds are the tick of FAT, the coarsest in use.
RACY_NS = 2_000_000_000
#: Columns that compression would only slow down, and those that a dictionary makes small.
INCOMPRESSIBLE = frozenset({"signature", "sha256", "pixel_digest", "phash"})
REPETITIVE = ["status", "reason", "format", "mode", "defect"]
#: More parts than this are merged into one once a scan is complete.
MERGE_PARTS = 8

#: Arrow types of the fields of `Facts`, by the type of their defaults.
_TYPES = {str: "string", int: "int64", bool: "bool_", float: "float64"}


def arrow_facts(facts: Sequence[Facts], numbers: npt.NDArray[np.float64]) -> pa.Table:
    """Return facts and measures as an Arrow table."""
    import pyarrow as pa

    columns = list(zip(*facts, strict=True)) or [()] * len(Facts._fields)
    arrays = [pa.array(column, type=getattr(pa, _TYPES[type(default)])()) for column, default in zip(columns, Facts(), strict=True)]
    arrays += [pa.array(np.ascontiguousarray(numbers[:, k])) for k in range(len(MEASURES))]
    return pa.table(arrays, names=[*Facts._fields, *(m.name for m in MEASURES)])


def arrow_signatures(signatures: npt.NDArray[np.uint8]) -> pa.Array:
    """Return signatures ``(n, SIGNATURE_BYTES)`` as an Arrow array of binary values of that size."""
    import pyarrow as pa

    data = pa.py_buffer(np.ascontiguousarray(signatures))
    return pa.Array.from_buffers(pa.binary(SIGNATURE_BYTES), len(signatures), [None, data])


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """Rows of earlier scans for the files of a data set.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Places among the samples.
    sizes, times : ndarray of int64, shape (n,)
        Size and time of modification of the files then; -1 where that is not to be trusted.
    facts : Arrow table of n rows
    """

    rows: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    facts: pa.Table


def versions(decoders: str) -> dict[str, str]:
    """Return what a row depends on besides the bytes."""
    import cv2
    import PIL

    return {"scanner": str(SCANNER), "opencv": str(cv2.__version__), "pillow": str(PIL.__version__), "decoders": decoders}


class _Pending(NamedTuple):
    paths: Sequence[str]
    stats: Sequence[FileStat]
    facts: Sequence[Facts]
    measures: npt.NDArray[np.float64]
    signatures: npt.NDArray[np.uint8]


class Store:
    """The rows of one folder.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    source : Source
        Where the files are: sizes and times are trusted for the same source alone.
    decoders : str
        Which decoders were tried.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """

    def __init__(self, folder: Path, source: Source, decoders: str) -> None:
        self.folder = folder
        self._key = json.dumps(versions(decoders), sort_keys=True)
        self._source = hashlib.sha256(str(getattr(source, "root", "")).encode("utf-8", "backslashreplace")).hexdigest()
        self._pending: list[_Pending] = []
        self._count, self._flushed = 0, time.monotonic()
        self._horizon = time.time_ns() - RACY_NS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for leftover in folder.glob("*.tmp"):
                leftover.unlink()
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> OutputError:
        reason = error.strerror or str(error)
        return OutputError(
            expected=f"a folder that can be written, for the scan: '{self.folder}'",
            received=reason,
            hint="make room, or choose another with -o",
        )

    def parts(self) -> list[Path]:
        """Return the parts, oldest first."""
        return sorted(self.folder.glob("part-*.parquet"))

    def remembered(self, paths: Sequence[str], signatures: npt.NDArray[np.uint8]) -> Remembered | None:
        """Return the rows of earlier scans for some paths, and put their signatures in place; one part is in memory at a time.

        Parts that another version wrote, or that are broken, are removed.

        Parameters
        ----------
        paths : sequence of str
        signatures : ndarray of uint8, shape (len(paths), SIGNATURE_BYTES)
            Changed.
        """
        import pandas as pd
        import pyarrow as pa

        codes, names = pd.factorize(np.asarray(paths, dtype=object))
        index, first = pd.Index(names), np.unique(codes, return_index=True)[1]  # a table may name a file twice: the first is remembered
        taken = np.zeros(len(index), dtype=bool)
        rows, sizes, facts, since = [], [], [], 0
        for table, trusted in (group for part in reversed(self.parts()) for group in self._read(part)):
            places = index.get_indexer(pd.Index(table.column("path").to_pandas()))
            keep = (places >= 0) & ~taken[places] & ~pd.Series(places).duplicated(keep="last").to_numpy()
            table, places = table.filter(pa.array(keep)), places[keep]
            taken[places] = True
            rows.append(first[places])
            signatures[rows[-1]] = _signatures(table)
            since += len(table)
            if since >= SWEEP:
                give_back(signatures)
                since = 0
            sizes.append(table.column("size").to_numpy() if trusted else np.full(len(table), -1, dtype=np.int64))
            facts.append(table.drop_columns(["path", "size", "signature"]))
        if not facts:
            return None
        whole = pa.concat_tables(facts)
        return Remembered(
            np.concatenate(rows).astype(np.int64),
            np.concatenate(sizes),
            whole.column("mtime_ns").to_numpy(),
            whole.drop_columns(["mtime_ns"]),
        )

    def _read(self, part: Path) -> Iterator[tuple[pa.Table, bool]]:
        """Yield the row groups of a part, and whether its sizes and times are of the same source; a part of no use is removed."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(part) as file:
                meta = file.schema_arrow.metadata or {}
                if meta.get(b"auditor") == self._key.encode():
                    for group in range(file.num_row_groups):
                        yield file.read_row_group(group, use_threads=False), meta.get(b"source") == self._source.encode()
                    return
        except (OSError, pa.ArrowInvalid):
            pass
        part.unlink(missing_ok=True)

    def add(self, paths: Sequence[str], stats: Sequence[FileStat], facts: Sequence[Facts], rows: Rows) -> None:
        """Remember some rows; flushed now and then."""
        safe = [s if 0 <= s.mtime_ns < self._horizon else FileStat(-1, s.mtime_ns) for s in stats]
        self._pending.append(_Pending(paths, safe, facts, rows.measures, rows.signatures))
        self._count += len(paths)
        if self._count >= FLUSH_ROWS or time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is pending as one part."""
        import pyarrow as pa

        if self._pending:
            stats = [s for part in self._pending for s in part.stats]
            table = arrow_facts([f for part in self._pending for f in part.facts], np.concatenate([p.measures for p in self._pending]))
            head: list[Any] = [
                pa.array([p for part in self._pending for p in part.paths], pa.string()),
                pa.array([s.size for s in stats], pa.int64()),
                pa.array([s.mtime_ns for s in stats], pa.int64()),
            ]
            for k, (name, column) in enumerate(zip(("path", "size", "mtime_ns"), head, strict=True)):
                table = table.add_column(k, name, column)
            self._write([table.append_column("signature", arrow_signatures(np.concatenate([p.signatures for p in self._pending])))])
            self._pending.clear()
        self._count, self._flushed = 0, time.monotonic()

    def _write(self, tables: Iterable[pa.Table]) -> None:
        """Write tables as one part."""
        import pyarrow.parquet as pq

        name = f"part-{time.time_ns():020d}-{secrets.token_hex(4)}"
        temporary = self.folder / f"{name}.tmp"
        try:
            with temporary.open("wb") as file, ExitStack() as stack:
                writer = None
                for table in tables:
                    table = table.replace_schema_metadata({"auditor": self._key, "source": self._source})
                    if writer is None:
                        squeezed = {column: "NONE" if column in INCOMPRESSIBLE else "SNAPPY" for column in table.column_names}
                        options = {"compression": squeezed, "use_dictionary": REPETITIVE, "write_statistics": False}
                        writer = stack.enter_context(pq.ParquetWriter(file, table.schema, **options))
                    writer.write_table(table)
                stack.close()
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / f"{name}.parquet")
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise self._refused(error) from None

    def merge(self) -> None:
        """Merge many parts into one, once a scan is complete; one part is in memory at a time."""
        parts = self.parts()
        if len(parts) <= MERGE_PARTS:
            return
        self._write(self._newest(parts))
        for part in parts:
            part.unlink(missing_ok=True)

    def _newest(self, parts: Sequence[Path]) -> Iterator[pa.Table]:
        import pandas as pd
        import pyarrow as pa

        seen: set[str] = set()
        for table, trusted in (group for part in reversed(parts) for group in self._read(part)):
            names = table.column("path").to_pylist()
            keep = [name not in seen for name in names] & ~pd.Index(names).duplicated(keep="last")
            seen.update(names)
            if not trusted:
                table = table.set_column(table.column_names.index("size"), "size", pa.array(np.full(len(table), -1, dtype=np.int64)))
            yield table.filter(pa.array(keep))


def _signatures(table: pa.Table) -> npt.NDArray[np.uint8]:
    """Return the signatures of a part, (n, SIGNATURE_BYTES)."""
    chunks = [
        np.frombuffer(chunk.buffers()[1], dtype=np.uint8)[chunk.offset * SIGNATURE_BYTES : (chunk.offset + len(chunk)) * SIGNATURE_BYTES]
        for chunk in table.column("signature").chunks
        if len(chunk)
    ]
    return np.concatenate([np.empty(0, np.uint8), *chunks]).reshape(-1, SIGNATURE_BYTES)
