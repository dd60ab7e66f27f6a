"""Scanned rows on disk, so that no file is read twice: Parquet parts, written under another name and renamed.

A part holds a row per file: its path, its size and time of modification, its facts, measures and signature.
Its name ends in the checksum of its bytes: a part that has changed on disk is removed, and its files are read
again. Later parts overrule earlier ones. Nothing is changed in place, so a kill at any moment loses at most
the rows not yet flushed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from auditor import parquet
from auditor.dataset import FileStat, Source
from auditor.errors import OutputError
from auditor.scanning.batch import Rows
from auditor.scanning.columns import Columns
from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.schema import SIGNATURE_BYTES, Facts

if TYPE_CHECKING:
    import pandas as pd

#: Raise it whenever a scan of the same bytes gives other rows than before, or parts have another form.
SCANNER = 10
#: Rows and seconds after which rows are flushed: what a kill loses at most.
FLUSH_ROWS, FLUSH_SECONDS = 2048, 1.0
#: A file modified less than this before the scan may change within its clock's tick (FAT's is the coarsest).
RACY_NS = 2_000_000_000
#: Defects that a busy machine, or one short of memory, gives whole files too.
TRANSIENT = frozenset({"crashed", "timeout", "memory"})
#: Rows of a full part: 25 MB of signatures are in memory at a time.
FULL_ROWS = 16_384
#: Parts that are not full and may stay: more are merged once a scan is complete.
MERGE_PARTS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """Rows of earlier scans for the files of a data set.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Places among the samples.
    sizes, times : ndarray of int64, shape (n,)
        Size and time of modification of the files then; -1 where that is not to be trusted.
    columns : Columns
        Their facts and measures.
    """

    rows: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    columns: Columns


def versions(decoders: str) -> dict[str, str]:
    """Return what a row depends on besides the bytes."""
    import cv2
    import PIL
    import simplejpeg

    return {
        "scanner": str(SCANNER),
        "opencv": str(cv2.__version__),
        "pillow": str(PIL.__version__),
        "simplejpeg": str(simplejpeg.__version__),
        "decoders": decoders,
    }


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
        self._source = hashlib.sha256(
            str(getattr(source, "root", "")).encode("utf-8", "backslashreplace")
        ).hexdigest()
        self._pending: list[_Pending] = []
        self._count, self._flushed = 0, time.monotonic()
        self._horizon = time.time_ns() - RACY_NS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for leftover in self._files("*.tmp"):
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
        return self._files("*.parquet")

    def _files(self, ending: str) -> list[Path]:
        """Return what may be a part by its name; never a folder, a link, a pipe or a device."""
        named = sorted(self.folder.glob(f"part-{ending}"))
        return [file for file in named if stat.S_ISREG(file.lstat().st_mode)]

    def remembered(self, paths: Sequence[str], signatures: Signatures) -> Remembered | None:
        """Return the rows of earlier scans for some paths, and put their signatures in place.

        One part is in memory at a time. Parts that another version wrote, or that are broken, are removed.

        Parameters
        ----------
        paths : sequence of str
        signatures : Signatures, as many as paths
            Changed.
        """
        import pandas as pd

        codes, names = pd.factorize(np.asarray(paths, dtype=object))
        index, first = (
            pd.Index(names),
            np.unique(codes, return_index=True)[1],
        )  # a table may name a file twice: the first is remembered
        taken = np.zeros(len(index), dtype=bool)
        rows, sizes, times, found = [], [], [], []
        for table in map(self._read, reversed(self.parts())):
            if table is None:
                continue
            places = index.get_indexer(pd.Index(table["path"]))
            keep = (places >= 0) & ~taken[places] & ~pd.Series(places).duplicated(keep="last").to_numpy()
            table, places = table[keep], places[keep]
            taken[places] = True
            rows.append(first[places])
            signatures[rows[-1]] = np.frombuffer(b"".join(table["signature"]), dtype=np.uint8).reshape(
                -1, SIGNATURE_BYTES
            )
            sizes.append(table["size"].to_numpy())
            times.append(table["mtime_ns"].to_numpy())
            found.append(Columns.of_table(table))
        if not found:
            return None
        return Remembered(
            np.concatenate(rows).astype(np.int64),
            np.concatenate(sizes),
            np.concatenate(times),
            Columns.joined(found),
        )

    def _read(self, part: Path) -> pd.DataFrame | None:
        """Return a part, without sizes where they are of another source; a part of no use is removed."""
        try:
            content = part.read_bytes()
            if part.stem.endswith(f"-{_checksum(content)}"):
                about = parquet.metadata(io.BytesIO(content))
                if about.get(b"auditor") == self._key.encode():
                    table = parquet.read(io.BytesIO(content))
                    return table if about.get(b"source") == self._source.encode() else table.assign(size=-1)
        except (OSError, ValueError):
            pass
        part.unlink(missing_ok=True)
        return None

    def add(
        self, paths: Sequence[str], stats: Sequence[FileStat], facts: Sequence[Facts], rows: Rows
    ) -> None:
        """Remember some rows, flushed now and then; not those that the machine may be at fault for."""
        keep = [place for place, found in enumerate(facts) if found.defect not in TRANSIENT]
        if len(keep) < len(facts):
            paths, stats, facts = [paths[k] for k in keep], [stats[k] for k in keep], [facts[k] for k in keep]
            rows = replace(rows, measures=rows.measures[keep], signatures=rows.signatures[keep])
        if not facts:
            return
        safe = [s if 0 <= s.mtime_ns < self._horizon else FileStat(-1, -1) for s in stats]
        self._pending.append(_Pending(paths, safe, facts, rows.measures, rows.signatures))
        self._count += len(paths)
        if self._count >= FLUSH_ROWS or time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is pending as one part."""
        if self._pending:
            stats = np.array([s for part in self._pending for s in part.stats], dtype=np.int64).reshape(-1, 2)
            facts = [f for part in self._pending for f in part.facts]
            table = Columns.of(facts, np.concatenate([p.measures for p in self._pending])).frame()
            paths = [p for part in self._pending for p in part.paths]
            table = table.assign(path=paths, size=stats[:, 0], mtime_ns=stats[:, 1])
            self._write(
                table.assign(signature=_binary(np.concatenate([p.signatures for p in self._pending])))
            )
            self._pending.clear()
        self._count, self._flushed = 0, time.monotonic()

    def _write(self, table: pd.DataFrame) -> None:
        """Write a table as one part."""
        about = {"auditor": self._key, "source": self._source}
        content = parquet.parquet_bytes(table, compression="snappy", about=about)
        name = f"part-{time.time_ns():020d}-{_checksum(content)}"
        temporary = self.folder / f"{name}.tmp"
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / f"{name}.parquet")
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise self._refused(error) from None

    def merge(self) -> None:
        """Merge small parts, once a scan is complete; two parts are in memory at a time.

        Full parts are merged too where small ones hold as many rows: so overruled rows are at most as many as
        the others, and each row is written a few times at the most.
        """
        parts = {part: self._rows(part) for part in self.parts()}
        small = [part for part, rows in parts.items() if rows < FULL_ROWS]
        if len(small) <= MERGE_PARTS:
            return
        merged = list(parts) if 2 * sum(parts[part] for part in small) >= sum(parts.values()) else small
        for table in self._newest(merged):
            self._write(table)
        for part in merged:
            part.unlink(missing_ok=True)

    def _rows(self, part: Path) -> int:
        try:
            return sum(parquet.row_groups(part))
        except (OSError, ValueError):
            return 0

    def _newest(self, parts: Sequence[Path]) -> Iterator[pd.DataFrame]:
        """Yield the newest row of each file, in tables of `FULL_ROWS` and a rest."""
        import pandas as pd

        seen: set[str] = set()
        kept: list[pd.DataFrame] = []
        for table in map(self._read, reversed(parts)):
            if table is None:
                continue
            names = table["path"].tolist()
            kept.append(
                table[
                    np.array([name not in seen for name in names], dtype=bool)
                    & ~table["path"].duplicated(keep="last").to_numpy()
                ]
            )
            seen.update(names)
            if sum(map(len, kept)) >= FULL_ROWS:
                whole = pd.concat(kept, ignore_index=True)
                yield whole[:FULL_ROWS]
                kept = [whole[FULL_ROWS:]]
        if sum(map(len, kept)):
            yield pd.concat(kept, ignore_index=True)


def _checksum(content: bytes) -> str:
    return xxhash.xxh3_64_hexdigest(content)


def _binary(signatures: npt.NDArray[np.uint8]) -> npt.NDArray[np.object_]:
    """Return signatures, shape (n, `SIGNATURE_BYTES`), as n values of bytes."""
    return np.frombuffer(np.ascontiguousarray(signatures), dtype=f"V{SIGNATURE_BYTES}").astype(object)
