"""What the baseline is compared with.

The majority class, and logistic regression on the offline descriptor.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.feeding import Samples
from auditor.baseline.scores import mean_recall, share
from auditor.evidence.descriptor import fit_projection
from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.signature import signature

#: Training images that the regression is fitted on at most; beyond, its accuracy changes by less than its
#: interval.
FIT_LIMIT = 10_000


def signatures_of(samples: Samples) -> Signatures:
    """Return the signatures of cached images."""
    out = Signatures.zeros(len(samples))
    done = 0
    for piece in samples.cache.stream(samples.rows):
        for image in piece:
            out.array[done] = signature(image)
            done += 1
    return out


def reference_scores(labels: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return accuracy and balanced accuracy with intervals."""
    right = predicted == labels
    balanced = mean_recall(np.bincount(labels, weights=right), np.bincount(labels))
    return {"accuracy": share(int(right.sum()), len(labels)), "balanced_accuracy": balanced}


def references(train: Samples, others: Mapping[str, Samples], *, seed: int) -> dict[str, dict[str, Any]]:
    """Score the two references; everything in them is fitted on the training images.

    Returns
    -------
    dict
        Name of the reference -> split -> scores.
    """
    majority = int(np.bincount(train.labels).argmax())
    found: dict[str, dict[str, Any]] = {
        "majority class": {
            s: reference_scores(x.labels, np.full(len(x), majority)) for s, x in others.items() if len(x)
        }
    }
    from sklearn.linear_model import LogisticRegression

    rows = np.random.default_rng([seed, 0x7265]).permutation(len(train))[:FIT_LIMIT]
    fitted_on = train.take(np.sort(rows))
    marks = signatures_of(fitted_on)
    project = fit_projection(marks[np.arange(min(len(marks), 2048))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged after 200 steps is good enough for a yardstick
        model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=200).fit(
            project(marks), fitted_on.labels
        )
    found["logistic regression on descriptors"] = {
        s: reference_scores(x.labels, model.predict(project(signatures_of(x))))
        for s, x in others.items()
        if len(x)
    }
    return found
