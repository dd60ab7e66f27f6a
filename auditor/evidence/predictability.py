"""How well properties that should not matter predict the label.

A class-balanced naive Bayes on binned numbers, cross-validated, against permuted labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from auditor.evidence.probabilities import FOLDS, deal_folds

#: Bins of each number, by quantiles: fine enough for a size that only one class has, coarse for 100 images.
BINS = 16
#: Permutations where they are cheap: p-values in hundredths.
PERMUTATIONS = 99
#: Permutations at least: with fewer, none can show p = 0.05.
FEWEST_PERMUTATIONS = 19
#: Additions spent on the permutations of one predictor, about a tenth of a CPU second.
WORK = 50_000_000
#: Numbers held at once for them (16 MB).
NUMBERS_AT_ONCE = 4_000_000
#: Groups that a class needs for its own recall to be judged: with fewer, its variance is a guess.
CLASS_GROUPS = 10

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Predictability:
    """How well one predictor tells the classes.

    Attributes
    ----------
    skill : float
        Balanced accuracy above chance over all classes, 0 chance to 1 perfect, cross-validated over groups.
    informedness : ndarray of float, shape (n_classes,)
        Recall minus false-alarm rate of each class: balanced accuracy above chance of that class against the
        others (Youden's J).
    low, high : ndarray of float, shape (n_classes,)
        Ends of its interval; -1 and 1 for a class of too few groups.
    null : float
        95 % quantile of ``skill`` where labels are permuted.
    p_value : float
        Of ``skill``, by permutation.
    """

    skill: float
    informedness: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    null: float
    p_value: float

    @property
    def strongest(self) -> int:
        """The class that is predicted most surely."""
        return int(self.low.argmax())


def binned(columns: npt.NDArray[np.float64]) -> Rows:
    """Return quantile bins of each column, shape ``(n, n_columns)``; missing numbers share a bin."""
    out = np.empty(columns.shape, dtype=np.int64)
    for i, column in enumerate(columns.T):
        known = np.isfinite(column)
        shares = np.arange(1, BINS) / BINS
        quantiles = np.quantile(column[known], shares, method="lower") if known.any() else np.empty(0)
        # A value that many images share (two quantiles or more) gets a bin of its own.
        shared = quantiles[1:][quantiles[1:] == quantiles[:-1]]
        edges = np.unique(np.concatenate([quantiles, np.nextafter(shared, np.inf)]))
        out[:, i] = np.where(known, np.searchsorted(edges, column, side="right"), BINS)
    return out


def coded(values: npt.NDArray[np.object_]) -> Rows:
    """Return the commonest `BINS` values as numbers, all others as one, shape ``(n, 1)``."""
    names, inverse, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    place = np.full(len(names), BINS, dtype=np.int64)
    place[np.argsort(-counts, kind="stable")[:BINS]] = np.arange(min(BINS, len(names)))
    return place[inverse][:, None]


class _NaiveBayes:
    """Out-of-fold predictions of a naive Bayes with equal priors, for many labellings at once.

    Parameters
    ----------
    bins : ndarray of int64, shape (n, n_columns)
    folds : ndarray of int64, shape (n,)
    classes : int
    """

    def __init__(self, bins: Rows, folds: Rows, classes: int) -> None:
        from scipy.sparse import csr_array

        n, self.columns = bins.shape
        self.classes, self.shape = classes, (n, self.columns * (BINS + 1))
        place = bins + np.arange(self.columns) * (BINS + 1)
        self.parts = []
        for fold in range(FOLDS):
            rows = np.flatnonzero(folds == fold)
            start = np.arange(len(rows) + 1) * self.columns
            ones = np.ones(start[-1], np.float32)
            held = csr_array((ones, place[rows].ravel(), start), shape=(len(rows), self.shape[1]))
            self.parts.append((rows, held, held.T.tocsr()))

    def __call__(self, labellings: Rows) -> Rows:
        """Return predicted classes for each of the labellings, both of shape ``(n_labellings, n)``."""
        out = np.empty(labellings.shape, dtype=np.int64)
        block = max(1, NUMBERS_AT_ONCE // (max(self.shape) * self.classes))
        for start in range(0, len(labellings), block):
            part = slice(start, start + block)
            out[part] = self._predict(labellings[part])
        return out

    def _predict(self, labellings: Rows) -> Rows:
        rounds, n = labellings.shape
        is_class = np.zeros((n, rounds, self.classes), dtype=np.float32)
        is_class[np.arange(n)[:, None], np.arange(rounds), labellings.T] = 1
        flat = is_class.reshape(n, -1)
        counts = [across @ flat[rows] for rows, _, across in self.parts]
        total = sum(counts)
        out = np.empty((rounds, n), dtype=np.int64)
        for (rows, held, _), own in zip(self.parts, counts, strict=True):
            training = (total - own).astype(np.float64)
            of_column = training.reshape(self.columns, BINS + 1, -1).sum(axis=1).repeat(BINS + 1, axis=0)
            # Half an image in every bin (Jeffreys), so that a bin unseen in training decides little.
            share = np.log(training + 0.5) - np.log(of_column + 0.5 * (BINS + 1))
            score = held @ share.astype(np.float32)
            out[:, rows] = score.reshape(len(rows), rounds, self.classes).argmax(axis=2).T
        return out


def _rates(
    given: Rows, predicted: Rows, classes: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return recall and false-alarm rate of each class."""
    size = np.bincount(given, minlength=classes)
    answered = np.bincount(predicted, minlength=classes)
    hits = np.bincount(given[given == predicted], minlength=classes)
    return hits / np.maximum(size, 1), (answered - hits) / np.maximum(len(given) - size, 1)


def _permuter(given: Rows, groups: Rows) -> Callable[[np.random.Generator], Rows]:
    """Return a function that permutes labels between groups of one class, and within groups of several."""
    _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    first = np.full(len(sizes), -1, dtype=np.int64)
    first[number[::-1]] = given[::-1]
    mixed = np.bincount(number, weights=given != first[number], minlength=len(sizes)) > 0
    pure = np.flatnonzero(~mixed)
    alike = [pure[sizes[pure] == size] for size in np.unique(sizes[pure])]
    outside, inside = np.flatnonzero(~mixed[number]), np.flatnonzero(mixed[number])
    ranked = inside[np.argsort(number[inside], kind="stable")]

    def permuted(rng: np.random.Generator) -> Rows:
        out, relabel = given.copy(), first.copy()
        for same in alike:
            relabel[same] = first[rng.permutation(same)]
        out[outside] = relabel[number[outside]]
        out[ranked] = given[inside[np.lexsort((rng.random(len(inside)), number[inside]))]]
        return out

    return permuted


def predictability(
    bins: Rows, given: Rows, groups: Rows, classes: int, *, tests: int, rng: np.random.Generator
) -> Predictability:
    """Return how well binned numbers tell the classes, cross-validated over groups.

    Parameters
    ----------
    bins : ndarray of int64, shape (n, n_columns)
        From `binned` or `coded`; rows in an order that is as good as random.
    given, groups : ndarray of int64, shape (n,)
    classes : int
    tests : int
        Predictors that are tried: intervals hold for all of them and all classes together (Bonferroni).
    rng : Generator
    """
    # Groups are numbered by first appearance: what is drawn does not depend on how the scan numbered them.
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    groups = np.argsort(np.argsort(first))[number]
    folds = deal_folds(given, groups)
    predict = _NaiveBayes(bins, folds, classes)
    recall, alarms = _rates(given, predict(given[None])[0], classes)
    pairs = np.unique(np.stack([given, groups]), axis=1)
    units = np.bincount(pairs[0], minlength=classes).astype(float)
    rest = np.maximum(units.sum() - units, 1)
    z = NormalDist().inv_cdf(1 - 0.025 / (classes * tests))
    # Agresti and Caffo (2000): a success and a failure added to each side keep the interval honest near 0, 1.
    r = (recall * units + 1) / (units + 2)
    f = (alarms * rest + 1) / (rest + 2)
    half = z * np.sqrt(r * (1 - r) / (units + 2) + f * (1 - f) / (rest + 2))
    informedness = recall - alarms
    judged = units >= CLASS_GROUPS
    low = np.where(judged, np.minimum(np.clip(r - f - half, -1, 1), informedness), -1)
    high = np.where(judged, np.maximum(np.clip(r - f + half, -1, 1), informedness), 1)
    skill = _skill(recall, classes)
    rounds = int(np.clip(WORK // max(bins.size * classes, 1), FEWEST_PERMUTATIONS, PERMUTATIONS))
    permuted = _permuter(given, groups)
    labellings = np.stack([permuted(rng) for _ in range(rounds)])
    guesses = predict(labellings)
    rates = (_rates(true, guess, classes) for true, guess in zip(labellings, guesses, strict=True))
    null = np.array([_skill(recall, classes) for recall, _ in rates])
    p_value = float((1 + (null >= skill).sum()) / (1 + rounds))
    return Predictability(skill, informedness, low, high, float(np.quantile(null, 0.95)), p_value)


def _skill(recall: npt.NDArray[np.float64], classes: int) -> float:
    return float((recall.mean() - 1 / classes) / (1 - 1 / classes))
