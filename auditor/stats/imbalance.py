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
    Pielou, "The measurement of diversity in different types of biological collections", J. Theor. Biol. 13,
    1966.

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
    """Return the effective number of samples of each class, ``(1 - beta**n) / (1 - beta)``.

    References
    ----------
    Cui, Jia, Lin, Song, Belongie, "Class-balanced loss based on effective number of samples", CVPR 2019,
    proposition 1.

    Examples
    --------
    >>> effective_number([1, 2], beta=0.5).tolist()
    [1.0, 1.5]
    """
    n = np.asarray(counts, dtype=float)
    return np.asarray(-np.expm1(n * np.log(beta)) / (1 - beta))


def imbalance_ratio(counts: npt.ArrayLike) -> float:
    """Return the size of the largest class over that of the smallest that has an image; 1 is balanced.

    References
    ----------
    Orriols-Puig, Bernado-Mansilla, "Evolutionary rule-based systems for imbalanced data sets", Soft Computing
    13, 2009.

    Examples
    --------
    >>> imbalance_ratio([30, 10, 0])
    3.0
    """
    n = np.asarray(counts, dtype=float)
    n = n[n > 0]
    return float(n.max() / n.min()) if len(n) else 1.0


def likelihood_ratio_imbalance_degree(counts: npt.ArrayLike) -> float:
    """Return the likelihood ratio imbalance degree (LRID); 0 is balanced.

    ``2 * sum(n_c * log(n_classes * n_c / n))`` is the likelihood-ratio statistic against equal classes, so it
    grows with the number of images as well as with the imbalance.

    References
    ----------
    Zhu, Wang, Li, Zhang, "LRID: A new metric of multi-class imbalance degree based on likelihood-ratio test",
    Pattern Recognition Letters 116, 2018.

    Examples
    --------
    >>> likelihood_ratio_imbalance_degree([5, 5]), round(likelihood_ratio_imbalance_degree([3, 1]), 4)
    (0.0, 1.0465)
    """
    n = np.asarray(counts, dtype=float)
    present = n[n > 0]
    return float(2 * (present * np.log(len(n) * present / n.sum())).sum()) + 0.0
