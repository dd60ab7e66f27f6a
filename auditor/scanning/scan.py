"""The scan of a data set: what is known already, what is to be read, and who reads it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.dataset import Dataset, FileStat
from auditor.errors import UsageError
from auditor.scanning.batch import Item, Rows, scan_batch
from auditor.scanning.collecting import Collector, OnProgress, ScanResult
from auditor.scanning.deep import common_white
from auditor.scanning.reading_order import reading_order
from auditor.scanning.store import Store
from auditor.scanning.time_budget import SECONDS_PER_BYTE, draw_until

if TYPE_CHECKING:
    from auditor.scanning.worker import Order

#: Images in a task for a worker, and its bytes: the hand-over costs nothing, and a kill loses little.
BATCH_IMAGES, BATCH_BYTES = 128, 8 << 20
#: CPU seconds of reading an image, at least (benchmarks/scan.py, within a factor of two).
SECONDS_PER_IMAGE = 2e-4
#: Less work than this starts no workers: their imports take 0.2 s.
ALONE_SECONDS = 1.0
#: Address space of a worker beyond its imports: a picture of `MAX_PIXELS` with alpha, decoded twice.
MEMORY_LIMIT = 2 << 30


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
) -> ScanResult:
    """Read and measure every image of a data set.

    Parameters
    ----------
    dataset : Dataset
    store : Path, optional
        Folder in which rows are kept, so that killed scans go on, and later ones read only changed files.
    jobs : int, optional
        Worker processes; by default one per core. None are started for little work.
    engine : {"local", "dask"}
    scheduler : str, optional
        Address of the Dask scheduler; by default a cluster is started on this machine.
    timeout : float
        Seconds after which one image is given up.
    memory_limit : int
        Bytes that a worker may take for one image.
    rehash : bool
        Read every file, changed or not; the same bytes are not decoded again.
    decoders : {"header", "all"}
        Judge other decoders by header facts, or try OpenCV and, where installed, TensorFlow on each file.
    time_budget : float, optional
        Minutes for reading and the checks after it. What was read by then is a stratified random sample.
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
    _refuse_other("engine", engine, ("local", "dask"), "leave --engine out to scan on this machine")
    _refuse_other("decoders", decoders, ("header", "all"), "leave --decoders out to judge by headers")
    began = time.monotonic() if began is None else began
    workers = jobs or os.cpu_count() or 1
    paths = dataset.samples["path"].tolist()
    sizes, times = _sizes_and_times(dataset)
    white = common_white(dataset)
    how = f"{decoders}, white {white}" if white else decoders
    kept = Store(store, dataset.source, how) if store is not None else None
    collector = Collector(paths, sizes, on_progress, store)
    todo = _recall(collector, kept, times, rehash)
    if time_budget is not None:
        todo = todo[np.argsort(_places_in_sample(dataset, seed)[todo], kind="stable")]
    items = (
        Item(row, paths[row], collector.former_digest(row), FileStat(int(sizes[row]), int(times[row])), white)
        for row in todo.tolist()
    )
    batches = _batches(items)
    if time_budget is not None:
        batches = draw_until(began + 60 * time_budget, batches, len(paths) - len(todo), workers)
    from auditor.scanning.worker import Order

    order = Order(dataset.source, timeout, memory_limit, decoders)
    alone = decoders == "header" and _cpu_seconds(sizes[todo]) < ALONE_SECONDS
    if engine == "dask":
        from auditor.scanning.cluster import scan_on_dask

        results = scan_on_dask(order, batches, scheduler, jobs)
    else:
        results = _scan_alone(order, batches) if alone else _scan_in_workers(order, batches, workers)
    _collect(results, collector, kept)
    return collector.finish(dataset)


def _cpu_seconds(sizes: npt.NDArray[np.int64]) -> float:
    """Return what reading files of these sizes costs, about."""
    return len(sizes) * SECONDS_PER_IMAGE + float(np.maximum(sizes, 0).sum()) * SECONDS_PER_BYTE


def _collect(results: Iterable[Rows], collector: Collector, store: Store | None) -> None:
    """Take in rows as they come; what came before an interruption is kept."""
    try:
        for rows in results:
            collector.add(rows, store)
    finally:
        if store is not None:
            store.flush()
    if store is not None:
        store.merge()


def _refuse_other(name: str, value: str, known: tuple[str, str], hint: str) -> None:
    if value not in known:
        raise UsageError(
            expected=f"the {name} '{known[0]}' or '{known[1]}'", received=f"'{value}'", hint=hint
        )


def _places_in_sample(dataset: Dataset, seed: int) -> npt.NDArray[np.int64]:
    """Return the place of each image in the order in which a stratified sample reads them."""
    import pandas as pd

    strata, _ = pd.factorize(dataset.samples["split"] + "\0" + dataset.samples["label"], sort=True)
    order = reading_order(strata.astype(np.int64), seed)
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


#: The latest time that 64 bits of nanoseconds hold: 11 April 2262.
LATEST = 2**63 - 1


def _sizes_and_times(dataset: Dataset) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the size of each file and its time of modification in nanoseconds; -1 where unknown."""
    stats = []
    for path in dataset.samples["path"]:
        try:
            found = dataset.source.stat(path)
            stats.append(FileStat(found.size, min(found.mtime_ns, LATEST)))
        except (OSError, ValueError):
            stats.append(FileStat(-1, -1))
    sizes, times = np.array(stats, dtype=np.int64).reshape(-1, 2).T
    return sizes, times


def _recall(
    collector: Collector, store: Store | None, times: npt.NDArray[np.int64], rehash: bool
) -> npt.NDArray[np.int64]:
    """Take over the rows of files that have not changed; return the places of those that must be read."""
    everything = np.arange(len(collector.paths))
    known = store.remembered(collector.paths, collector.signatures) if store is not None else None
    if known is None:
        return everything
    same = (known.sizes == collector.sizes[known.rows]) & (known.times == times[known.rows])
    same &= (known.sizes >= 0) & (not rehash)
    collector.recall(known, same)
    return np.setdiff1d(everything, known.rows[same])


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += max(item.stat.size, 0)
        if len(batch) >= BATCH_IMAGES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _scan_in_workers(order: Order, batches: Iterable[list[Item]], jobs: int) -> Iterator[Rows]:
    from auditor.scanning.pool import Pool

    with Pool(order, jobs) as pool:
        yield from pool.run(batches)


def _scan_alone(order: Order, batches: Iterable[list[Item]]) -> Iterator[Rows]:
    """Scan in this process, but for files that might cost a process its life."""
    risky: list[Item] = []
    for batch in batches:
        rows, left = scan_batch(order.source, batch, isolated=False)
        risky.extend(left)
        yield rows
    if risky:
        parts = (risky[start : start + BATCH_IMAGES] for start in range(0, len(risky), BATCH_IMAGES))
        yield from _scan_in_workers(order, parts, 1)


__all__ = ["OnProgress", "ScanResult", "scan_images"]
