"""In which order files are read, so that a scan that is stopped has a fair sample."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: Files of each class and split that are read before anything else: two are the least that show a difference.
FIRST = 2


def reading_order(strata: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Return the places of all files in an order whose every beginning is a stratified random sample.

    After `FIRST` files of each stratum, the strata grow in proportion to their sizes. The order depends on
    the strata and the seed alone.

    Parameters
    ----------
    strata : ndarray of int64, shape (n_files,)
        Number of the class and split of each file.
    seed : int
        Seeds the draw.

    Examples
    --------
    >>> order = reading_order(np.repeat([0, 1], [90, 10]), 0)
    >>> [int(np.sum(order[:n] >= 90)) for n in (4, 50, 100)]
    [2, 5, 10]
    """
    rng = np.random.default_rng([seed, 0x5CA1])
    shuffled = rng.permutation(len(strata))
    by_stratum = shuffled[np.argsort(strata[shuffled], kind="stable")]
    sizes = np.bincount(strata, minlength=int(strata.max(initial=-1)) + 1)
    rank = np.empty(len(strata))
    start = 0
    for size in sizes:
        offset = rng.random()
        rank[start : start + size] = (np.arange(size) + offset) / max(size, 1)
        rank[start : start + min(FIRST, size)] -= 1.0
        start += size
    return by_stratum[np.argsort(rank, kind="stable")].astype(np.int64)
