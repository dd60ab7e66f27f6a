"""Scores of predictions on one split, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from auditor.finding import rounded
from auditor.record import ClassScore, Estimate, Scores
from auditor.stats.clusters import design_effect, intraclass_correlation
from auditor.stats.intervals import wilson

#: Confidence bins of the reliability diagram, equally wide; with 15 (Guo 2017) a split of a few hundred
#: images has empty ones.
BINS = 10
#: Mistakes that are listed.
MISTAKES = 100


def estimate(value: float, low: float, high: float) -> Estimate:
    """Return an estimate as it is written; rounding never puts the value outside its interval."""
    return Estimate(
        value=float(rounded(value) or 0.0),
        low=float(rounded(min(low, value)) or 0.0),
        high=float(rounded(max(high, value)) or 0.0),
    )


def share(successes: float, n: float, effect: float = 1.0) -> Estimate:
    """Return a proportion with its Wilson interval; 0 in [0, 1] where there is nothing to count.

    ``effect`` is the design effect of groups: the interval is that of the images divided by it (Kish,
    "Survey Sampling", 1965; Franco, Little, Louis, Slud, "Comparative study of confidence intervals for
    proportions in complex sample surveys", JSSAM 7(3), 2019).
    """
    low, high = wilson(successes / effect, n / effect)
    return estimate(successes / n if n else 0.0, low, high)


def confusion_matrix(labels: npt.ArrayLike, predicted: npt.ArrayLike, classes: int) -> npt.NDArray[np.int64]:
    """Return counts ``(classes, classes)``: rows are true classes, columns predicted ones."""
    pairs = np.asarray(labels, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def f1_share(hits: float, false_alarms: float, misses: float, effect: float = 1.0) -> Estimate:
    """Return F1 with an interval.

    F1 is no proportion, but ``hits / (hits + false alarms + misses)`` is one, and F1 is a growing function of
    it: its Wilson interval is carried over.

    References
    ----------
    Hand, Christen, Kirielle, "F*: an interpretable transformation of the F-measure", Machine Learning 110,
    2021.

    Examples
    --------
    >>> f1_share(8, 2, 2)["value"]
    0.8
    """
    total = hits + false_alarms + misses
    low, high = wilson(hits / effect, total / effect)
    star = hits / total if total else 0.0
    return estimate(2 * star / (1 + star), 2 * low / (1 + low), 2 * high / (1 + high))


def mean_of(parts: Sequence[Estimate]) -> Estimate:
    """Return the mean of independent estimates with an interval made from theirs.

    References
    ----------
    Zou, Donner, "Construction of confidence limits about effect measures: a general approach" (MOVER),
    Statistics in Medicine 27, 2008.
    """
    if not parts:
        return estimate(0.0, 0.0, 1.0)
    value = sum(p["value"] for p in parts) / len(parts)
    below = math.sqrt(sum((p["value"] - p["low"]) ** 2 for p in parts)) / len(parts)
    above = math.sqrt(sum((p["high"] - p["value"]) ** 2 for p in parts)) / len(parts)
    return estimate(value, max(value - below, 0.0), min(value + above, 1.0))


def mean_recall(
    hits: npt.ArrayLike, support: npt.ArrayLike, effects: npt.ArrayLike | None = None
) -> Estimate:
    """Return the mean recall of the classes that have images (balanced accuracy), with an interval.

    Wilson's interval of one proportion with as many images as give the mean its variance: the unbiased
    variance of each recall, but no less than if all classes had the mean recall, since a rare class with no
    miss says little. A sum of Wilson intervals (MOVER) covers .88 in place of .95 at 10 classes of 30 and a
    recall of .97, and .81 at 1,000 classes of 4; this one .94 and .95 (``benchmarks/intervals.py``).

    Parameters
    ----------
    hits, support : array_like of shape (n_classes,)
    effects : array_like of shape (n_classes,), optional
        Design effects of groups; 1 by default.

    Examples
    --------
    >>> mean_recall([29, 30], [30, 30])
    {'value': 0.983333, 'low': 0.910489, 'high': 0.997086}
    """
    n = np.asarray(support, dtype=float)
    present = n > 0
    if not present.any():
        return estimate(0.0, 0.0, 1.0)
    n, recall = n[present], np.asarray(hits, dtype=float)[present] / n[present]
    effect = np.ones(len(n)) if effects is None else np.asarray(effects, dtype=float)[present]
    mean = float(recall.mean())
    worth = len(n) ** 2 / float((effect / n).sum())
    variance = float((recall * (1 - recall) * effect / np.maximum(n - 1, 1)).sum()) / len(n) ** 2
    if variance > 0:
        worth = min(worth, mean * (1 - mean) / variance)
    return estimate(mean, *wilson(mean * worth, worth))


def geometric_mean_of(parts: Sequence[Estimate]) -> Estimate:
    """Return the geometric mean of independent proportions, by the same construction on logarithms.

    Where one of them is 0 so is the mean, and the upper end is that of all upper ends at once, which is wide.
    """
    if not parts:
        return estimate(0.0, 0.0, 1.0)
    if min(p["value"] for p in parts) <= 0:
        return estimate(0.0, 0.0, math.prod(p["high"] for p in parts) ** (1 / len(parts)))
    value = math.exp(sum(math.log(p["value"]) for p in parts) / len(parts))
    above = math.sqrt(sum(math.log(p["high"] / p["value"]) ** 2 for p in parts)) / len(parts)
    if min(p["low"] for p in parts) <= 0:
        return estimate(value, 0.0, min(value * math.exp(above), 1.0))
    below = math.sqrt(sum(math.log(p["value"] / p["low"]) ** 2 for p in parts)) / len(parts)
    return estimate(value, value * math.exp(-below), min(value * math.exp(above), 1.0))


class Alike:
    """How much images of one group (patient, slide, duplicate set) are hit and missed together.

    Parameters
    ----------
    right : ndarray of bool, shape (n,)
        Which images were classified correctly.
    groups : ndarray, shape (n,), optional
        What was taken together; each image alone by default.
    """

    def __init__(self, right: npt.NDArray[np.bool_], groups: npt.NDArray[np.generic] | None) -> None:
        self.groups = (
            np.arange(len(right))
            if groups is None
            else np.unique(np.asarray(groups).astype(str), return_inverse=True)[1]
        )
        self.correlation = intraclass_correlation(right, self.groups) if len(right) else 0.0

    def effect(self, mask: npt.NDArray[np.bool_]) -> float:
        """Return the design effect of some of the images: at least 1, and at most their number."""
        sizes = np.unique(self.groups[mask], return_counts=True)[1]
        return design_effect(sizes, self.correlation)


def calibration(
    labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64], alike: Alike | None = None
) -> dict[str, object]:
    """Return the expected calibration error and the bins of the reliability diagram.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    alike = alike or Alike(right, None)
    rows = []
    for b in np.unique(bins):
        inside = bins == b
        n, hits = int(inside.sum()), int(right[inside].sum())
        found = share(hits, n, alike.effect(inside))
        rows.append(
            {
                "from": b / BINS,
                "to": (b + 1) / BINS,
                "images": n,
                "confidence": rounded(float(confidence[inside].mean())),
                "accuracy": found["value"],
                "low": found["low"],
                "high": found["high"],
            }
        )
    gap = sum(
        abs(float(confidence[bins == b].mean()) - float(right[bins == b].mean())) * (bins == b).mean()
        for b in np.unique(bins)
    )
    return {
        "ece": rounded(float(gap)),
        "bins": rows,
        "overconfidence": rounded(float(confidence.mean() - right.mean())),
    }


def score(
    labels: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    names: Sequence[str],
    paths: Sequence[str],
    groups: npt.NDArray[np.generic] | None = None,
) -> Scores:
    """Score predictions.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
    probabilities : ndarray, shape (n, n_classes)
    names : sequence of str
        The classes. Those without an image in this split do not enter the means.
    paths : sequence of str
        The images, for the list of mistakes.
    groups : ndarray, shape (n,), optional
        What was taken together; intervals count such images for less, by how much their hits go together.
    """
    predicted = probabilities.argmax(axis=1) if len(labels) else np.empty(0, np.int64)
    matrix = confusion_matrix(labels, predicted, len(names))
    alike = Alike(predicted == labels, groups)
    classes = _score_classes(labels, predicted, names, matrix, alike)
    present = [c for c in classes if c["support"]]
    wrong = np.flatnonzero(predicted != labels)
    confidence = probabilities.max(axis=1) if len(labels) else np.empty(0)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:MISTAKES]
    return Scores(
        images=len(labels),
        accuracy=share(int(matrix.trace()), len(labels), alike.effect(np.ones(len(labels), bool))),
        groups=len(np.unique(alike.groups)),
        hit_correlation=float(rounded(alike.correlation) or 0.0),
        balanced_accuracy=mean_recall(
            matrix.diagonal(), matrix.sum(axis=1), [alike.effect(labels == i) for i in range(len(names))]
        ),
        macro_f1=mean_of([c["f1"] for c in present]),
        geometric_mean=geometric_mean_of([c["recall"] for c in present]),
        classes=classes,
        confusion=matrix.tolist(),
        calibration=calibration(labels, probabilities, alike) if len(labels) else {},
        mistakes=[
            {
                "path": paths[i],
                "label": names[labels[i]],
                "predicted": names[predicted[i]],
                "confidence": rounded(float(confidence[i])),
            }
            for i in worst.tolist()
        ],
    )


def _score_classes(
    labels: npt.NDArray[np.int64],
    predicted: npt.NDArray[np.int64],
    names: Sequence[str],
    matrix: npt.NDArray[np.int64],
    alike: Alike,
) -> list[ClassScore]:
    """Return precision, recall and F1 of each class."""
    classes = []
    for i, (name, support, called) in enumerate(
        zip(names, matrix.sum(axis=1).tolist(), matrix.sum(axis=0).tolist(), strict=True)
    ):
        is_class, is_called, hits = labels == i, predicted == i, int(matrix[i, i])
        effects = [alike.effect(mask) for mask in (is_called, is_class, is_class | is_called)]
        classes.append(
            ClassScore(
                label=name,
                support=support,
                precision=share(hits, called, effects[0]),
                recall=share(hits, support, effects[1]),
                f1=f1_share(hits, called - hits, support - hits, effects[2]),
            )
        )
    return classes
