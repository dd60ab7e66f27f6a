"""What a process of auditor's own asks of its machine: nothing here is done to a process that only imports auditor."""

from __future__ import annotations

import os
from contextlib import suppress

#: Numerical libraries start a thread per core at import; a worker needs one.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: Parameters of glibc's ``mallopt`` (malloc.h), and bytes: freed memory at the top of the heap beyond which
#: it goes back to the system, and the size of a block from which it is mapped for itself and goes back at
#: once.
TRIM_THRESHOLD, MMAP_THRESHOLD = (-1, 64 << 20), (-3, 4 << 20)


def keep_freed_memory() -> None:
    """Keep some freed memory for the next picture: to get it from the system again, page by page, takes a third of the time of measuring.

    Does nothing where the C library has no such setting.
    """
    import ctypes

    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, size in (TRIM_THRESHOLD, MMAP_THRESHOLD):
            mallopt(parameter, size)


def settle() -> None:
    """Prepare the process of a command: `keep_freed_memory`, and OpenBLAS on one thread unless the environment says otherwise.

    Checks hold linear algebra to one thread anyhow (`auditor.evidence.single_thread`); the threads that OpenBLAS
    would start in NumPy and again in SciPy spin in vain, for 0.3 CPU seconds.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    keep_freed_memory()


__all__ = ["ONE_THREAD", "keep_freed_memory", "settle"]
