"""What a judge, and copies that were labelled twice, say about how many labels are wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv


@dataclass(frozen=True, slots=True)
class NoiseRate:
    """Share of wrong labels with its 95 % interval."""

    value: float
    low: float
    high: float


def clopper_pearson(found: float, n: float, *, alpha: float = 0.05) -> tuple[float, float]:
    """Return the exact interval of a share; fractions are welcome (an effective sample size is one).

    References
    ----------
    Clopper, Pearson, "The use of confidence or fiducial limits", Biometrika 26, 1934.

    Examples
    --------
    >>> low, high = clopper_pearson(0, 10)
    >>> low, round(high, 4)
    (0.0, 0.3085)
    """
    if n <= 0:
        return 0.0, 1.0
    low = float(betaincinv(found, n - found + 1, alpha / 2)) if found > 0 else 0.0
    high = float(betaincinv(found + 1, n - found, 1 - alpha / 2)) if found < n else 1.0
    return low, high


def contradicted_share(values: npt.ArrayLike, given: npt.ArrayLike) -> float:
    """Return which share of wrong labels a judge contradicts if they follow its own doubts.

    Of all kinds these are the hardest to see. A wrong label is drawn from what the judge holds possible
    besides the given one, and where it doubts most. Where that is what it would say itself, it agrees with the
    wrong label and misses it.

    Parameters
    ----------
    values : array_like of shape (n, n_classes)
        Out-of-fold probabilities.
    given : array_like of int, shape (n,)
        The given classes.

    Returns
    -------
    float
        In (0, 1]; 1 where nothing is doubted.

    References
    ----------
    Chen, Ye, Chen, Zhao, Heng, "Beyond class-conditional assumption: a primary attempt to combat
    instance-dependent label noise", AAAI 2021 (wrong labels made from a model's own predictions).

    Examples
    --------
    >>> round(contradicted_share([[0.9, 0.1], [0.7, 0.3]], [0, 1]), 3)
    0.125
    """
    p = np.asarray(values)
    labels, rows = np.asarray(given), np.arange(len(p))
    doubt = 1 - p[rows, labels].astype(float)
    predicted = p.argmax(axis=1)
    missed = np.where(predicted == labels, 0.0, p[rows, predicted])
    total = float(doubt.sum())
    return float((doubt - missed).sum() / total) if total > 0 else 1.0


def most_wrong(contradicted: float, n: float, share_contradicted: float, *, alpha: float = 0.05) -> float:
    """Return the largest share of wrong labels that fits how many of them a judge contradicts.

    Whatever else it contradicts are its own errors, so wrong labels times the share of them that it
    contradicts is at most all that it contradicts. The upper Clopper-Pearson bound of the latter is
    divided by the former share. It bounds in one direction alone.

    Parameters
    ----------
    contradicted, n : float
        Labels that the judge contradicts, and labels; images of one group may count as one together.
    share_contradicted : float
        Share of wrong labels that the judge contradicts, in [0, 1].
    alpha : float
        One minus the confidence of the one-sided bound.

    References
    ----------
    Rogan, Gladen, "Estimating prevalence from the results of a screening test", American Journal of
    Epidemiology 107, 1978 (what a test finds over its sensitivity; its false alarms are taken for found).

    Examples
    --------
    >>> round(most_wrong(0, 299, 1.0), 4), most_wrong(5, 10, 0.0)
    (0.01, 1.0)
    """
    if n <= 0 or share_contradicted <= 0:
        return 1.0
    return min(1.0, clopper_pearson(contradicted, n, alpha=2 * alpha)[1] / share_contradicted)


def noise_from_copies(disagreeing: int, pairs: int, classes: int, *, alpha: float = 0.05) -> NoiseRate:
    """Return the share of wrong labels among pictures that were labelled twice, apart from each other.

    Two labels of one picture agree where both are right, or both wrong in the same way. With a share ``w`` of
    wrong labels and ``c`` the chance that two wrong ones agree, ``1 - disagreement = (1 - w)**2 + c * w**2``.
    The value takes wrong labels for random (``c = 1 / (classes - 1)``); the ends allow any ``c`` in [0, 1]
    besides the Clopper-Pearson interval of the disagreement over pairs.

    References
    ----------
    Dawid, Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm", Applied
    Statistics 28, 1979 (labels that are independent given the truth).

    Examples
    --------
    >>> noise_from_copies(0, 0, 3)
    NoiseRate(value=0.0, low=0.0, high=1.0)
    >>> round(noise_from_copies(19, 100, 2).value, 3)
    0.106
    """
    if pairs <= 0:
        return NoiseRate(0.0, 0.0, 1.0)
    low, high = clopper_pearson(disagreeing, pairs, alpha=alpha)
    share = disagreeing / pairs
    agree = 1 / max(classes - 1, 1)

    def wrong(disagreement: float, c: float) -> float:
        # The smaller root of (1 + c) w**2 - 2 w + disagreement = 0; beyond its top any share is possible.
        inside = 1 - (1 + c) * disagreement
        return (1 - math.sqrt(inside)) / (1 + c) if inside >= 0 else 1 / (1 + c)

    least, most = wrong(low, 0.0), wrong(high, 1.0) if high < 0.5 else 1.0
    return NoiseRate(float(np.clip(wrong(share, agree), least, most)), least, most)
