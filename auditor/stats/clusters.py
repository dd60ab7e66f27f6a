"""Samples that come in groups: how many independent images they are worth."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

#: Groups on either side below which nothing is decided: with fewer, the variance between groups is a guess.
FEWEST_GROUPS = 10
#: Thresholds at which the variance of a distribution function is looked at.
GRID = 32


def kish_size(sizes: npt.ArrayLike) -> float:
    """Return the effective size of a sample whose groups are each worth one image, ``(sum n)^2 / sum n^2``.

    References
    ----------
    Kish, "Survey Sampling", 1965, section 8.2.

    Examples
    --------
    >>> kish_size([1, 1, 1]), kish_size([4, 4]), kish_size([9, 1])
    (3.0, 2.0, 1.2195121951219512)
    """
    n = np.asarray(sizes, dtype=float)
    return float(n.sum() ** 2 / (n**2).sum())


def effective_size(
    indicators: npt.NDArray[np.bool_], groups: npt.ArrayLike, alpha: float, *, largest: bool
) -> float:
    """Return how many independent images a grouped sample is worth for estimating shares.

    The variance of each share is estimated between groups (linearised, ultimate clusters) and compared with
    that of independent images; a Student quantile with (groups - 1) degrees of freedom pays for the estimate.
    Never more than the images, and never less than one image per group would give where that bound holds.

    Parameters
    ----------
    indicators : ndarray of bool, shape (n_images, n_shares)
        Which images count for which share.
    groups : array_like of shape (n_images,)
        What each image belongs to.
    alpha : float
        The level at which the size will be used.
    largest : bool
        Compare the largest variance with the largest possible, 1/4 (for a supremum, as of a distribution
        function), or else the sums over shares (for a sum, as of a total variation; Rao and Scott's
        first-order correction).

    References
    ----------
    Rao, Scott, "The analysis of categorical data from complex sample surveys", JASA 76, 1981.
    """
    _, numbers, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    if len(numbers) == len(sizes):
        return float(len(numbers))
    columns = [np.bincount(numbers, weights=column, minlength=len(sizes)) for column in indicators.T]
    return _size_of_totals(np.stack(columns, axis=1), sizes, alpha, largest=largest)


def effective_size_of_values(values: npt.ArrayLike, groups: npt.ArrayLike, alpha: float) -> float:
    """Return how many independent images a grouped sample is worth for estimating a distribution function.

    See `effective_size`; the shares are those up to each of 32 quantiles.

    References
    ----------
    Francisco, Fuller, "Quantile estimation with a complex survey design", Annals of Statistics 19, 1991 (the
    variance of a distribution function over clusters).
    """
    x = np.asarray(values, dtype=float)
    _, numbers, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    if len(numbers) == len(sizes):
        return float(len(x))
    grid = np.unique(np.quantile(x, (np.arange(GRID) + 0.5) / GRID, method="lower"))
    place = np.searchsorted(grid, x)  # the first grid value that is not below
    cells = np.bincount(numbers * (len(grid) + 1) + place, minlength=len(sizes) * (len(grid) + 1))
    below = np.cumsum(cells.reshape(len(sizes), -1), axis=1)[:, :-1].astype(float)
    return _size_of_totals(below, sizes, alpha, largest=True)


def effective_size_of_classes(classes: npt.ArrayLike, groups: npt.ArrayLike, alpha: float) -> float:
    """Return how many independent images a grouped sample is worth for estimating class shares.

    The same as `effective_size` of one indicator per class with ``largest=False``, in time and memory that do
    not grow with the number of classes.

    Parameters
    ----------
    classes : array_like of int, shape (n_images,)
        Class numbers from 0.

    References
    ----------
    Rao, Scott, "The analysis of categorical data from complex sample surveys", JASA 76, 1981.
    """
    codes = np.asarray(classes, dtype=np.int64)
    _, numbers, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    n, count = len(codes), len(sizes)
    if n == count:
        return float(n)
    width = int(codes.max()) + 1
    cells, inside = np.unique(numbers * width + codes, return_counts=True)
    of_class, of_group = cells % width, sizes[cells // width]
    shares = np.bincount(codes, minlength=width) / n
    squares = np.bincount(of_class, weights=inside.astype(float) ** 2, minlength=width)
    products = np.bincount(of_class, weights=inside * of_group.astype(float), minlength=width)
    variances = squares - 2 * shares * products + shares**2 * float((sizes.astype(float) ** 2).sum())
    return _worth(variances, shares, sizes, alpha, largest=False)


def _size_of_totals(
    totals: npt.NDArray[np.float64], sizes: npt.NDArray[np.int64], alpha: float, *, largest: bool
) -> float:
    """Return the effective size, given how many images of each group count for each share."""
    shares = totals.sum(axis=0) / sizes.sum()
    return _worth(
        ((totals - sizes[:, None] * shares) ** 2).sum(axis=0), shares, sizes, alpha, largest=largest
    )


def _worth(
    squares: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    sizes: npt.NDArray[np.int64],
    alpha: float,
    *,
    largest: bool,
) -> float:
    """Compare the variance between groups, ``squares`` summed over them, with that of independent images."""
    from scipy.special import stdtrit

    n, count = int(sizes.sum()), len(sizes)
    kish = kish_size(sizes)
    if count < 2:
        return kish
    variances = squares * count / (count - 1) / n**2
    independent = shares * (1 - shares) / n
    variance, reference = (variances.max(), 0.25 / n) if largest else (variances.sum(), independent.sum())
    if variance <= 1e-15:
        return kish
    estimate = n * reference / variance
    student = (NormalDist().inv_cdf(1 - alpha / 2) / float(stdtrit(count - 1, 1 - alpha / 2))) ** 2
    return float(np.clip(estimate * student, min(kish, estimate), n))


def intraclass_correlation(values: npt.ArrayLike, groups: npt.ArrayLike) -> float:
    """Return the intraclass correlation of grouped values by one-way analysis of variance, clipped to [0, 1].

    References
    ----------
    Donner, "A review of inference procedures for the intraclass correlation coefficient in the one-way random
    effects model", International Statistical Review 54, 1986.

    Examples
    --------
    >>> intraclass_correlation([1, 1, 5, 5], [0, 0, 1, 1]), intraclass_correlation([1, 5, 1, 5], [0, 0, 1, 1])
    (1.0, 0.0)
    """
    x = np.asarray(values, dtype=float)
    _, numbers, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    n, count = len(x), len(sizes)
    if count < 2 or count == n:
        return 0.0
    means = np.bincount(numbers, weights=x) / sizes
    between = float((sizes * (means - x.mean()) ** 2).sum() / (count - 1))
    within = float(((x - means[numbers]) ** 2).sum() / (n - count))
    size = (n - (sizes.astype(float) ** 2).sum() / n) / (count - 1)
    if between + (size - 1) * within <= 0:
        return 0.0
    return float(np.clip((between - within) / (between + (size - 1) * within), 0.0, 1.0))


def design_effect(sizes: npt.ArrayLike, correlation: float) -> float:
    """Return by how much groups multiply the variance of a mean, ``1 + (m - 1) * correlation``.

    ``m`` is the mean size of an image's group.

    References
    ----------
    Kish, "Survey Sampling", 1965, section 5.4.

    Examples
    --------
    >>> design_effect([5, 5, 5], 0.5), design_effect([1, 1, 1], 0.5)
    (3.0, 1.0)
    """
    n = np.asarray(sizes, dtype=float)
    return float(1 + ((n**2).sum() / n.sum() - 1) * correlation) if n.sum() else 1.0
