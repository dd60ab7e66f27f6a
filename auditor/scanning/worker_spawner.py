"""The process that forks workers: it has imported what decoding needs, so a new worker costs only a fork.

The spawner of a program that uses auditor is a fresh interpreter, so that nothing of the program's (threads,
TensorFlow, an unguarded main module) is forked or run again. A command of auditor's own forks its spawner off
itself before it has threads or data, which saves the imports.
"""

from __future__ import annotations

import atexit
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from auditor.process import ONE_THREAD, fill_closed_streams

#: The folder of the package `auditor`.
PACKAGE = str(Path(__file__).resolve().parents[2])


class WorkerSpawner:
    """The caller's end of a spawner: `WorkerSpawner.take` gives one."""

    def __init__(self, control: socket.socket, wait: Callable[[], object]) -> None:
        self._control, self._wait = control, wait

    @classmethod
    def take(cls) -> WorkerSpawner:
        """Return the spawner that `prepare` forked, the first time; a fresh one otherwise."""
        return _prepared.pop() if _prepared else cls.start()

    @classmethod
    def start(cls) -> WorkerSpawner:
        """Return a spawner that is an interpreter of its own."""
        fill_closed_streams()
        ours, theirs = socket.socketpair()
        # -P: never import from the folder that the caller happens to be in.
        command = [sys.executable, "-P", "-m", "auditor.scanning.worker", str(theirs.fileno())]
        environment = {
            **os.environ,
            **ONE_THREAD,
            "PYTHONPATH": os.pathsep.join([PACKAGE, *filter(None, sys.path)]),
        }
        with theirs:
            process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment,
            )
        return cls(ours, process.wait)

    @classmethod
    def fork(cls) -> WorkerSpawner:
        """Return a spawner that is a fork of this process."""
        from auditor.scanning.worker import spawn_workers

        fill_closed_streams()
        ours, theirs = socket.socketpair()
        with theirs:
            pid = os.fork()
            if pid == 0:
                try:
                    _close_all_but(theirs.fileno())
                    spawn_workers(theirs.fileno())
                finally:
                    os._exit(0)
        return cls(ours, lambda: os.waitpid(pid, 0))

    def fork_worker(self, pipe: int, memory: int) -> int:
        """Fork a worker that is given two descriptors, and return its process number.

        Raises
        ------
        OSError
            The spawner is gone.
        """
        socket.send_fds(self._control, [b"w"], [pipe, memory])
        answer = self._control.recv(8)
        if len(answer) < 8:
            raise ConnectionResetError
        return int(struct.unpack("<q", answer)[0])

    def close(self) -> None:
        """End the spawner, and wait until its workers have ended."""
        self._control.close()
        with suppress(ChildProcessError):  # this process ignores SIGCHLD: the system has waited for it
            self._wait()


_prepared: list[WorkerSpawner] = []


def prepare() -> None:
    """Fork the spawner of this process's first scan off the process itself.

    For commands, before they load anything. Does nothing where a fork is not safe: beside other threads, or
    anywhere but on Linux.
    """
    from auditor.scanning import worker  # noqa: F401  what a spawner has to have imported

    if sys.platform == "linux" and len([*Path("/proc/self/task").iterdir()]) == 1 and not _prepared:
        _prepared.append(WorkerSpawner.fork())
        atexit.register(_close_unused)


def _close_unused() -> None:
    while _prepared:
        _prepared.pop().close()


def _close_all_but(control: int) -> None:
    """Keep no descriptor of the caller's but one and standard error, as a fresh process would."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  a list, before any is closed
        if int(name) not in (0, 1, 2, control):
            with suppress(OSError):
                os.close(int(name))


__all__ = ["WorkerSpawner", "prepare"]
