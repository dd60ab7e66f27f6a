"""Distances between two samples, and how far off they may be.

The half-widths here bound the error of the *estimate of a distance*: with confidence ``1 - alpha`` the true
distance lies within ``distance ± half_width``. Where nothing differs the estimate is positive all the same,
and the interval reaches down to 0.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt


def kolmogorov_smirnov(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    first_weights: npt.ArrayLike | None = None,
    second_weights: npt.ArrayLike | None = None,
) -> tuple[float, float]:
    """Return the two-sample Kolmogorov-Smirnov distance, signed, and the value at which it is attained.

    Parameters
    ----------
    first, second : array_like of shape (n,), (m,)
        Samples without NaN.
    first_weights, second_weights : array_like, optional
        Weights of the values; equal by default.

    Returns
    -------
    distance : float
        In [-1, 1]: positive where values of ``first`` tend to be the smaller ones (its distribution function
        lies above).
    at : float
        The threshold that tells the two apart best.

    References
    ----------
    Smirnov, "Table for estimating the goodness of fit of empirical distributions", Annals of Mathematical
    Statistics 19, 1948.

    Examples
    --------
    >>> kolmogorov_smirnov([1, 2, 3, 4], [3, 4, 5, 6])
    (0.5, 2.0)
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    values = np.concatenate([a, b])
    steps = np.concatenate([_shares(len(a), first_weights), -_shares(len(b), second_weights)])
    order = np.argsort(values, kind="stable")
    values, difference = values[order], np.cumsum(steps[order])
    last = np.append(values[1:] != values[:-1], True)  # ties step together
    difference = np.where(last, difference, 0.0)
    best = int(np.argmax(np.abs(difference)))
    return float(np.clip(difference[best], -1.0, 1.0)), float(values[best])


def _shares(n: int, weights: npt.ArrayLike | None) -> npt.NDArray[np.float64]:
    if weights is None:
        return np.full(n, 1.0 / n)
    w = np.asarray(weights, dtype=float)
    return np.asarray(w / w.sum())


def dkw_half_width(n: float, m: float, alpha: float) -> float:
    """Return the half-width of the interval of a Kolmogorov-Smirnov distance, by effective sample sizes.

    ``sqrt(log(2 / alpha) / 2 * (1 / n + 1 / m))``: the Dvoretzky-Kiefer-Wolfowitz bound with Massart's
    constant, for the difference of two empirical processes. Equal distributions are the worst case: for
    unequal ones the limit process is the scaled Brownian bridge of the equal case conditioned on one more
    linear functional, so by Anderson's inequality its supremum is stochastically smaller.

    References
    ----------
    Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", Annals of Probability 18,
    1990. Wei, Dudley, "Two-sample Dvoretzky-Kiefer-Wolfowitz inequalities", Statistics and Probability
    Letters 82, 2012. Anderson, "The integral of a symmetric unimodal function", Proc. AMS 6, 1955.

    Examples
    --------
    >>> round(dkw_half_width(500, 500, 0.05), 4)
    0.0859
    """
    if n <= 0 or m <= 0:
        return 1.0
    return min(math.sqrt(math.log(2 / alpha) / 2 * (1 / n + 1 / m)), 1.0)


def kolmogorov_p_value(distance: float, n: float, m: float) -> float:
    """Return the two-sided p-value of a Kolmogorov-Smirnov distance, by effective sample sizes.

    The asymptotic distribution with Stephens' correction for small samples.

    References
    ----------
    Stephens, "Use of the Kolmogorov-Smirnov, Cramér-von Mises and related statistics without extensive
    tables", J. R. Statist. Soc. B 32, 1970.
    """
    from scipy.special import kolmogorov

    size = math.sqrt(n * m / (n + m))
    return float(kolmogorov(abs(distance) * (size + 0.12 + 0.11 / size)))


