"""One thread for linear algebra and OpenCV while evidence is computed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS and OpenCV on one thread inside the block.

    The matrices of the checks are small: a second thread mostly spins while it waits, which costs twice the
    CPU time, and on a busy machine more wall time as well. On one thread sums are also added in one order,
    whatever the machine. Warping a thumbnail on one thread takes a third of the time.
    """
    import cv2
    from threadpoolctl import threadpool_limits

    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        import scipy.linalg  # noqa: F401  SciPy brings a BLAS of its own, which must be loaded to be held back

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        cv2.setNumThreads(threads)


__all__ = ["one_thread"]
