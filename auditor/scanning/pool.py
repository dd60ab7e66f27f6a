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
from auditor.scanning.batch import Item, Rows, lost
from auditor.scanning.nursery import Nursery
from auditor.scanning.schema import MEASURES, SIGNATURE_BYTES
from auditor.scanning.worker import BETWEEN, MARK, PUZZLED, Order

#: How often the watch looks whether a worker moves on, in seconds.
WATCH = 0.25
#: What a worker may take before its first file, in seconds: the import of TensorFlow where every decoder is
#: tried, on a busy machine.
IMPORTS = 120.0


@dataclass(slots=True, eq=False)
class _Worker:
    pid: int
    pipe: Connection
    shared: mmap.mmap
    batch: list[Item] = field(default_factory=list)
    seen: int = -1
    since: float = 0.0
    late: bool = False
    used: bool = False

    def begun(self) -> tuple[int, int]:
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
        self._order, self._jobs = order, jobs
        self._workers: list[_Worker] = []
        self._nursery: Nursery | None = None

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            self._end(worker)
        self._workers.clear()
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None

    def _hire(self) -> _Worker:
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
                    hint="ask for fewer with --jobs, or allow more processes or memory (ulimit -u, ulimit -v)",
                ) from None
        worker = _Worker(pid, Connection(near.detach()), shared)
        worker.pipe.send(self._order)
        return worker

    def _fork_worker(self, pipe: int, memory: int) -> int:
        """Return the process number of a new worker, forked by a fresh nursery where the last one was killed."""
        if self._nursery is None:
            self._nursery = Nursery.ready()
        try:
            return self._nursery.worker(pipe, memory)
        except OSError:
            killed, self._nursery = self._nursery, None
            killed.close()
            self._nursery = Nursery.fresh()
            return self._nursery.worker(pipe, memory)

    def _end(self, worker: _Worker) -> None:
        if worker.batch:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
        worker.pipe.close()
        worker.shared.close()

    def run(self, batches: Iterable[Sequence[Item]]) -> Iterator[Rows]:
        """Scan batches and yield their rows as they come, in any order; batches are drawn only as workers become free."""
        source = iter(batches)
        again: deque[list[Item]] = deque()
        while True:
            drawn = self._feed(source, again)
            busy = {w.pipe: w for w in self._workers if w.batch}
            if not busy and not drawn:
                return
            for pipe in wait(list(busy), WATCH):
                assert isinstance(pipe, Connection)
                worker = busy[pipe]
                try:
                    rows: Rows = pipe.recv()
                except (EOFError, OSError, pickle.UnpicklingError):
                    yield from self._mourn(worker, again)
                    continue
                starved = (
                    [place for place, found in enumerate(rows.facts) if found and found.defect == "memory"]
                    if worker.used
                    else []
                )
                if starved:  # what an earlier file left behind may have been the cause: try once more in a fresh worker
                    again.extend([worker.batch[place]] for place in starved)
                    rows = without(rows, starved)
                    worker.batch.clear()
                    self._end(worker)
                    self._workers.remove(worker)
                worker.batch, worker.used = [], True
                yield rows
            self._watch()

    def _feed(self, source: Iterator[Sequence[Item]], again: deque[list[Item]]) -> bool:
        while True:
            worker = next((w for w in self._workers if not w.batch), None)
            if worker is None and len(self._workers) >= self._jobs:
                return True
            batch = again.popleft() if again else list(next(source, ()))
            if not batch:
                return False
            if worker is None:
                worker = self._hire()
                self._workers.append(worker)
            worker.batch, worker.late = batch, False
            worker.seen, worker.since = worker.begun()[1], time.monotonic()
            with suppress(OSError):  # it died between two batches: its pipe says so next
                worker.pipe.send(batch)

    def _watch(self) -> None:
        """Kill workers that are still at the file that they began too long ago."""
        now = time.monotonic()
        for worker in self._workers:
            place, begun = worker.begun()
            allowed = self._order.timeout if place >= 0 else self._order.timeout + IMPORTS
            if begun != worker.seen:
                worker.seen, worker.since = begun, now
            elif worker.batch and now - worker.since > allowed and not worker.late:
                worker.late = True
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)

    def _mourn(self, worker: _Worker, again: deque[list[Item]]) -> Iterator[Rows]:
        """Put down the file that a worker died of, and hand on the rest of its batch."""
        place, begun = worker.begun()
        if begun == PUZZLED:
            source = type(self._order.source)
            raise UsageError(
                expected="a data source that other processes can import",
                received=f"{source.__qualname__} of {source.__module__}",
                hint="define it in a module of its own, beside the script that scans",
            )
        batch, worker.batch = worker.batch, []
        self._workers.remove(worker)
        self._end(worker)
        if not 0 <= place < len(batch):
            if len(batch) > 1:
                again.extend([item] for item in batch)
                return
            place = 0
        again.extend(part for part in (batch[:place], batch[place + 1 :]) if part)
        culprit = batch[place]
        if worker.late:
            defect, reason = "timeout", f"timeout: not decoded within {self._order.timeout:g} s"
        else:
            defect, reason = "crashed", "crashed: the decoder died of this file, or ran out of memory"
        facts = lost(culprit.path, defect, reason, None if worker.late else self._order.source)
        yield Rows(
            [culprit.row],
            [facts],
            [culprit.stat],
            np.full((1, len(MEASURES)), np.nan),
            np.zeros((1, SIGNATURE_BYTES), dtype=np.uint8),
        )


def without(rows: Rows, places: Sequence[int]) -> Rows:
    """Return the rows but those at some places."""
    keep = [i for i in range(len(rows.index)) if i not in set(places)]
    return Rows(
        [rows.index[i] for i in keep],
        [rows.facts[i] for i in keep],
        [rows.stats[i] for i in keep],
        rows.measures[keep],
        rows.signatures[keep],
    )
