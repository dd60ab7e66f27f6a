"""Out-of-fold class probabilities: what pictures say about their labels, from models that never saw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from auditor.evidence.brought_probabilities import BroughtProbabilities, refuse_in_sample
from auditor.evidence.descriptor import OFFLINE
from auditor.stats.logistic import fit_logistic
from auditor.stats.nearest import find_nearest, scale_to_unit

if TYPE_CHECKING:
    import pandas as pd

#: Folds of the cross-validation: five or ten are the usual compromise (Kohavi 1995); five cost half.
FOLDS = 5
#: Groups that a class needs to be judged: one for each fold.
CLASS_GROUPS = 5
#: Inverse strength of the L2 penalty. This, the voters and their power have the highest average precision of
#: planted flips on Fashion-MNIST; it is flat between 0.01 and 0.03 (``benchmarks/labels.py``).
PENALTY = 0.01
#: Neighbours that vote: precision is flat between 15 and 30.
VOTERS = 30
#: Power of the cosine in their votes: precision is flat between 1 and 4.
POWER = 4.0
#: Images for each column of the descriptor that is used. Of 120 images of Fashion-MNIST 20 columns give a
#: balanced accuracy of 0.75, all give 0.28: whitening blows up what few images cannot fix
#: (``benchmarks/descriptor.py``).
COLUMN_IMAGES = 6
#: Columns that are used at least: the few that hold most of the looks.
FEWEST_COLUMNS = 4
#: Images that each model is fitted on: bounds the cost of a fold whatever the size of the data set.
FIT_IMAGES = 20_000
#: Images that every class keeps of those, at least: rare classes stay known.
FIT_PER_CLASS = 50
#: Comparisons of nearest neighbours in all, about 60 CPU seconds: fewer references from 300,000 images on.
COMPARISONS = 6_000_000_000
#: References that stay in any case: the vote needs some of every class.
LEAST_REFERENCES = 4000
#: Probabilities that are held at most (400 MB): with 1,000 classes, 100,000 images are judged.
MOST_PROBABILITIES = 100_000_000
#: The model of `auditor run`.
BASELINE = "baseline CNN"
#: Probabilities are not taken below this: no model here knows one in ten thousand.
FLOOR = 1e-4

Floats32 = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Probabilities:
    """Out-of-fold probabilities of the classes.

    Attributes
    ----------
    rows : ndarray of int64, shape (n_judged,)
        Rows of the scan that were judged, ascending.
    classes : tuple of str
        Classes that have enough groups, sorted.
    given : ndarray of int64, shape (n_judged,)
        Number of each image's own class.
    values : ndarray of float32, shape (n_judged, n_classes)
        Probabilities; each row adds up to 1. No model saw the image, or any of its group, in training.
    balanced_accuracy : float
        Mean recall of the classes, out of fold.
    left_out : int
        Readable labelled images that were not judged: their class has fewer than `CLASS_GROUPS` groups, or
        there are too many.
    models : tuple of str
        What the probabilities are the geometric mean of.
    eyes : str
        What the models of the scan see, in words.
    """

    rows: Rows
    classes: tuple[str, ...]
    given: Rows
    values: Floats32
    balanced_accuracy: float
    left_out: int
    models: tuple[str, ...]
    eyes: str = OFFLINE


class _LabelledPictures(Protocol):
    """What the probabilities need of the evidence, row by row."""

    images: pd.DataFrame
    model_probabilities: pd.DataFrame | None
    brought_probabilities: BroughtProbabilities | None

    @property
    def readable(self) -> npt.NDArray[np.bool_]: ...
    @property
    def labels(self) -> npt.NDArray[np.object_]: ...
    @property
    def splits(self) -> npt.NDArray[np.object_]: ...
    @property
    def groups(self) -> Rows: ...
    @property
    def descriptor(self) -> Floats32: ...
    @property
    def eyes(self) -> str: ...


def canonical_order(scan: _LabelledPictures, rows: Rows) -> Rows:
    """Return rows in the order of pixel digest, then path: as good as random, however the table is sorted."""
    rows, paths = np.sort(rows), scan.images["path"]
    if not paths.is_monotonic_increasing:
        rows = rows[np.argsort(paths.to_numpy(dtype=object)[rows], kind="stable")]
    # Hexadecimal digits as bytes: a million digests take 32 MB, and no string is compared.
    digests = scan.images["pixel_digest"].to_numpy(dtype=object)[rows].astype("S")
    return np.asarray(rows[np.argsort(digests, kind="stable")], dtype=np.int64)


def deal_folds(given: Rows, groups: Rows, folds: int = FOLDS) -> Rows:
    """Deal groups to folds, each class as evenly as groups allow, largest first; return fold numbers.

    Parameters
    ----------
    given : ndarray of int64, shape (n,)
        Class numbers, in an order that is as good as random.
    groups : ndarray of int64, shape (n,)
        Images of one group get one fold.
    """
    _, first, group, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    kind = given[first]  # a group is dealt with the class of its first image
    order = np.lexsort((first, -sizes, kind))
    fold_of = np.empty(len(sizes), dtype=np.int64)
    # Snake through the folds within the sequence: classes start where the last one ended, so that small ones
    # do not pile up in fold 0.
    turn = np.arange(len(order))
    position = turn % folds
    fold_of[order] = np.where((turn // folds) % 2 == 0, position, folds - 1 - position)
    return fold_of[group]


def _chosen(given: Rows, limit: int) -> Rows:
    """Return at most ``limit`` positions, those of small classes first, ascending; ``given`` is shuffled."""
    if len(given) <= limit:
        return np.arange(len(given))
    order = np.argsort(given, kind="stable")
    counts = np.bincount(given)
    rank = np.empty(len(given), dtype=np.int64)
    rank[order] = np.arange(len(given)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(np.argsort(rank >= FIT_PER_CLASS, kind="stable")[:limit])


def logistic(x: Floats32, given: Rows, queries: Floats32, classes: int) -> Floats32:
    """Return the probabilities of a logistic regression; a class that training lacks gets 0."""
    out = np.zeros((len(queries), classes), dtype=np.float32)
    present, number = np.unique(given, return_inverse=True)
    if len(present) == 1:
        out[:, present[0]] = 1
        return out
    # A tolerance of 1e-2 stops early: a ranking needs no finer probabilities.
    out[:, present] = fit_logistic(
        x, number, inverse_penalty=PENALTY, tolerance=1e-2, rounds=200
    ).probabilities(queries)
    return out


def votes(x: Floats32, given: Rows, queries: Floats32, classes: int) -> Floats32:
    """Return the smoothed votes of the nearest neighbours by cosine, shape ``(n_queries, n_classes)``."""
    k = min(VOTERS, len(x))
    rows, similarity = find_nearest(queries, x, k)
    weight = np.maximum(similarity, 0) ** POWER
    place = np.arange(len(queries))[:, None] * classes + given[rows]
    # One tenth of a vote for every class: nobody's neighbours are certain.
    total = (
        np.bincount(place.ravel(), weight.ravel(), len(queries) * classes).reshape(len(queries), classes)
        + 0.1
    )
    return np.asarray(total / total.sum(axis=1, keepdims=True), dtype=np.float32)


def geometric_mean(parts: list[Floats32]) -> Floats32:
    """Return the normalised geometric mean of probabilities, each at least `FLOOR`."""
    mean = np.exp(sum(np.log(np.maximum(part, FLOOR)) for part in parts) / len(parts))
    return np.asarray(mean / mean.sum(axis=1, keepdims=True), dtype=np.float32)


def balanced_accuracy(given: Rows, predicted: Rows, classes: int) -> float:
    """Return the mean recall over the classes that occur."""
    counts = np.bincount(given, minlength=classes)
    right = np.bincount(given[given == predicted], minlength=classes)
    return float((right[counts > 0] / counts[counts > 0]).mean())


def out_of_fold(x: Floats32, given: Rows, groups: Rows, classes: int, rows: Rows | None = None) -> Floats32:
    """Return out-of-fold probabilities of the default ensemble, shape ``(n, n_classes)``.

    Parameters
    ----------
    x : ndarray of float32, shape (n, d) or (n_images, d)
        Descriptors.
    given, groups : ndarray of int64, shape (n,)
    classes : int
    rows : ndarray of int64, shape (n,), optional
        Which rows of ``x`` they are of, in an order that is as good as random; by default all, as they stand.
    """
    rows = np.arange(len(x)) if rows is None else rows
    folds = deal_folds(given, groups)
    references = int(min(FIT_IMAGES, max(LEAST_REFERENCES, COMPARISONS // max(len(rows), 1))))
    out = np.empty((len(rows), classes), dtype=np.float32)
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if not len(inside):
            continue
        if not len(outside):
            out[inside] = 1 / classes
            continue
        fit = outside[_chosen(given[outside], FIT_IMAGES)]
        near = fit if references >= len(fit) else fit[_chosen(given[fit], references)]
        asked, known, near_by = x[rows[inside]], x[rows[fit]], x[rows[near]]
        out[inside] = geometric_mean(
            [
                logistic(known, given[fit], asked, classes),
                votes(scale_to_unit(near_by), given[near], scale_to_unit(asked), classes),
            ]
        )
    return out


def _model(
    scan: _LabelledPictures, rows: Rows, classes: tuple[str, ...]
) -> tuple[npt.NDArray[np.bool_], Floats32] | None:
    """Return which rows a trained model knows and what it says; ``None`` where it lacks a class."""
    table = scan.model_probabilities
    if table is None or not len(table):
        return None
    if "path" in table.columns:
        table = table.set_index("path")
    if not set(classes) <= set(map(str, table.columns)):
        return None
    table = table.set_axis([str(c) for c in table.columns], axis=1)[list(classes)]
    table = table[~table.index.duplicated()].reindex(scan.images["path"].to_numpy()[rows])
    said = table.to_numpy(dtype=np.float32)
    covered = np.isfinite(said).all(axis=1)
    return (covered, said) if covered.any() else None


def _loss(values: Floats32, given: Rows) -> float:
    """Return the log loss, no probability below `FLOOR`."""
    return -float(np.log(np.maximum(values[np.arange(len(given)), given], FLOOR)).mean())


def _join(values: Floats32, given: Rows, covered: npt.NDArray[np.bool_], said: Floats32) -> bool:
    """Let a model join the ensemble where that lowers the log loss; return whether it did."""
    # Two parts of the ensemble, one of the model: it counts as much as each of the others.
    joined = geometric_mean([values[covered], values[covered], said[covered]])
    if _loss(joined, given[covered]) >= _loss(values[covered], given[covered]):
        return False
    values[covered] = joined
    return True


def find_probabilities(scan: _LabelledPictures) -> Probabilities | None:
    """Return out-of-fold probabilities for the labelled images; ``None`` with fewer than two classes.

    The ensemble is the geometric mean of a logistic regression and a nearest-neighbour vote on the
    descriptor, cross-validated over groups; where `Evidence.model_probabilities` lower the log loss of the
    images they cover, they join it. Probabilities that the user brings join it, or take its place, likewise.

    Raises
    ------
    DataError
        The user's probabilities are of a model that has seen the labels.
    """
    labelled = np.flatnonzero(scan.readable & (scan.labels != "") & (scan.splits != "field"))
    if not len(labelled):
        return None
    names, number = np.unique(scan.labels[labelled].astype(str), return_inverse=True)
    pairs = np.unique(np.stack([number, scan.groups[labelled]]), axis=1)
    enough = np.bincount(pairs[0], minlength=len(names)) >= CLASS_GROUPS
    classes = tuple(names[enough].tolist())
    if len(classes) < 2:
        return None
    rows = canonical_order(scan, labelled[enough[number]])[: MOST_PROBABILITIES // len(classes)]
    given = np.searchsorted(names[enough], scan.labels[rows].astype(str)).astype(np.int64)
    columns = max(len(rows) // COLUMN_IMAGES, FEWEST_COLUMNS)
    values = out_of_fold(scan.descriptor[:, :columns], given, scan.groups[rows], len(classes), rows)
    models: tuple[str, ...] = ("logistic regression", "nearest neighbours")
    model = _model(scan, rows, classes)
    if model is not None and _join(values, given, *model):
        models = (*models, BASELINE)
    brought = scan.brought_probabilities
    if brought is not None:
        said = brought.of(rows, classes)
        refuse_in_sample(brought.name, given, said, values)
        if _loss(said, given) < min(
            _loss(values, given), _loss(geometric_mean([values, values, said]), given)
        ):
            values, models = said, (brought.name,)
        elif _join(values, given, np.ones(len(rows), dtype=bool), said):
            models = (*models, brought.name)
    order = np.argsort(rows)
    rows, given, values = rows[order], given[order], values[order]
    accuracy = balanced_accuracy(given, values.argmax(axis=1), len(classes))
    return Probabilities(rows, classes, given, values, accuracy, len(labelled) - len(rows), models, scan.eyes)
