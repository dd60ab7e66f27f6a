"""What the spawner and the workers that it forks do; a worker may die of a file.

`auditor.scanning.worker_spawner` says where the spawner comes from. All of them end when the caller's sockets
close, however the caller ended.
"""

from __future__ import annotations

import math
import mmap
import os
import pickle
import resource
import signal
import socket
import struct
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import cv2

from auditor.dataset import Source
from auditor.process import fill_closed_streams, keep_freed_memory
from auditor.scanning.batch import Examine, scan_batch

#: What a worker notes in shared memory: the place of the file in its batch, and how many files it has begun.
MARK = struct.Struct("<qq")
#: The place while no file is being decoded.
BETWEEN = -1
#: The number of files begun of a worker that cannot unpickle its order.
ORDER_NOT_READ = -1


class Order(NamedTuple):
    """What a worker gets first: where the bytes are, an image's seconds and bytes, which decoders to try."""

    source: Source
    timeout: float
    memory_limit: int
    decoders: str


def spawn_workers(control: int) -> None:
    """Fork a worker for each pair of descriptors (pipe, shared memory) that comes, until the caller is
    gone.
    """
    fill_closed_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(
        signal.SIGCHLD, signal.SIG_DFL
    )  # the caller may ignore it, and this process waits for workers
    cv2.setNumThreads(1)
    keep_freed_memory()
    with socket.socket(fileno=control) as caller:
        while True:
            try:
                message, descriptors, _, _ = socket.recv_fds(caller, 1, 2)
            except ConnectionResetError:
                break
            if not message:
                break
            child = os.fork()
            if child == 0:
                caller.close()
                status = 1
                with suppress(EOFError, BrokenPipeError, ConnectionResetError):
                    work(Connection(descriptors[0]), descriptors[1])
                    status = 0
                os._exit(status)
            for descriptor in descriptors:
                os.close(descriptor)
            caller.sendall(struct.pack("<q", child))
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _limit_memory(extra: int) -> None:
    """Let this process take ``extra`` bytes of address space more than it has now."""
    with suppress(OSError, ValueError):
        now = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + extra, resource.getrlimit(resource.RLIMIT_AS)[1]))


def work(pipe: Connection, memory: int) -> None:
    """Scan batches until the pipe closes."""
    shared = mmap.mmap(memory, MARK.size)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)  # this process is auditor's own: what decoders print is not for the user
    os.close(silence)
    try:
        order: Order = pipe.recv()
    except (AttributeError, ImportError, pickle.UnpicklingError):
        MARK.pack_into(shared, 0, BETWEEN, ORDER_NOT_READ)
        return
    last_resort = math.ceil(2 * order.timeout) + 5  # should whoever watches over this process be gone
    begun = 0

    def mark(place: int) -> None:
        nonlocal begun
        begun += 1
        MARK.pack_into(shared, 0, place, begun)
        signal.alarm(last_resort)

    examine: Examine | None = None
    if order.decoders == "all":
        from auditor.scanning.decoders import compare, tensorflow

        tensorflow()
        examine = compare
    _limit_memory(order.memory_limit)
    while True:
        MARK.pack_into(shared, 0, BETWEEN, begun)
        signal.alarm(0)
        items = pipe.recv()
        rows, _ = scan_batch(order.source, items, mark=mark, examine=examine)
        MARK.pack_into(shared, 0, BETWEEN, begun)
        pipe.send(rows)


if __name__ == "__main__":
    # What is unpickled must be of the importable module, not of __main__.
    from auditor.scanning import worker

    worker.spawn_workers(int(sys.argv[1]))
