"""What a sample says about the whole, exactly."""

from __future__ import annotations

import numpy as np
from scipy import stats


def most_affected(found: int, sampled: int, total: int, confidence: float = 0.95) -> int:
    """Return the largest number of affected images among ``total`` that fits a sample without replacement.

    The one-sided exact (Clopper-Pearson) bound of the hypergeometric distribution: were more affected, a
    random sample of this size would hold no more than ``found`` of them in less than ``1 - confidence`` of
    all draws. For a sample that is stratified in proportion it is an upper bound still, since stratified
    counts vary less.

    Parameters
    ----------
    found, sampled, total : int
        Affected images in the sample, images in the sample, images in all.
    confidence : float
        In (0, 1).

    References
    ----------
    Clopper and Pearson, "The use of confidence or fiducial limits", Biometrika 26, 1934; Buonaccorsi, "A note
    on confidence intervals for proportions in finite populations", The American Statistician 41, 1987.

    Examples
    --------
    >>> most_affected(0, 100, 100), most_affected(0, 59, 10_000), most_affected(3, 0, 10)
    (0, 493, 10)
    """
    if not sampled:
        return total
    low, high = found, total - (sampled - found)
    while low < high:  # the probability falls as the number of affected images grows
        middle = (low + high + 1) // 2
        if float(stats.hypergeom.cdf(found, total, middle, sampled)) >= 1 - confidence:
            low = middle
        else:
            high = middle - 1
    return int(np.int64(low))
