"""One thread for linear algebra while evidence is computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS on one thread inside the block.

    The matrices of the checks are small: a second thread mostly spins while it waits, which costs twice the CPU time, and on a busy machine
    more wall time as well. On one thread sums are also added in one order, whatever the machine.
    """
    import scipy.linalg  # noqa: F401  SciPy brings a BLAS of its own, which must be loaded to be held back
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield


__all__ = ["one_thread"]
