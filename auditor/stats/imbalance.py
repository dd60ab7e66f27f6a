"""How unevenly classes are filled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def evenness(counts: npt.ArrayLike) -> float:
    """Return the normalised Shannon evenness of class counts (Pielou's J), in [0, 1]; 1 is balanced.

    Parameters
    ----------
    counts : array_like of shape (n_classes,)
        Images per class; at least one is positive.

    References
    ----------
    Pielou, "The measurement of diversity in different types of biological collections", J. Theor. Biol. 13, 1966.

    Examples
    --------
    >>> evenness([5, 5, 5, 5])
    1.0
    """
    p = np.asarray(counts, dtype=float)
    if len(p) < 2:
        return 1.0
    p = p[p > 0] / p.sum()
    return float(-(p * np.log(p)).sum() / np.log(len(np.atleast_1d(counts)))) + 0.0


def effective_number(counts: npt.ArrayLike, beta: float) -> npt.NDArray[np.float64]:
    """Return the effective number of samples of each class, ``(1 - beta**n) / (1 - beta)``, shape ``(n_classes,)``.

    References
    ----------
    Cui, Jia, Lin, Song, Belongie, "Class-balanced loss based on effective number of samples", CVPR 2019, proposition 1.

    Examples
    --------
    >>> effective_number([1, 2], beta=0.5).tolist()
    [1.0, 1.5]
    """
    n = np.asarray(counts, dtype=float)
    return -np.expm1(n * np.log(beta)) / (1 - beta)
