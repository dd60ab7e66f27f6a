"""Weights, offsets and frequencies that make up for rare classes without making any image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from auditor.errors import DataError, UsageError
from auditor.stats.imbalance import effective_number

#: Cui et al. 2019 use 0.9 to 0.9999; with 0.999 a class stops gaining weight from rarity once it has a few
#: thousand images.
BETA = 0.999
SCHEMES = ("inverse", "effective")


def counted(labels: Iterable[str] | Mapping[str, int]) -> dict[str, int]:
    """Return images per class, sorted by class, from labels or from counts.

    Raises
    ------
    DataError
        No class, or a class without an image.
    """
    counts = dict(labels) if isinstance(labels, Mapping) else Counter(str(label) for label in labels)
    if not counts or min(counts.values()) < 1:
        raise DataError(
            expected="classes with at least one image each",
            received=f"{dict(counts)}"[:120],
            hint="leave empty classes out",
        )
    return {label: int(counts[label]) for label in sorted(counts)}


def class_weights(
    labels: Iterable[str] | Mapping[str, int], *, scheme: str = "inverse", beta: float = BETA
) -> dict[str, float]:
    """Return a weight in the loss for each class.

    Parameters
    ----------
    labels : iterable of str, or mapping of str to int
        The class of each training image, or images per class.
    scheme : {"inverse", "effective"}
        Inverse frequency, or inverse effective number of samples.
    beta : float
        Of the effective number, in [0, 1): 0 weighs nothing, towards 1 it becomes inverse frequency.

    Returns
    -------
    dict of str to float
        Scaled so that the mean over the images is 1: the loss, and so the learning rate, keep their meaning.
        With ``"inverse"`` this is scikit-learn's ``class_weight="balanced"``.

    Raises
    ------
    UsageError
        An unknown scheme or a beta out of range.
    DataError
        A class without an image.

    References
    ----------
    Cui, Jia, Lin, Song, Belongie, "Class-balanced loss based on effective number of samples", CVPR 2019.

    Examples
    --------
    >>> class_weights({"cat": 30, "dog": 10})
    {'cat': 0.6666666666666666, 'dog': 2.0}
    """
    if scheme not in SCHEMES:
        raise UsageError(
            expected=f"a scheme of weights: {', '.join(SCHEMES)}",
            received=f"{scheme!r}",
            hint="'inverse' is the usual one",
        )
    if not 0 <= beta < 1:
        raise UsageError(
            expected="a beta of at least 0 and below 1", received=f"{beta!r}", hint=f"the default is {BETA}"
        )
    counts = counted(labels)
    n = np.array(list(counts.values()), dtype=float)
    size = n if scheme == "inverse" else np.ones_like(n) if beta == 0 else effective_number(n, beta)
    weights = n.sum() / (size * (n / size).sum())
    return dict(zip(counts, weights.tolist(), strict=True))


def logit_offsets(labels: Iterable[str] | Mapping[str, int], *, tau: float = 1.0) -> dict[str, float]:
    """Return what is added to each class's logit in the training loss: ``tau * log(share of the class)``.

    Predictions are made without it. Or train as usual and subtract it from the logits before the arg max: the
    same aim, without training.

    References
    ----------
    Menon, Jayasumana, Rawat, Jain, Veit, Kumar, "Long-tail learning via logit adjustment", ICLR 2021.

    Examples
    --------
    >>> {label: round(offset, 4) for label, offset in logit_offsets({"cat": 3, "dog": 1}).items()}
    {'cat': -0.2877, 'dog': -1.3863}
    """
    counts = counted(labels)
    total = sum(counts.values())
    return {label: float(tau * np.log(n / total)) for label, n in counts.items()}


def class_frequencies(labels: Iterable[str] | Mapping[str, int], *, power: float = 0.0) -> dict[str, float]:
    """Return the shares of the classes in batches: proportional to ``count ** power``.

    Parameters
    ----------
    labels : iterable of str, or mapping of str to int
    power : float
        1 leaves frequencies as they are, 0 makes classes equally frequent, 0.5 (square root) lies between.

    References
    ----------
    Mahajan et al., "Exploring the limits of weakly supervised pretraining", ECCV 2018 (square-root sampling).

    Examples
    --------
    >>> class_frequencies({"cat": 90, "dog": 10}, power=0.5)
    {'cat': 0.75, 'dog': 0.25}
    """
    if not 0 <= power <= 1:
        raise UsageError(
            expected="a power from 0 (balanced) to 1 (as they are)",
            received=f"{power!r}",
            hint="0.5 is square-root sampling",
        )
    counts = counted(labels)
    raw = np.array(list(counts.values()), dtype=float) ** power
    return dict(zip(counts, (raw / raw.sum()).tolist(), strict=True))
