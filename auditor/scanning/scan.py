"""The scan of a data set: what is known already, what is to be read, who reads it, and the table that comes of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from auditor.dataset import Dataset, FileStat
from auditor.errors import UsageError
from auditor.scanning.batch import Facts, Item, Rows, scan_batch
from auditor.scanning.columns import Columns
from auditor.scanning.deep import common_white
from auditor.scanning.measures import rounded
from auditor.scanning.paged import SWEEP, give_back, signature_array
from auditor.scanning.reading_order import reading_order
from auditor.scanning.schema import MEASURES
from auditor.scanning.store import Remembered, Store

if TYPE_CHECKING:
    import pandas as pd

#: Told after every batch: images done, images in all, bytes read, unreadable so far.
OnProgress = Callable[[int, int, int, int], None]

#: Images and bytes in a task for a worker: enough that the hand-over costs nothing, little enough that a kill
#: loses little.
BATCH_IMAGES, BATCH_BYTES = 128, 8 << 20
#: What reading an image costs at the least and per byte, in CPU seconds: measured with benchmarks/scan.py,
#: within a factor of two.
SECONDS_PER_IMAGE, SECONDS_PER_BYTE = 2e-4, 3e-8
#: What the checks and the report take of a time budget, in seconds at the least and per image: measured with
#: benchmarks/scale.py.
CHECKS_SECONDS, CHECKS_PER_IMAGE = 1.5, 5e-4
#: What reading takes per image (besides `SECONDS_PER_BYTE`), and the most that a busy machine is believed to
#: be slower by.
READ_PER_IMAGE, MOST_SLOWNESS = 4e-4, 20.0
#: Seconds of reading from which the slowness of a machine is told: a moment's may be any.
JUDGED = 1.0
#: What is kept for the checks over what they are thought to take: a busy machine may grow busier.
MARGIN = 1.25
#: Below this much work no workers are started: from Python they cost 0.2 s of imports, and a command has read
#: that soon.
ALONE_SECONDS = 1.0
#: Address space that a worker may take beyond its imports: a picture of `MAX_PIXELS` with alpha, decoded
#: twice.
MEMORY_LIMIT = 2 << 30


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """What a scan measured.

    Attributes
    ----------
    images : DataFrame
        The sample table with the columns of `auditor.scanning.schema` added. Where a time budget left images
        out, their status is ``unmeasured``.
    signatures : ndarray of uint8, shape (n_images, SIGNATURE_BYTES)
        Row by row the same images, zero where unreadable or unmeasured.
    measured : int
        Images whose row is known: all, unless a time budget left some out.
    read : int
        Images that this call read; the others were known from an earlier scan and had not changed.
    """

    images: pd.DataFrame
    signatures: npt.NDArray[np.uint8]
    measured: int = -1
    read: int = -1


def scan_images(
    dataset: Dataset,
    *,
    store: Path | None = None,
    jobs: int | None = None,
    engine: str = "local",
    scheduler: str | None = None,
    timeout: float = 20.0,
    memory_limit: int = MEMORY_LIMIT,
    rehash: bool = False,
    decoders: str = "header",
    time_budget: float | None = None,
    began: float | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> Scanned:
    """Read and measure every image of a data set.

    Parameters
    ----------
    dataset : Dataset
    store : Path, optional
        Folder in which rows are kept: a scan that was killed goes on from there, and later scans read only
        files that have changed.
    jobs : int, optional
        Worker processes; by default one per core. None are started for little work.
    engine : {"local", "dask"}
        Worker processes on this machine, or a Dask cluster.
    scheduler : str, optional
        Address of the Dask scheduler; by default a cluster is started on this machine.
    timeout : float
        Seconds after which one image is given up.
    memory_limit : int
        Bytes that a worker may take for one image.
    rehash : bool
        Read every file, whether or not size and time of modification are as they were; what has the same
        bytes is not decoded again.
    decoders : {"header", "all"}
        Judge what other decoders do by header facts, or try OpenCV and, where it is installed, TensorFlow on
        each file.
    time_budget : float, optional
        Minutes for reading and for the checks that follow: reading ends while there is time for those. What
        was measured by then is a stratified random sample.
    began : float, optional
        Monotonic time from which the budget counts; now by default.
    seed : int
        Seeds the order of that sample.
    on_progress : callable, optional
        Called with (done, total, bytes, unreadable).

    Raises
    ------
    UsageError
        An engine or a choice of decoders that there is not.
    OutputError
        The store cannot be written.
    MissingExtraError
        The engine needs a package that is not installed.
    """
    if engine not in ("local", "dask"):
        raise UsageError(
            expected="the engine 'local' or 'dask'",
            received=f"'{engine}'",
            hint="leave --engine out to scan on this machine",
        )
    if decoders not in ("header", "all"):
        raise UsageError(
            expected="the decoders 'header' or 'all'",
            received=f"'{decoders}'",
            hint="leave --decoders out to judge by headers",
        )
    deadline = (
        None if time_budget is None else (time.monotonic() if began is None else began) + 60 * time_budget
    )
    paths = dataset.samples["path"].tolist()
    white = common_white(dataset)
    how = f"{decoders}, white {white}" if white else decoders
    rows_kept = Store(store, dataset.source, how) if store is not None else None
    result = _Result(paths, on_progress, store)
    todo = _recall(dataset, rows_kept, result, rehash)
    sizes = result.sizes
    order = todo if deadline is None else todo[np.argsort(_priority(dataset, seed)[todo], kind="stable")]
    items = (
        Item(int(i), paths[i], result.digest(int(i)), FileStat(int(sizes[i]), int(result.times[i])), white)
        for i in order
    )
    batches = _batches(items, sizes)
    if deadline is not None:
        batches = _until(deadline, batches, len(paths) - len(todo), jobs or os.cpu_count() or 1)
    cost = len(order) * SECONDS_PER_IMAGE + float(np.maximum(sizes[order], 0).sum()) * SECONDS_PER_BYTE
    from auditor.scanning.worker import Order

    told = Order(dataset.source, timeout, memory_limit, decoders)
    if engine == "dask":
        from auditor.scanning.cluster import on_dask

        results = on_dask(told, batches, scheduler, jobs)
    else:
        results = _locally(
            told, batches, jobs or os.cpu_count() or 1, alone=cost < ALONE_SECONDS and decoders == "header"
        )
    try:
        for rows in results:
            result.add(rows, rows_kept)
    finally:
        if rows_kept is not None:
            rows_kept.flush()
    if rows_kept is not None:
        rows_kept.merge()
    return result.finish(dataset)


def _priority(dataset: Dataset, seed: int) -> npt.NDArray[np.int64]:
    """Return the place of each sample in the reading order of a sample."""
    import pandas as pd

    strata, _ = pd.factorize(dataset.samples["split"] + "\0" + dataset.samples["label"], sort=True)
    order = reading_order(strata.astype(np.int64), seed)
    priority = np.empty(len(order), dtype=np.int64)
    priority[order] = np.arange(len(order))
    return priority


def _recall(dataset: Dataset, store: Store | None, result: _Result, rehash: bool) -> npt.NDArray[np.int64]:
    """Take over the rows of files that have not changed; return the places of those that must be read."""
    stats = []
    for path in result.paths:
        try:
            stats.append(dataset.source.stat(path))
        except (OSError, ValueError):
            stats.append(FileStat(-1, -1))
    result.sizes, result.times = np.array(stats, dtype=np.int64).reshape(-1, 2).T
    known = store.remembered(result.paths, result.signatures) if store is not None else None
    everything = np.arange(len(result.paths))
    if known is None:
        return everything
    same = (
        (known.sizes == result.sizes[known.rows])
        & (known.times == result.times[known.rows])
        & (known.sizes >= 0)
    )
    if rehash:
        same[:] = False
    result.recall(known, same)
    return np.setdiff1d(everything, known.rows[same])


def _batches(items: Iterable[Item], sizes: npt.NDArray[np.int64]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += max(int(sizes[item.row]), 0)
        if len(batch) >= BATCH_IMAGES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _until(deadline: float, batches: Iterator[list[Item]], known: int, jobs: int) -> Iterator[list[Item]]:
    """Draw batches while there is time for them and for the checks of all that was read; at least one.

    The machine may have other things to do: the checks will be as slow, against what they take on a quiet
    one, as the reading was. That is judged from the first batch that came back, as workers take time to
    start, and by no less than `JUDGED` seconds.
    """
    read, back, size, began = 0, 0, 0, 0.0
    for place, batch in enumerate(batches):
        now = time.monotonic()
        if place == jobs:  # every worker had one, and the first of them wants another
            began = now
        if read:
            usual = (back * READ_PER_IMAGE + size * SECONDS_PER_BYTE) / jobs
            slowness = (
                min(max((now - began) / usual, 1.0), MOST_SLOWNESS) if back and now - began >= JUDGED else 1.0
            )
            if now + MARGIN * slowness * (CHECKS_SECONDS + (known + read) * CHECKS_PER_IMAGE) >= deadline:
                return
        read += len(batch)
        if place >= jobs:  # as many come back as are handed out
            back += len(batch)
            size += sum(max(item.stat.size, 0) for item in batch)
        yield batch


def _locally(told: Any, batches: Any, jobs: int, *, alone: bool) -> Iterator[Rows]:
    """Scan here: in this process where there is little to do, but for files that might cost a process its life; else in workers."""
    from auditor.scanning.pool import Pool

    if not alone:
        with Pool(told, jobs) as pool:
            yield from pool.run(batches)
        return
    risky: list[Item] = []
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for batch in batches:
            rows, left = scan_batch(told.source, batch, isolated=False)
            risky.extend(left)
            yield rows
    finally:
        cv2.setNumThreads(threads)
    if risky:
        with Pool(told, 1) as pool:
            yield from pool.run(risky[i : i + BATCH_IMAGES] for i in range(0, len(risky), BATCH_IMAGES))


class _Result:
    """Rows as they come in, whatever their order, as columns and signatures."""

    def __init__(self, paths: list[str], on_progress: OnProgress | None, folder: Path | None) -> None:
        self.paths, self._tell = paths, on_progress
        self.sizes: npt.NDArray[np.int64] = np.full(len(paths), -1, dtype=np.int64)
        self.times: npt.NDArray[np.int64] = self.sizes
        self.signatures = signature_array(len(paths), folder)
        self._pieces: list[Columns] = []
        self._rows: list[npt.NDArray[np.int64]] = []
        self._digests: dict[int, tuple[str, int]] = {}
        self._former: Columns | None = None
        self._done = self._bytes = self._unreadable = self._read = 0

    def digest(self, row: int) -> str:
        """Return the digest that a file had when it was scanned before, or ""."""
        return self._digests.get(row, ("", -1))[0]

    def recall(self, known: Remembered, same: npt.NDArray[np.bool_]) -> None:
        """Take over the rows of files that are the same; keep the others for files that turn out to have the same bytes."""
        kept = known.columns.take(same)
        self._pieces.append(kept)
        self._rows.append(known.rows[same])
        self._former = known.columns
        changed = np.flatnonzero(~same)
        digests = known.columns.facts["sha256"][changed]
        self._digests = {
            int(known.rows[k]): (digest, int(k)) for k, digest in zip(changed, digests, strict=True) if digest
        }
        self._count(len(kept), int(kept.facts["bytes"].sum()), int((kept.facts["status"] != "ok").sum()))

    def _count(self, done: int, size: int, unreadable: int) -> None:
        self._done += done
        self._bytes += size
        self._unreadable += unreadable
        if self._tell:
            self._tell(self._done, len(self.paths), self._bytes, self._unreadable)

    def add(self, rows: Rows, store: Store | None) -> None:
        """Take in what a worker found, and hand it to the store."""
        if not rows.index:
            return
        facts: list[Facts] = []
        for k, (row, found) in enumerate(zip(rows.index, rows.facts, strict=True)):
            if found is None:
                assert self._former is not None
                former, rows.measures[k] = self._former.row(self._digests[row][1])
                facts.append(former)
                rows.signatures[k] = self.signatures[row]  # still the former one
            else:
                facts.append(found)
        index = np.array(rows.index, dtype=np.int64)
        self.signatures[index] = rows.signatures
        self._pieces.append(Columns.of(facts, rows.measures))
        self._rows.append(index)
        self._read += len(index)
        if self._read % SWEEP < len(index):
            give_back(self.signatures)
        if store is not None:
            store.add([self.paths[i] for i in rows.index], rows.stats, facts, rows)
        self._count(len(facts), sum(f.bytes for f in facts), sum(f.status != "ok" for f in facts))

    def finish(self, dataset: Dataset) -> Scanned:
        """Return the table, in the order of the samples."""
        rows = np.concatenate(self._rows) if self._rows else np.empty(0, np.int64)
        if len(np.unique(rows)) != len(rows):
            raise AssertionError(f"{len(rows)} rows for {len(np.unique(rows))} images")
        left = np.setdiff1d(np.arange(len(self.paths)), rows)
        self.signatures[left] = 0
        give_back(self.signatures)
        if len(left):
            blank = Facts(status="unmeasured", reason="not read within the time budget")
            sizes = np.maximum(self.sizes[left], 0).tolist()
            self._pieces.append(
                Columns.of(
                    [blank._replace(bytes=size) for size in sizes],
                    np.full((len(left), len(MEASURES)), np.nan),
                )
            )
        whole = Columns.joined(self._pieces)
        self._pieces.clear()
        self._former = None
        whole = whole.take(np.argsort(np.concatenate([rows, left]), kind="stable"))
        return Scanned(_table(dataset, whole), self.signatures, measured=len(rows), read=self._read)


def _table(dataset: Dataset, columns: Columns) -> pd.DataFrame:
    """Return the sample table with facts, measures and what derives from the header."""
    import pandas as pd

    found = columns.frame()
    readable = found["status"] == "ok"
    pixels = (found["width"].astype(float) * found["height"]).where(readable)
    aspect = rounded((found["width"] / found["height"].where(readable)).to_numpy(float))
    shape = pd.DataFrame(
        {
            "pixels": pixels,
            "aspect": aspect,
            "bytes_per_pixel": rounded((found["bytes"] / pixels).to_numpy(float)),
        }
    )
    first = dataset.samples[["path", "label", "split", "group"]]
    taken = {*found.columns, *shape.columns}
    extra = dataset.samples.drop(
        columns=[*first.columns, *(c for c in dataset.samples.columns if c in taken)]
    )
    table: pd.DataFrame = pd.concat([first, found, shape, extra], axis=1)
    return table
