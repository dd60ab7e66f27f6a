"""How many labels are wrong, judged by a classifier that never saw them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Bins of the confidence ranks; more change the estimate by less than its rounding.
BINS = 20
#: Shapes of the classifier's own error along its confidence ranks: from linear to one that only the least
#: confident make.
POWERS = (1.0, 1.5, 2.0, 3.0, 4.0)
#: 95 % quantile of chi-squared with one degree of freedom: ends of a profile-likelihood interval.
CHI2_95 = 3.841


@dataclass(frozen=True, slots=True)
class NoiseRate:
    """Share of wrong labels with its 95 % interval."""

    value: float
    low: float
    high: float


def disagreement_floor(ranks: npt.ArrayLike, disagrees: npt.ArrayLike, weight: float = 1.0) -> NoiseRate:
    """Estimate the share of wrong labels: the floor to which disagreement falls where a classifier is surest.

    Labels that are wrong at random are as frequent where the classifier is sure as elsewhere, whereas its own
    errors die out there. So disagreement along the confidence rank ``v`` (0 the surest) is modelled as ``rate
    + slope * v**power`` and the rate is fitted by maximum likelihood; its interval is the profile-likelihood
    one. Errors that a classifier makes in full confidence count as wrong labels: the estimate is an upper
    one. Wrong labels confined to pictures that are hard to tell apart are missed.

    Parameters
    ----------
    ranks : array_like of shape (n,)
        Confidence ranks in [0, 1] of out-of-fold predictions.
    disagrees : array_like of bool, shape (n,)
        Whether the prediction differs from the given label.
    weight : float
        Groups per image, in (0, 1]: images of one group count as one observation together.

    References
    ----------
    Liu, Tao, "Classification with noisy labels by importance reweighting", IEEE TPAMI 38(3), 2016 (noise
    rates read off where the class posterior is extreme). Pawitan, "In all likelihood", 2001, section 3.4
    (profile likelihood).

    Examples
    --------
    >>> v = np.linspace(0, 1, 2000)
    >>> disagreement_floor(v, np.arange(2000) % 20 == 0).value
    0.05
    """
    v, wrong = np.asarray(ranks, dtype=float), np.asarray(disagrees, dtype=float)
    which = np.minimum((v * BINS).astype(int), BINS - 1)
    n, k = np.bincount(which, minlength=BINS) * weight, np.bincount(which, wrong, BINS) * weight
    total = n.sum()
    if total == 0:
        return NoiseRate(0.0, 0.0, 1.0)
    rates = np.concatenate([[0.0], np.geomspace(2e-4, 0.95, 240)])
    slopes = np.concatenate([[0.0], np.geomspace(1e-3, 4.0, 120)])
    middle = (np.arange(BINS) + 0.5) / BINS
    profile = np.full(len(rates), -np.inf)
    for power in POWERS:
        share = np.clip(rates[:, None, None] + slopes[None, :, None] * middle**power, 1e-9, 1 - 1e-9)
        likelihood = (k * np.log(share) + (n - k) * np.log1p(-share)).sum(axis=2)
        profile = np.maximum(profile, likelihood.max(axis=1))
    best = int(profile.argmax())
    inside = np.flatnonzero(2 * (profile[best] - profile) <= CHI2_95)
    # The grid's own step is 3.5 %: the ends are taken one step further out.
    low, high = max(int(inside[0]) - 1, 0), min(int(inside[-1]) + 1, len(rates) - 1)
    return NoiseRate(float(f"{rates[best]:.2g}"), float(min(rates[low], rates[best])), float(rates[high]))
