"""Intervals of proportions, and how many images make them narrow."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson(successes: float, n: float, *, alpha: float = 0.05) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion.

    Parameters
    ----------
    successes, n : float
        Successes of trials; fractions are welcome (an effective sample size is one). With ``n = 0`` the
        interval is [0, 1].
    alpha : float
        One minus the confidence.

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.

    Examples
    --------
    >>> low, high = wilson(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    """
    if n <= 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf(1 - alpha / 2) ** 2
    p = successes / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * p * (1 - p) / n + z2 * z2 / (4 * n * n)) / (1 + z2 / n)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def wilson_half_width(p: float, n: float, *, alpha: float = 0.05) -> float:
    """Return half the length of the Wilson interval of a proportion ``p`` of ``n`` images; 0.5 for none.

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.

    Examples
    --------
    >>> round(wilson_half_width(0.9, 100), 3)
    0.06
    """
    low, high = wilson(p * n, n, alpha=alpha)
    return (high - low) / 2


def images_needed(p: float, half_width: float, *, alpha: float = 0.05) -> int:
    """Return the fewest images that bring the Wilson interval of a proportion ``p`` to ``half_width``.

    References
    ----------
    Piegorsch, "Sample sizes for improved binomial confidence intervals", Computational Statistics & Data
    Analysis 46, 2004.

    Examples
    --------
    >>> images_needed(0.9, 0.05), images_needed(0.5, 0.05)
    (141, 381)
    """
    low, high = 0, 1
    while wilson_half_width(p, high, alpha=alpha) > half_width:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if wilson_half_width(p, middle, alpha=alpha) > half_width:
            low = middle
        else:
            high = middle
    return high


def newcombe(
    successes: float, n: float, other_successes: float, other_n: float, *, alpha: float = 0.05
) -> tuple[float, float]:
    """Return the interval of ``successes / n - other_successes / other_n``, two independent proportions.

    The hybrid score interval: it keeps its coverage where one of the proportions is 0, which the usual one
    does not.

    References
    ----------
    Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
    17, 1998, method 10.

    Examples
    --------
    >>> low, high = newcombe(56, 70, 48, 80)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    if n <= 0 or other_n <= 0:
        return -1.0, 1.0
    p, q = successes / n, other_successes / other_n
    (l1, u1), (l2, u2) = wilson(successes, n, alpha=alpha), wilson(other_successes, other_n, alpha=alpha)
    return p - q - math.hypot(p - l1, u2 - q), p - q + math.hypot(u1 - p, q - l2)


def miettinen_nurminen(
    successes: float, n: float, other_successes: float, other_n: float, *, alpha: float = 0.05
) -> tuple[float, float]:
    """Return the score interval of ``successes / n - other_successes / other_n``, independent proportions.

    The differences that the score test does not reject. Where one proportion is 0 it is shorter than the
    hybrid of `newcombe`, and as the exact test has it.

    References
    ----------
    Miettinen and Nurminen, "Comparative analysis of two rates", Statistics in Medicine 4, 1985. The
    restricted estimates in closed form: Farrington and Manning, "Test statistics and sample size formulae for
    comparative binomial trials with null hypothesis of non-zero risk difference or non-unity relative risk",
    Statistics in Medicine 9, 1990.

    Examples
    --------
    >>> low, high = miettinen_nurminen(56, 70, 48, 80)
    >>> round(low, 4), round(high, 4)
    (0.0528, 0.3382)
    """
    if n <= 0 or other_n <= 0 or n + other_n <= 1:
        return -1.0, 1.0
    p, q = successes / n, other_successes / other_n
    z = NormalDist().inv_cdf(1 - alpha / 2)

    def rejected(difference: float) -> bool:
        return abs(p - q - difference) > z * _score_deviation(p, n, q, other_n, difference)

    def farthest(end: float) -> float:
        near, far = p - q, end  # never rejected, and rejected or the end
        if not rejected(far):
            return far
        for _ in range(60):
            middle = (near + far) / 2
            near, far = (near, middle) if rejected(middle) else (middle, far)
        return near

    return farthest(-1.0), farthest(1.0)


def _score_deviation(p: float, n: float, q: float, m: float, difference: float) -> float:
    """Return the standard deviation of the difference of two proportions if it was ``difference``."""
    ratio = m / n
    a = 1 + ratio
    b = -(1 + ratio + p + ratio * q + difference * (ratio + 2))
    c = difference**2 + difference * (2 * p + ratio + 1) + p + ratio * q
    d = -p * difference * (1 + difference)
    v = b**3 / (27 * a**3) - b * c / (6 * a**2) + d / (2 * a)
    u = math.copysign(math.sqrt(max(b**2 / (9 * a**2) - c / (3 * a), 0.0)), v)
    angle = (math.pi + math.acos(min(max(v / u**3, -1.0), 1.0))) / 3 if u else 0.0
    first = min(max(2 * u * math.cos(angle) - b / (3 * a), difference, 0.0), 1.0, 1.0 + difference)
    other = first - difference
    return math.sqrt(max(first * (1 - first) / n + other * (1 - other) / m, 0.0) * (n + m) / (n + m - 1))