def total_variation(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the total variation distance of two count vectors over the same classes, in [0, 1].

    It is the share of either that would have to change class to make them alike, and the most by which the
    probability of any set of classes differs.

    References
    ----------
    Levin, Peres, Wilmer, "Markov chains and mixing times", AMS 2009, section 4.1.

    Examples
    --------
    >>> total_variation([1, 1], [3, 1])
    0.25
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return float(np.abs(a / a.sum() - b / b.sum()).sum() / 2)


def total_variation_half_width(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    n: float,
    m: float,
    alpha: float,
    generator: np.random.Generator,
) -> float:
    """Return the half-width of the interval of a total variation distance.

    The error of the estimate is at most the total variation of the sampling errors, whose quantile is
    simulated: two multinomial samples of the effective sizes from one common distribution. As for
    `dkw_half_width`, a common distribution (the average with weights ``1/n`` and ``1/m``) is the worst case.
    Counts get Jeffreys' half, so that a class unseen in one sample is not taken for impossible.

    Parameters
    ----------
    first, second : array_like of shape (n_classes,)
        Counts.
    n, m : float
        Effective sizes of the two samples.
    alpha : float
        One minus the confidence.
    generator : Generator
        Draws the samples: 2,000 to 20,000 of them, fewer where there are many classes.

    References
    ----------
    Efron, Tibshirani, "An introduction to the bootstrap", 1993, chapter 6 (the parametric bootstrap);
    Jeffreys, "Theory of probability", 1961, section 3.1 (the half).
    """
    a, b = np.asarray(first, dtype=float) + 0.5, np.asarray(second, dtype=float) + 0.5
    n, m = max(n, 1.0), max(m, 1.0)
    p = (a / a.sum() / n + b / b.sum() / m) / (1 / n + 1 / m)
    p /= p.sum()
    draws = int(np.clip(1_000_000 // len(p), 2_000, 20_000))
    errors = generator.multinomial(round(n), p, size=draws) / round(n) - generator.multinomial(
        round(m), p, size=draws
    ) / round(m)
    return float(np.quantile(np.abs(errors).sum(axis=1) / 2, 1 - alpha, method="higher"))


def total_variation_upper_end(
    first: npt.ArrayLike, second: npt.ArrayLike, n: float, m: float, alpha: float
) -> float:
    """Return what a total variation distance is at most, with confidence ``1 - alpha``.

    The smaller of two bounds. By Cauchy and Schwarz, the distance is at most half the root of the chi-squared
    divergence, whose upper end is that of the noncentrality of Pearson's statistic: what chance adds is
    accounted for, however many classes there are. A statistic that chance makes smaller in one case of four,
    as of stratified splits, counts as if it was there. For those, the distance is the difference in the share
    of one set of classes, whose upper end takes one normal quantile; a tenth of ``alpha`` is for this bound.

    Parameters
    ----------
    first, second : array_like of shape (n_classes,)
        Counts.
    n, m : float
        Effective sizes of the two samples.
    alpha : float

    References
    ----------
    Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24, 1982.
    Kent, Hainsworth, "Confidence intervals for the noncentral chi-squared distribution", Journal of
    Statistical Planning and Inference 46, 1995.

    Examples
    --------
    >>> round(total_variation_upper_end([250, 250], [250, 250], 500, 500, 0.05), 3)
    0.06
    """
    from scipy.special import chdtri, chndtrinc

    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    n, m = max(n, 1.0), max(m, 1.0)
    variance = 1 / n + 1 / m
    distance = total_variation(a, b)
    of_one_set = distance + NormalDist().inv_cdf(1 - alpha / 10) * 0.5 * math.sqrt(variance)
    degrees = int(((a + b) > 0).sum()) - 1
    if degrees < 1:
        return 0.0
    p, q = a / a.sum(), b / b.sum()
    common = (p / m + q / n) / variance
    seen = common > 0
    statistic = float(((p - q)[seen] ** 2 / common[seen]).sum()) / variance
    statistic = max(statistic, float(chdtri(degrees, 0.75)))
    noncentrality = float(chndtrinc(statistic, degrees, 0.9 * alpha))
    of_all = math.sqrt(noncentrality * variance) / 2
    return float(min(of_one_set, of_all, 1.0))


def cramers_v(table: npt.ArrayLike) -> float:
    """Return Cramér's V of a contingency table ``(n_rows, n_columns)``, corrected for its bias, in [0, 1].

    References
    ----------
    Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", J. Korean Stat. Soc. 42, 2013.

    Examples
    --------
    >>> round(cramers_v([[50, 0], [0, 50]]), 3), cramers_v([[25, 25], [25, 25]])
    (1.0, 0.0)
    """
    counts = np.asarray(table, dtype=float)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    rows, columns = counts.shape
    n = counts.sum()
    if min(rows, columns) < 2:
        return 0.0
    phi2 = max(chi_squared(counts) / n - (rows - 1) * (columns - 1) / (n - 1), 0.0)
    corrected = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1))
    return float(min(math.sqrt(phi2 / (corrected - 1)), 1.0)) if corrected > 1 else 0.0


def chi_squared(table: npt.ArrayLike) -> float:
    """Return Pearson's chi-squared statistic of a contingency table without empty rows or columns.

    References
    ----------
    Pearson, "On the criterion that a given system of deviations ...", Philosophical Magazine 50, 1900.

    Examples
    --------
    >>> chi_squared([[10, 20], [20, 10]])
    6.666666666666667
    """
    counts = np.asarray(table, dtype=float)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / counts.sum()
    return float(((counts - expected) ** 2 / expected).sum())


def chi_squared_p_value(statistic: float, degrees: int) -> float:
    """Return the upper tail of the chi-squared distribution; 1 without a degree of freedom.

    References
    ----------
    Pearson, "On the criterion that a given system of deviations ... can be reasonably supposed to have arisen
    from random sampling", Philosophical Magazine 50, 1900.

    Examples
    --------
    >>> round(chi_squared_p_value(3.841, 1), 3)
    0.05
    """
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic)) if degrees > 0 else 1.0
