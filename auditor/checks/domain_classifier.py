"""A classifier that tries to tell two splits apart: where it succeeds on unseen images, they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.checks.shift_pairs import NOTHING, UPPER_ALPHA, Distance, Floats, Pair, spread
from auditor.stats.clusters import effective_size_of_classes
from auditor.stats.distance import chi_squared_p_value
from auditor.stats.intervals import miettinen_nurminen
from auditor.stats.logistic import fit_two

#: Images of a split that are used, at most: more would narrow the interval below any threshold.
LARGEST = 20_000
#: Inverse strength of the L2 penalty on standardised columns, scikit-learn's own: from 0.03 to 100 held-out
#: distances change by 0.02.
INVERSE_PENALTY = 1.0
#: Largest element of the gradient at which a fit ends, scikit-learn's own.
TOLERANCE = 1e-4
#: Steps at most; six or so are taken.
ROUNDS = 50
#: Decimals of log-odds that are kept: copies of a picture must tie, whatever the order in which a machine
#: adds.
DECIMALS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """What a domain classifier says.

    Attributes
    ----------
    scores, other_scores : ndarray of float64, shape (n_images,), (n_other_images,)
        Log-odds of belonging to the second split, for the images of ``pair.rows`` and ``pair.other_rows``,
        each by a classifier that has not seen the image nor any of its group, less the log-odds of the
        numbers of images. NaN for images that were not used.
    held, other_held : ndarray of bool
        The half of the images that one and the same classifier has not seen: on these alone a distance has
        its interval, because two classifiers fitted on each other's halves are not independent.
    """

    scores: Floats
    other_scores: Floats
    held: npt.NDArray[np.bool_]
    other_held: npt.NDArray[np.bool_]

    @property
    def held_scores(self) -> tuple[Floats, Floats]:
        """Scores with NaN outside the held-out half."""
        return np.where(self.held, self.scores, np.nan), np.where(self.other_held, self.other_scores, np.nan)


def halves(
    groups: npt.NDArray[np.int64], other: npt.NDArray[np.int64], generator: np.random.Generator
) -> tuple[npt.NDArray[np.bool_], ...]:
    """Return which images of either side are in one half; groups stay whole, and sides are halved evenly."""
    pooled = np.concatenate([groups, other])
    names, first, numbers = np.unique(pooled, return_index=True, return_inverse=True)
    mine = np.bincount(numbers[: len(groups)], minlength=len(names)) > 0
    theirs = np.bincount(numbers[len(groups) :], minlength=len(names)) > 0
    kind = mine + 2 * theirs
    draw = np.empty(len(names))
    draw[np.argsort(first)] = generator.random(
        len(names)
    )  # in the order in which groups appear, which is that of the paths
    order = np.lexsort((draw, kind))
    half = np.zeros(len(names), dtype=bool)
    half[order[::2]] = True
    return half[numbers[: len(groups)]], half[numbers[len(groups) :]]


def tell_apart(
    pair: Pair, features: npt.NDArray[np.floating], generator: np.random.Generator
) -> Domain | None:
    """Fit a logistic regression on each half of a pair of splits and let it score the other half.

    Parameters
    ----------
    pair : Pair
    features : ndarray, shape (n_scan_images, n_columns)
        Of all images of the scan.

    Returns
    -------
    Domain or None
        ``None`` where there are too few groups for halves.

    References
    ----------
    Lopez-Paz, Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
    """
    if not pair.decidable:
        return None
    mine, theirs = (_some(len(rows), generator) for rows in (pair.rows, pair.other_rows))
    x = np.concatenate([features[pair.rows[mine]], features[pair.other_rows[theirs]]]).astype(np.float64)
    known = np.isfinite(x)
    mean = np.where(known, x, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    x = np.where(known, x - mean, 0.0)  # what is absent becomes the mean
    spread = x.std(axis=0)
    x = x[:, spread > 1e-9] / spread[spread > 1e-9]
    y = np.repeat([0, 1], [len(mine), len(theirs)])
    half = np.concatenate(halves(pair.groups[mine], pair.other_groups[theirs], generator))
    if x.shape[1] == 0 or any(len(np.unique(y[part])) < 2 for part in (half, ~half)):
        return None
    scores = np.empty(len(y))
    for part in (half, ~half):
        second = y[~part] == 1
        model = fit_two(x[~part], second, inverse_penalty=INVERSE_PENALTY, tolerance=TOLERANCE, rounds=ROUNDS)
        prior = np.log(second.sum() / (~second).sum())
        scores[part] = np.round(model.scores(x[part])[:, 0] - prior, DECIMALS)
    return Domain(
        scores=_spread(scores[: len(mine)], mine, len(pair.rows)),
        other_scores=_spread(scores[len(mine) :], theirs, len(pair.other_rows)),
        held=_spread(half[: len(mine)], mine, len(pair.rows)) == 1,
        other_held=_spread(half[len(mine) :], theirs, len(pair.other_rows)) == 1,
    )


def compare_domain(
    pair: Pair, domain: Domain, alpha: float, weights: tuple[Floats, npt.NDArray[np.bool_]] | None = None
) -> Distance:
    """Return Youden's J of the classifier on the held-out half: of how many more it says the second split.

    It is the difference of two shares, at the one threshold that the classifier itself sets (equal odds), so
    its interval is narrower than that of the largest difference over all thresholds. No Kolmogorov-Smirnov
    distance of the scores is smaller in truth.

    Parameters
    ----------
    pair : Pair
    domain : Domain
    alpha : float
        One minus the confidence of the lower end.
    weights : optional
        As `auditor.checks.shift_pairs.matched` returns them.

    References
    ----------
    Youden, "Index for rating diagnostic tests", Cancer 3, 1950.
    """
    use, other_use = domain.held, domain.other_held
    x, y = domain.scores[use], domain.other_scores[other_use]
    if not len(x) or not len(y):
        return NOTHING
    taken, other_taken = x > 0, y > 0
    shares = float(taken.mean()), float(other_taken.mean())
    groups, other_groups = pair.groups[use], pair.other_groups[other_use]
    ends, sizes = [], (0.0, 0.0)
    for level in (UPPER_ALPHA, alpha):  # a two-sided level is twice that of either end
        sizes = (
            effective_size_of_classes(taken.astype(int), groups, 2 * level),
            effective_size_of_classes(other_taken.astype(int), other_groups, 2 * level),
        )
        n, m = sizes
        ends.append(miettinen_nurminen(shares[1] * m, m, shares[0] * n, n, alpha=2 * level))
    value = max(shares[1] - shares[0], 0.0)
    low = min(max(ends[1][0], 0.0), value)
    common = (shares[0] * sizes[0] + shares[1] * sizes[1]) / sum(sizes)
    deviation = np.sqrt(common * (1 - common)) * spread(*sizes)
    statistic = ((shares[1] - shares[0]) / deviation) ** 2 if deviation > 0 else 0.0
    return Distance(
        value=value,
        low=low,
        high=max(ends[0][1], value),
        rises=True,
        at=0.0,
        shares=shares,
        medians=(float(np.median(x)), float(np.median(y))),
        remaining=_remaining(taken, other_taken, use, other_use, weights),
        p_value=chi_squared_p_value(statistic, 1),
        half_width=max(shares[1] - shares[0], 0.0) - ends[1][0],
        sizes=sizes,
    )


def _remaining(
    taken: npt.NDArray[np.bool_],
    other_taken: npt.NDArray[np.bool_],
    use: npt.NDArray[np.bool_],
    other_use: npt.NDArray[np.bool_],
    weights: tuple[Floats, npt.NDArray[np.bool_]] | None,
) -> float | None:
    """Return the difference once the first split has the label mix of the second."""
    if weights is None:
        return None
    weight, kept = weights[0][use], weights[1][other_use]
    if not weight.any() or not kept.any():
        return None
    return abs(float(other_taken[kept].mean()) - float(np.average(taken, weights=weight)))


def _some(n: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    return np.arange(n) if n <= LARGEST else np.sort(generator.choice(n, LARGEST, replace=False))


def _spread(
    values: npt.NDArray[np.float64] | npt.NDArray[np.bool_], places: npt.NDArray[np.int64], n: int
) -> Floats:
    out = np.full(n, np.nan)
    out[places] = values
    return out
