"""Imbalanced-learn's cleaning rules on the descriptor: a second opinion on labels, which needs no model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from auditor.errors import MissingExtraError

#: Neighbours that are asked (Wilson 1972).
EDITED_NEIGHBOURS = 3
#: Images that the rules are tried on at most: every pair is compared, in 10 CPU seconds.
MOST_IMAGES = 20_000
#: The rules by the words for them.
TOMEK, EDITED = "Tomek link", "edited nearest neighbours"


def broken_cleaning_rules(
    descriptor: npt.NDArray[np.float32], labels: Sequence[str] | npt.NDArray[np.object_]
) -> dict[str, npt.NDArray[np.int64]]:
    """Return the rows that each rule would clean away: images that stand among those of another class.

    A Tomek link is a pair of two classes that are each other's nearest; both are returned. Edited nearest
    neighbours contradict an image where most of its `EDITED_NEIGHBOURS` nearest bear another label.

    Parameters
    ----------
    descriptor : ndarray of float32, shape (n_images, n_columns)
        `Evidence.descriptor` of labelled, readable images.
    labels : sequence of str, length n_images

    Returns
    -------
    dict of str to ndarray of int64
        By the rule's name, sorted rows; no rule for fewer than two classes, or for more than `MOST_IMAGES`.

    Raises
    ------
    MissingExtraError
        imbalanced-learn is not installed.

    References
    ----------
    Tomek, "Two modifications of CNN", IEEE Trans. SMC 6, 1976. Wilson, "Asymptotic properties of nearest
    neighbor rules using edited data", IEEE Trans. SMC 2(3), 1972.
    """
    try:
        from imblearn.under_sampling import EditedNearestNeighbours, TomekLinks
    except ImportError:
        raise MissingExtraError.of("imbalanced-learn", "train") from None
    classes, numbers = np.unique(np.asarray(labels).astype(str), return_inverse=True)
    if len(classes) < 2 or not EDITED_NEIGHBOURS < len(numbers) <= MOST_IMAGES:
        return {}
    edited = EditedNearestNeighbours(sampling_strategy="all", n_neighbors=EDITED_NEIGHBOURS, kind_sel="mode")
    rules = {TOMEK: TomekLinks(sampling_strategy="all"), EDITED: edited}
    found = {}
    for name, rule in rules.items():
        rule.fit_resample(descriptor, numbers)
        found[name] = np.setdiff1d(np.arange(len(numbers)), rule.sample_indices_)
    return found


__all__ = ["EDITED", "TOMEK", "broken_cleaning_rules"]
