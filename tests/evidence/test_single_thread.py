"""Linear algebra runs on one thread inside the block, and as before behind it."""

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits

from auditor.evidence.single_thread import one_thread


def blas_threads() -> list[int]:
    scipy.linalg.norm(np.ones(2))
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_blas_has_one_thread_inside_and_as_many_as_before_behind() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        assert set(before) == {2}
        with one_thread():
            assert set(blas_threads()) == {1}
        assert blas_threads() == before


def test_an_error_inside_gives_the_threads_back() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        try:
            with one_thread():
                raise ValueError
        except ValueError:
            pass
        assert set(blas_threads()) == {2}
