"""Where workers come from: a process that has imported what decoding needs and forks a worker when asked.

A new worker costs a fork, not an import. The nursery of a program that uses auditor is a fresh interpreter,
so that nothing of the program's (threads, TensorFlow, an unguarded main module) is forked or run again. A
command of auditor's own forks its nursery off itself before it has threads or data, which spares it those
imports.
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

from auditor.process import ONE_THREAD

#: Where the package `auditor` is.
PACKAGE = str(Path(__file__).resolve().parents[2])


class Nursery:
    """The caller's end of a nursery: `Nursery.ready` gives one."""

    def __init__(self, control: socket.socket, wait: Callable[[], object]) -> None:
        self._control, self._wait = control, wait

    @classmethod
    def ready(cls) -> Nursery:
        """Return the nursery that `prepare` forked, the first time; a fresh one otherwise."""
        return _prepared.pop() if _prepared else cls.fresh()

    @classmethod
    def fresh(cls) -> Nursery:
        """Return a nursery that is an interpreter of its own."""
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
    def _forked(cls) -> Nursery:
        from auditor.scanning.worker import nursery

        ours, theirs = socket.socketpair()
        with theirs:
            pid = os.fork()
            if pid == 0:
                try:
                    control = _alone(theirs.fileno())
                    nursery(control)
                finally:
                    os._exit(0)
        return cls(ours, lambda: os.waitpid(pid, 0))

    def worker(self, pipe: int, memory: int) -> int:
        """Fork a worker that is given two descriptors, and return its process number.

        Raises
        ------
        OSError
            The nursery is gone.
        """
        socket.send_fds(self._control, [b"w"], [pipe, memory])
        answer = self._control.recv(8)
        if len(answer) < 8:
            raise ConnectionResetError
        return int(struct.unpack("<q", answer)[0])

    def close(self) -> None:
        """End the nursery, and wait until its workers have ended."""
        self._control.close()
        self._wait()


_prepared: list[Nursery] = []


def prepare() -> None:
    """Fork the nursery of this process's first scan off the process itself.

    For commands, before they load anything. Does nothing where a fork is not safe: beside other threads, or
    anywhere but on Linux.
    """
    from auditor.scanning import worker  # noqa: F401  which is what a nursery has to have imported

    if sys.platform == "linux" and len([*Path("/proc/self/task").iterdir()]) == 1 and not _prepared:
        _prepared.append(Nursery._forked())
        atexit.register(_unused)


def _unused() -> None:
    while _prepared:
        _prepared.pop().close()


def _alone(control: int) -> int:
    """Keep no descriptor of the caller's but the control socket's and standard error, as a fresh process would."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  a list, before any is closed
        if int(name) not in (0, 1, 2, control):
            with suppress(OSError):
                os.close(int(name))
    return control


__all__ = ["Nursery", "prepare"]
