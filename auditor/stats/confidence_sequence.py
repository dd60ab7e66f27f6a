"""How many of a finite set are affected, by a random sample that may be looked at again and again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import betaln, gammaln


@dataclass(frozen=True, slots=True)
class Sample:
    """A random sample without replacement.

    Attributes
    ----------
    found, seen, total : int
        Affected items in the sample, items in the sample, items in all.
    prior : tuple of float
        Parameters of the beta distribution that a share like this is expected to come from, chosen before the
        first look. It decides how short the interval is, never whether it holds.
    """

    found: int
    seen: int
    total: int
    prior: tuple[float, float] = (0.5, 0.5)

    def __post_init__(self) -> None:
        if not 0 <= self.found <= self.seen <= self.total:
            raise ValueError(
                f"expected 0 <= found <= seen <= total. Received: {self.found}, {self.seen}, {self.total}"
            )


def log_ratio(sample: Sample, affected: int) -> float:
    """Return the log of prior over posterior of a number of affected items; infinite for an impossible one.

    At the true number this ratio is a martingale that starts at 1, as the sample grows one by one. So it
    reaches ``1 / alpha`` at any time, under any rule of stopping, with a probability of at most ``alpha``.

    References
    ----------
    Waudby-Smith, Ramdas, "Confidence sequences for sampling without replacement", NeurIPS 2020 (the
    prior-posterior-ratio martingale). Ville, "Etude critique de la notion de collectif", 1939.
    """
    k, n, total = sample.found, sample.seen, sample.total
    clean = total - affected
    if affected < k or clean < n - k:
        return math.inf
    likelihood = (
        gammaln(affected + 1) - gammaln(affected - k + 1)
        + gammaln(clean + 1) - gammaln(clean - (n - k) + 1)
        - gammaln(total + 1) + gammaln(total - n + 1)
    )  # fmt: skip
    a, b = sample.prior
    return float(betaln(a + k, b + n - k) - betaln(a, b) - likelihood)


def _last(near: int, far: int, inside: Callable[[int], bool]) -> int:
    """Return the last number that is inside, on the way from one that is; those inside are in one piece."""
    while near != far:
        middle = (near + far + (far > near)) // 2
        if inside(middle):
            near = middle
        else:
            far = middle - 1 if far > near else middle + 1
    return near


def affected_bounds(sample: Sample, alpha: float = 0.05) -> tuple[int, int]:
    """Return the ends of the confidence sequence of the number of affected items.

    Both hold with probability ``1 - alpha`` at all times together: however often and for whatever reason one
    looks, samples more, or stops.

    References
    ----------
    Waudby-Smith, Ramdas, "Confidence sequences for sampling without replacement", NeurIPS 2020.

    Examples
    --------
    >>> affected_bounds(Sample(0, 10, 10)), affected_bounds(Sample(0, 0, 10))
    ((0, 0), (0, 10))
    >>> affected_bounds(Sample(8, 10, 40))
    (16, 38)
    >>> affected_bounds(Sample(0, 450, 100_000, prior=(0.5, 50)))
    (0, 915)
    """
    least, most = sample.found, sample.total - (sample.seen - sample.found)
    limit = math.log(1 / alpha)
    likely = (sample.total + 1) * sample.found // sample.seen if sample.seen else 0
    likely = min(max(likely, least), most)  # the ratio is smallest here, and grows away from it

    def inside(affected: int) -> bool:
        return log_ratio(sample, affected) <= limit

    return _last(likely, least, inside), _last(likely, most, inside)
