"""Bands that hold for several distribution functions at once, with the dependence between them used."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

#: Thresholds of each measure at which the process is drawn; what lies between is corrected for.
GRID = 16
#: Groups of a sample that enter the draws: the quantile hardly depends on them, and time does.
MOST_GROUPS = 2_000
#: Groups of a sample below which correlations between measures are a guess, and Bonferroni's bound is taken.
FEWEST_GROUPS = 50
#: Draws, and those beyond the quantile at least: 20 give it to a hundredth. A rarer quantile is extrapolated.
DRAWS, BEYOND = 4_000, 20
#: Variance of a share below which it is not trusted, that of a share of 0.1: none seen does not mean none.
LEAST_VARIANCE = 0.09
#: By how much the largest of a Brownian path exceeds that of its values on a grid, in steps' deviations:
#: -zeta(1/2) / sqrt(2 pi) (Broadie, Glasserman, Kou, 1997).
OVERSHOOT = 0.5826

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]


def bonferroni_quantile(measures: float, alpha: float) -> float:
    """Return how far any of several empirical processes strays, in units of ``sqrt(1 / n + 1 / m)``.

    ``sqrt(log(2 * measures / alpha) / 2)``, the Dvoretzky-Kiefer-Wolfowitz bound with Massart's constant.

    References
    ----------
    Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", Annals of Probability 18,
    1990.

    Examples
    --------
    >>> round(bonferroni_quantile(1, 0.05), 4), round(bonferroni_quantile(28, 0.05), 4)
    (1.3581, 1.8736)
    """
    return math.sqrt(math.log(2 * max(measures, 1) / alpha) / 2)


def joint_quantile(
    first: Floats,
    second: Floats,
    groups: npt.ArrayLike,
    other_groups: npt.ArrayLike,
    alpha: float,
    generator: np.random.Generator,
) -> float:
    """Return how far any of several two-sample empirical processes strays, in units of ``sqrt(1/n + 1/m)``.

    With confidence ``1 - alpha``, no difference of empirical distribution functions is off by more than this
    times ``sqrt(1 / n + 1 / m)`` (effective sizes), at any threshold of any measure. By the triangle
    inequality, no Kolmogorov-Smirnov distance is. Measures that go together count less than as many
    independent ones: the centred process is drawn with Gaussian weights of whole groups, each measure
    in units of its largest deviation, so that the largest over measures and thresholds has its joint
    distribution. Never more than Bonferroni's bound.

    Parameters
    ----------
    first, second : ndarray of float, shape (n, n_measures), (m, n_measures)
        NaN where there is no value.
    groups, other_groups : array_like of shape (n,), (m,)
    alpha : float
    generator : Generator

    References
    ----------
    Chernozhukov, Chetverikov, Kato, "Gaussian approximations and multiplier bootstrap for maxima of sums of
    high-dimensional random vectors", Annals of Statistics 41, 2013.
    Broadie, Glasserman, Kou, "A continuity correction for discrete barrier options", Mathematical Finance 7,
    1997.
    """
    samples = [_draw_groups(x, g, generator) for x, g in ((first, groups), (second, other_groups))]
    used = [k for k in range(first.shape[1]) if all(np.isfinite(x[:, k]).any() for x, _ in samples)]
    bound = bonferroni_quantile(len(used), alpha)
    if not used or min(numbers.max() + 1 for _, numbers in samples) < FEWEST_GROUPS:
        return bound
    cuts = [_cut_points(np.concatenate([x[:, k] for x, _ in samples])) for k in used]
    influences = [_influence(x[:, used], numbers, cuts) for x, numbers in samples]
    deviations = np.sqrt(sum((part**2).sum(axis=0) for part in influences))
    starts = np.cumsum([0] + [len(c) for c in cuts[:-1]])
    largest = np.maximum.reduceat(deviations, starts)
    scale = np.repeat(np.where(largest > 0, largest, np.inf), [len(c) for c in cuts])
    paths: Floats32 = np.zeros((DRAWS, len(scale)), dtype=np.float32)
    for part in influences:
        weights = generator.standard_normal((DRAWS, len(part)), dtype=np.float32)
        paths += weights @ (part / scale).astype(np.float32)
    beyond = max(alpha, BEYOND / DRAWS)
    drawn = float(np.quantile(np.abs(paths).max(axis=1), 1 - beyond, method="higher")) / 2
    drawn += OVERSHOOT / math.sqrt(GRID)
    return min(math.sqrt(drawn**2 + math.log(beyond / alpha) / 2), bound)


def upper_end(first: Floats, second: Floats, n: float, m: float, alpha: float) -> float:
    """Return what a Kolmogorov-Smirnov distance is at most, with confidence ``1 - alpha``.

    The distance is a difference of shares at some threshold. Where the upper end of that one difference
    holds, so does the largest upper end over all thresholds: it takes one normal quantile, and no band. For
    the same reason the largest upper end of several measures is that of their largest distance.

    Parameters
    ----------
    first, second : ndarray of float, shape (n_images,), (n_other_images,)
        Without NaN.
    n, m : float
        Effective sizes. Where images are independent, a share has its own variance, else the largest of any.
    alpha : float

    References
    ----------
    Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24, 1982.

    Examples
    --------
    >>> x = np.arange(500.0)
    >>> round(upper_end(x, x, 500, 500, 0.05), 3), round(upper_end(x, x, 50, 50, 0.05), 3)
    (0.052, 0.164)
    """
    values = np.sort(np.concatenate([first, second]))
    below, other_below = (np.searchsorted(np.sort(x), values, side="right") / len(x) for x in (first, second))
    deviation = np.full(len(values), 0.5 * math.sqrt(1 / n + 1 / m))
    if n == len(first) and m == len(second):
        variances = (np.maximum(p * (1 - p), LEAST_VARIANCE) for p in (below, other_below))
        deviation = np.sqrt(next(variances) / n + next(variances) / m)
    upper = np.abs(below - other_below) + NormalDist().inv_cdf(1 - alpha) * deviation
    return float(min(upper.max(), 1.0))


def _draw_groups(
    values: Floats, groups: npt.ArrayLike, generator: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the rows of at most `MOST_GROUPS` groups, and their groups' numbers from 0."""
    _, first, numbers = np.unique(np.asarray(groups), return_index=True, return_inverse=True)
    # Numbered in the order of their first rows, so that the draws do not depend on the groups' names.
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    numbers = place[numbers]
    if len(first) <= MOST_GROUPS:
        return values, numbers
    drawn = np.full(len(first), -1)
    drawn[np.sort(generator.choice(len(first), MOST_GROUPS, replace=False))] = np.arange(MOST_GROUPS)
    numbers = drawn[numbers]
    return values[numbers >= 0], numbers[numbers >= 0]


def _cut_points(values: Floats) -> Floats:
    known = values[np.isfinite(values)]
    return np.unique(np.quantile(known, (np.arange(GRID) + 0.5) / GRID, method="lower"))


def _influence(values: Floats, numbers: npt.NDArray[np.int64], cuts: list[Floats]) -> Floats:
    """Return what each group adds to the error of each distribution function, shape (n_groups, n_cuts)."""
    count = int(numbers.max()) + 1
    columns = []
    for column, points in zip(values.T, cuts, strict=True):
        known = np.isfinite(column)
        place = np.searchsorted(points, column[known])  # the first cut that is not below
        cells = np.bincount(numbers[known] * (len(points) + 1) + place, minlength=count * (len(points) + 1))
        below = np.cumsum(cells.reshape(count, -1), axis=1).astype(float)
        sizes, below = below[:, -1:], below[:, :-1]
        columns.append((below - sizes * (below.sum(axis=0) / sizes.sum())) / sizes.sum())
    return np.concatenate(columns, axis=1)
