"""Class probabilities that users bring: checked, put into the order of the images, refused in-sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.errors import DataError
from auditor.evidence.brought import Brought, Matched, require_rows
from auditor.finding import percent
from auditor.reading import listed

#: How far from 1 a row may add up: float16 rounds a hundred classes by less.
SUM_TOLERANCE = 0.02
#: A model that errs less than this often for each error of the neighbours has seen the labels. The best
#: networks out of fold err a twentieth as often on photos of 32 px (0.02 against 0.45), a memorising one
#: never.
IN_SAMPLE_RATIO = 1 / 25
#: Errors of the neighbours below which nothing is concluded: no model errs on data that is that easy.
LEAST_ERRORS = 20
#: Rows that are read at once.
BLOCK = 65_536

Floats32 = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BroughtProbabilities:
    """Class probabilities of the images.

    Attributes
    ----------
    name : str
        As the user named them: ``"'probabilities.csv'"``.
    classes : tuple of str
        What the columns are of.
    values : ndarray of float32, shape (n_images, n_classes)
        Each row adds up to 1; NaN where an image was not readable.
    """

    name: str
    classes: tuple[str, ...]
    values: Floats32

    def of(self, rows: Rows, classes: tuple[str, ...]) -> Floats32:
        """Return the probabilities of some images and classes, each row adding up to 1."""
        place = {name: k for k, name in enumerate(self.classes)}
        taken = self.values[rows][:, [place[name] for name in classes]]
        total = taken.sum(axis=1, keepdims=True)
        # What is in none of the asked classes is equally in all.
        return np.where(total > 0, taken / np.where(total > 0, total, 1), 1 / len(classes)).astype(np.float32)


def require_classes_of(brought: Brought, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the columns are of; without names they are the sorted classes.

    Raises
    ------
    DataError
        A class has no column, or there are no names and not as many columns as classes.
    """
    names = tuple(name.strip() for name in brought.columns)
    if not names:
        if brought.values.shape[1] != len(classes):
            raise DataError(
                expected=f"a column for each of the {len(classes)} classes: {listed(classes)}",
                received=f"{brought.name} with {brought.values.shape[1]} columns without names",
                hint="name the columns: an array 'classes' in the .npz file, or a header of the table",
            )
        return classes
    lacking = [name for name in classes if name not in names]
    if lacking:
        raise DataError(
            expected=f"a column for each of the {len(classes)} classes",
            received=f"{brought.name} without {listed(lacking)}; its columns are {listed(names)}",
            hint="name the columns as the labels are written",
        )
    return names


def match_probabilities(
    brought: Brought,
    matched: Matched,
    classes: tuple[str, ...],
    paths: npt.NDArray[np.object_],
    readable: npt.NDArray[np.bool_],
) -> BroughtProbabilities:
    """Bring probabilities into the order of the images.

    Raises
    ------
    DataError
        A class or a readable image is missing; a number is no probability, a row does not add up to 1, or all
        rows are the same.
    """
    names = require_classes_of(brought, classes)
    # A table may have columns of other numbers; where it has those of the classes, they are what is meant.
    used = [names.index(name) for name in classes]
    require_rows(brought, matched, paths, readable)
    values = np.full((len(paths), len(classes)), np.nan, dtype=np.float32)
    present = np.flatnonzero(readable)
    for start in range(0, len(present), BLOCK):
        rows = present[start : start + BLOCK]
        with np.errstate(over="ignore"):
            block = np.asarray(brought.values[matched.rows[rows]], dtype=np.float64)
        _require_probabilities(brought, block[:, used], paths[rows])
        values[rows] = block[:, used]
    if len(present) > 1 and not np.ptp(values[present], axis=0).max() > 0:
        raise DataError(
            expected="probabilities that differ between images",
            received=f"{brought.name}, where every image has the same",
            hint="check that the model was trained, and that its inputs were not blank",
        )
    return BroughtProbabilities(name=brought.name, classes=classes, values=values)


def _require_probabilities(
    brought: Brought, values: npt.NDArray[np.float64], paths: npt.NDArray[np.object_]
) -> None:
    """Refuse rows that are no probabilities of the classes."""
    with np.errstate(invalid="ignore"):
        bad = ~(np.isfinite(values) & (values >= -1e-6) & (values <= 1 + 1e-3)).all(axis=1)
        bad |= ~(np.abs(values.sum(axis=1) - 1) <= SUM_TOLERANCE)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise DataError(
            expected="probabilities from 0 to 1 that add up to 1 over the classes of each image",
            received=f"{brought.name}, where {int(bad.sum()):,} rows do not: the {values.shape[1]} numbers of"
            f" '{paths[first]}' add up to {values[first].sum():.4g}",
            hint="apply a softmax to logits, and give a column to each class",
        )


def refuse_in_sample(name: str, given: Rows, said: Floats32, neighbours: Floats32) -> None:
    """Refuse probabilities of a model that was trained on these very labels: they hide every wrong one.

    Parameters
    ----------
    name : str
        What the user brings.
    given : ndarray of int64, shape (n,)
        Number of each image's class.
    said, neighbours : ndarray of float32, shape (n, n_classes)
        The user's probabilities, and out-of-fold ones from the best representation there is.

    Raises
    ------
    DataError
        They agree with the labels far more often than neighbours allow.
    """
    errors = int((said.argmax(axis=1) != given).sum())
    expected = int((neighbours.argmax(axis=1) != given).sum())
    if expected >= LEAST_ERRORS and errors < IN_SAMPLE_RATIO * expected:
        n = len(given)
        by_neighbours = percent(1 - expected / n, 1)
        raise DataError(
            expected="out-of-fold probabilities, from a model that has not seen the labels of these images",
            received=f"{name}, which agrees with {percent(1 - errors / n, 2)} of {n:,} labels where"
            f" neighbours agree with {by_neighbours}: it has seen them, and hides every wrong one",
            hint="give the probabilities of a cross-validation, or of a model trained on other data",
        )
