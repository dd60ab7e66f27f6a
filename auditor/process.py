"""What a process of auditor's own asks of its machine; a program that imports auditor is left as it is."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path

#: Numerical libraries start a thread per core at import; a worker needs one.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: Parameters of glibc's ``mallopt`` (malloc.h), and bytes: freed memory at the top of the heap beyond which
#: it goes back to the system, and the size of a block from which it is mapped for itself and goes back at
#: once.
TRIM_THRESHOLD, MMAP_THRESHOLD = (-1, 64 << 20), (-3, 4 << 20)
#: Not empty once `settle` was called.
_settled: list[bool] = []


def keep_freed_memory() -> None:
    """Keep some freed memory for the next picture.

    To get it from the system again, page by page, takes a third of the time of measuring.
    Does nothing where the C library has no such setting.
    """
    import ctypes

    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, size in (TRIM_THRESHOLD, MMAP_THRESHOLD):
            mallopt(parameter, size)


def fill_closed_streams() -> None:
    """Open the null device for each of standard input, output and error that is closed.

    Else a pipe, or a file that is written, gets its number, and what native code prints ends up in it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one


def is_command() -> bool:
    """Whether this process is a command of auditor's own, not a program that uses auditor."""
    return bool(_settled)


def settle() -> None:
    """Prepare the process of a command: open standard streams, freed memory kept, OpenBLAS on one thread.

    Checks hold linear algebra to one thread anyhow (`auditor.evidence.single_thread`); the threads that
    OpenBLAS would start in NumPy and again in SciPy spin in vain, for 0.3 CPU seconds. The environment may
    ask for more.
    """
    _settled.append(True)
    fill_closed_streams()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # as Python leaves one that was closed at its start
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  for as long as the process lives
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal of ASCII gets escapes
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    keep_freed_memory()


__all__ = ["ONE_THREAD", "fill_closed_streams", "is_command", "keep_freed_memory", "settle"]
