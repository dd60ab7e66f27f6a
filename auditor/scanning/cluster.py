"""The same scan on a Dask cluster: tasks of hundreds of files, each in a pool of one worker that may die."""

from __future__ import annotations

import atexit
import importlib
import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any

from auditor.errors import MissingExtraError, UsageError
from auditor.scanning.batch import Item, Rows
from auditor.scanning.pool import Pool
from auditor.scanning.worker import Order

#: Tasks handed out ahead per cluster thread: enough to keep it busy, few enough that the scheduler's memory
#: does not grow with the data.
AHEAD = 4
#: Batches in one task: a few hundred files.
TASK_BATCHES = 3
#: How long the scheduler may take to answer.
CONNECT_SECONDS = 20.0
#: How often a task is given to another worker after its own was lost.
RETRIES = 10

_pools: dict[bytes, Pool] = {}


def scan_task(order: Order, batches: Sequence[Sequence[Item]]) -> list[Rows]:
    """Scan some batches in a process beside the cluster's worker, which a crashing decoder does not reach.

    That process is kept for the tasks to come.
    """
    key = pickle.dumps(order)
    if key not in _pools:
        while _pools:
            _pools.popitem()[1].close()
        _pools[key] = Pool(order, 1)
        atexit.register(_pools[key].close)
    return list(_pools[key].run(batches))


def scan_on_dask(
    order: Order, batches: Iterable[Sequence[Item]], scheduler: str | None, jobs: int | None
) -> Iterator[Rows]:
    """Scan batches on a cluster and yield their rows as they come, in any order.

    Parameters
    ----------
    order : Order
        What to scan from and how; every worker of the cluster must reach the files under the same paths.
    scheduler : str or None
        Address of the scheduler; a cluster on this machine where there is none.
    jobs : int or None
        Worker processes of a cluster on this machine.

    Raises
    ------
    MissingExtraError
        Dask is not installed.
    UsageError
        No scheduler answers at the address.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise MissingExtraError.of("distributed", "cluster") from None
    with ExitStack() as stack:
        client = _connect(distributed, scheduler, jobs, stack)
        source = iter(batches)
        threads = max(sum(client.nthreads().values()), 1)

        def submit(count: int) -> list[object]:
            tasks = (list(islice(source, TASK_BATCHES)) for _ in range(count))
            return [
                client.submit(scan_task, order, task, pure=False, retries=RETRIES) for task in tasks if task
            ]

        running = distributed.as_completed(submit(AHEAD * threads), loop=client.loop)
        for future in running:
            found = future.result()
            future.release()
            for following in submit(1):
                running.add(following)
            yield from found


def _connect(distributed: Any, scheduler: str | None, jobs: int | None, stack: ExitStack) -> Any:
    """Return a client of the scheduler, or of a cluster on this machine that ends with the stack."""
    where: Any = scheduler
    if scheduler is None:
        where = stack.enter_context(
            distributed.LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                dashboard_address=None,
                host="127.0.0.1",
                silence_logs=50,
            )
        )
    try:
        return stack.enter_context(distributed.Client(where, timeout=CONNECT_SECONDS, set_as_default=False))
    except (OSError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise UsageError(
            expected="the address of a Dask scheduler",
            received=f"'{scheduler}' ({reason})",
            hint="as in tcp://host:8786",
        ) from None
