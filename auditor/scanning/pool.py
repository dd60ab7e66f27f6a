"""A pool of workers that may die: a file that crashes, stalls or starves its worker costs itself alone."""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import socket
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from types import TracebackType

import numpy as np

from auditor.errors import UsageError
from auditor.process import fill_closed_streams
from auditor.scanning.batch import Item, Rows, facts_of_lost
from auditor.scanning.schema import MEASURES, SIGNATURE_BYTES
from auditor.scanning.worker import BETWEEN, MARK, ORDER_NOT_READ, Order
from auditor.scanning.worker_spawner import WorkerSpawner

#: Seconds between two looks at whether each worker moves on.
WATCH_SECONDS = 0.25
#: Seconds that a worker may take before its first file: TensorFlow's import, on a busy machine.
IMPORT_SECONDS = 120.0


@dataclass(slots=True, eq=False)
class _Worker:
    """One worker: the batch it has (none while it is idle), and when it was last seen to begin a file."""

    pid: int
    pipe: Connection
    shared: mmap.mmap
    batch: list[Item] = field(default_factory=list)
    last_begun: int = -1
    last_moved: float = 0.0
    timed_out: bool = False
    has_decoded: bool = False

    def read_mark(self) -> tuple[int, int]:
        """Return the place of the file that is being decoded and the number of files begun."""
        place, begun = MARK.unpack_from(self.shared)
        return place, begun


class Pool:
    """Worker processes on this machine; a context manager.

    Parameters
    ----------
    order : Order
        What to scan from and how.
    jobs : int
        Workers.
    """

    def __init__(self, order: Order, jobs: int) -> None:
        fill_closed_streams()
        self._order, self._jobs = order, jobs
        self._workers: list[_Worker] = []
        self._spawner: WorkerSpawner | None = None

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers."""
        while self._workers:
            self._end(self._workers[-1])
        if self._spawner is not None:
            self._spawner.close()
            self._spawner = None

    def _start_worker(self) -> _Worker:
        near, far = socket.socketpair()
        with tempfile.TemporaryFile() as memory, far:
            memory.write(MARK.pack(BETWEEN, 0))
            memory.flush()
            shared = mmap.mmap(memory.fileno(), MARK.size)
            try:
                pid = self._fork_worker(far.fileno(), memory.fileno())
            except OSError as error:
                near.close()
                raise UsageError(
                    expected="room for another worker process",
                    received=error.strerror or "the process that forks workers ends",
                    hint="ask for fewer with --jobs, or allow more (ulimit -u for processes, -v for memory)",
                ) from None
        worker = _Worker(pid, Connection(near.detach()), shared)
        worker.pipe.send(self._order)
        self._workers.append(worker)
        return worker

    def _fork_worker(self, pipe: int, memory: int) -> int:
        """Return the process number of a new worker; a spawner that was killed is replaced."""
        if self._spawner is None:
            self._spawner = WorkerSpawner.take()
        try:
            return self._spawner.fork_worker(pipe, memory)
        except OSError:
            killed, self._spawner = self._spawner, None
            killed.close()
            self._spawner = WorkerSpawner.start()
            return self._spawner.fork_worker(pipe, memory)

    def _end(self, worker: _Worker) -> None:
        """Close a worker's pipe, which ends it; kill it where it is at work."""
        if worker.batch:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
        worker.pipe.close()
        worker.shared.close()
        self._workers.remove(worker)

    def run(self, batches: Iterable[Sequence[Item]]) -> Iterator[Rows]:
        """Scan batches, drawn as workers become free, and yield their rows as they come, in any order."""
        source = iter(batches)
        again: deque[list[Item]] = deque()
        while True:
            drawn = self._feed(source, again)
            busy = {w.pipe: w for w in self._workers if w.batch}
            if not busy and not drawn:
                return
            for pipe in wait(list(busy), WATCH_SECONDS):
                assert isinstance(pipe, Connection)
                worker = busy[pipe]
                try:
                    rows: Rows = pipe.recv()
                except (EOFError, OSError, pickle.UnpicklingError):
                    yield from self._replace_worker(worker, again)
                    continue
                yield self._take(rows, worker, again)
            self._kill_stalled()

    def _take(self, rows: Rows, worker: _Worker, again: deque[list[Item]]) -> Rows:
        """Return the rows that count; files that starved in a used worker are tried again in a fresh one."""
        starved = [
            place
            for place, facts in enumerate(rows.facts)
            if worker.has_decoded and facts and facts.defect == "memory"
        ]
        again.extend([worker.batch[place]] for place in starved)
        worker.batch, worker.has_decoded = [], True
        if starved:
            self._end(worker)
        return rows.without(starved)

    def _feed(self, source: Iterator[Sequence[Item]], again: deque[list[Item]]) -> bool:
        """Give every worker a batch; return whether more may be left."""
        while True:
            worker = next((w for w in self._workers if not w.batch), None)
            if worker is None and len(self._workers) >= self._jobs:
                return True
            batch = again.popleft() if again else list(next(source, ()))
            if not batch:
                return False
            if worker is None:
                worker = self._start_worker()
            worker.batch, worker.timed_out = batch, False
            worker.last_begun, worker.last_moved = worker.read_mark()[1], time.monotonic()
            with suppress(OSError):  # it died between two batches: its pipe says so next
                worker.pipe.send(batch)

    def _kill_stalled(self) -> None:
        """Kill workers that are still at the file that they began too long ago."""
        now = time.monotonic()
        for worker in self._workers:
            place, begun = worker.read_mark()
            allowed = self._order.timeout if place >= 0 else self._order.timeout + IMPORT_SECONDS
            if begun != worker.last_begun:
                worker.last_begun, worker.last_moved = begun, now
            elif worker.batch and now - worker.last_moved > allowed and not worker.timed_out:
                worker.timed_out = True
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)

    def _replace_worker(self, worker: _Worker, again: deque[list[Item]]) -> Iterator[Rows]:
        """Put down the file that a worker died of, and queue the rest of its batch for other workers."""
        place, begun = worker.read_mark()
        if begun == ORDER_NOT_READ:
            source = type(self._order.source)
            raise UsageError(
                expected="a data source that other processes can import",
                received=f"{source.__qualname__} of {source.__module__}",
                hint="define it in a module of its own, beside the script that scans",
            )
        batch, worker.batch = worker.batch, []
        self._end(worker)
        if not 0 <= place < len(batch):
            if len(batch) > 1:
                again.extend([item] for item in batch)
                return
            place = 0
        again.extend(part for part in (batch[:place], batch[place + 1 :]) if part)
        yield self._lost(batch[place], worker.timed_out)

    def _lost(self, item: Item, timed_out: bool) -> Rows:
        """Return the row of a file that cost a worker its life."""
        if timed_out:
            defect, reason = "timeout", f"timeout: not decoded within {self._order.timeout:g} s"
        else:
            defect, reason = "crashed", "crashed: the decoder died of this file, or ran out of memory"
        facts = facts_of_lost(item.path, defect, reason, None if timed_out else self._order.source)
        return Rows(
            [item.row],
            [facts],
            [item.stat],
            np.full((1, len(MEASURES)), np.nan),
            np.zeros((1, SIGNATURE_BYTES), dtype=np.uint8),
        )


__all__ = ["Pool"]
