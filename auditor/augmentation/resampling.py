"""Resampling with imbalanced-learn, always on row numbers or descriptors.

Images are never copied into memory.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from auditor.augmentation.budget import read_target, target_count
from auditor.augmentation.weighting import counted
from auditor.errors import DataError, MissingExtraError, UsageError

if TYPE_CHECKING:
    import pandas as pd

#: On row numbers alone, and on descriptors.
RANDOM, CLEANING = ("over", "under"), ("near-miss", "tomek", "edited-neighbours")
SYNTHETIC = ("smote", "borderline-smote", "svm-smote", "adasyn")
#: Neighbours of SMOTE and its family (Chawla et al. 2002); fewer where a class is smaller.
SMOTE_NEIGHBOURS = 5
#: Neighbours that edited nearest neighbours asks (Wilson 1972).
EDITED_NEIGHBOURS = 3

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def _labels(labels: Sequence[str] | npt.ArrayLike, n: int | None = None) -> npt.NDArray[np.str_]:
    found = np.asarray(labels).astype(str)
    if found.ndim != 1 or len(set(found.tolist())) < 2:
        raise DataError(
            expected="labels of at least two classes, one per image",
            received=f"an array of shape {found.shape}",
            hint="give the training rows' labels",
        )
    if n is not None and n != len(found):
        raise DataError(
            expected=f"a descriptor for each of {len(found)} labels",
            received=f"{n}",
            hint="take the same rows of both",
        )
    return found


def _strategy(labels: npt.NDArray[np.str_], target: str | float, method: str) -> dict[str, int]:
    counts = counted(labels.tolist())
    wanted = read_target(target)
    if method != "under" and method != "near-miss":
        goal = target_count(wanted, counts)
        return {label: max(n, goal) for label, n in counts.items()}
    smallest, largest = min(counts.values()), max(counts.values())
    if wanted == "balanced":
        goal = smallest
    else:
        goal = int(wanted * smallest) if isinstance(wanted, float) else int(wanted)
        if isinstance(wanted, int) and wanted >= largest:
            raise UsageError(
                expected=f"a target below the largest class's {largest} images",
                received=f"{wanted}",
                hint="undersampling takes images away and adds none",
            )
    return {label: min(n, goal) for label, n in counts.items()}


def _refuse_method(method: str, descriptors: npt.ArrayLike | None) -> None:
    if method not in (*RANDOM, *CLEANING):
        raise UsageError(
            expected=f"a method: {', '.join((*RANDOM, *CLEANING))}",
            received=f"{method!r}",
            hint="synthesise() makes new descriptors",
        )
    if method in CLEANING and descriptors is None:
        raise UsageError(
            expected=f"descriptors for '{method}'",
            received="none",
            hint="give a scan's descriptors of the same rows",
        )


def resample(
    labels: Sequence[str] | npt.ArrayLike,
    method: str = "over",
    *,
    target: str | float = "balanced",
    descriptors: npt.ArrayLike | None = None,
    seed: int = 0,
) -> Rows:
    """Return the rows to train on, sorted.

    Some of them several times (over), or some of them left out (the others).

    Parameters
    ----------
    labels : array_like of str, shape (n_images,)
        Of training images alone: what is resampled must never hold validation or test.
    method : {"over", "under", "near-miss", "tomek", "edited-neighbours"}
        Random oversampling or undersampling; or, on descriptors, undersampling to the images that are nearest
        to other classes, removal of Tomek links, or of images that their neighbours contradict. The last two
        clean, they do not balance.
    target : "balanced", int or float
        As in `plan_augmentation`. Oversampling fills classes up to it; undersampling, where "balanced" is the
        smallest class and a ratio is to the smallest class, cuts down to it.
    descriptors : array_like, shape (n_images, n_columns)
        For the methods that look at the images.
    seed : int

    Returns
    -------
    ndarray of int64, shape (n_rows,)

    Raises
    ------
    UsageError
        An unknown method, descriptors missing, a target that changes nothing.
    DataError
        Fewer than two classes, or descriptors of other images.
    MissingExtraError
        imbalanced-learn is not installed.

    References
    ----------
    Lemaitre, Nogueira, Aridas, "Imbalanced-learn", JMLR 18(17), 2017. Tomek, "Two modifications of CNN", IEEE
    Trans. SMC 6, 1976. Wilson, "Asymptotic properties of nearest neighbor rules using edited data", IEEE
    Trans. SMC 2(3), 1972. Mani and Zhang, "kNN approach to unbalanced data distributions", ICML workshop 2003
    (NearMiss).

    Examples
    --------
    >>> resample(["cat", "cat", "cat", "dog"], "over").tolist()
    [0, 1, 2, 3, 3, 3]
    """
    _refuse_method(method, descriptors)
    features: Any = None if descriptors is None else np.asarray(descriptors, dtype=np.float32)
    names = _labels(labels, None if features is None else len(features))
    if method in RANDOM:
        features = np.zeros((len(names), 1), dtype=np.float32)
    sampler = _sampler(method, names, target, seed)
    numbers = np.unique(names, return_inverse=True)[1]
    with warnings.catch_warnings():
        # It warns of each class that is smaller than its number of neighbours; those are kept whole, which is
        # what is wanted.
        warnings.simplefilter("ignore", UserWarning)
        sampler.fit_resample(features, numbers)
    return np.sort(np.asarray(sampler.sample_indices_, dtype=np.int64))


def _samplers() -> tuple[Any, Any]:
    """Return imbalanced-learn's modules of over- and under-sampling."""
    try:
        from imblearn import over_sampling, under_sampling
    except ImportError:
        raise MissingExtraError.of("imbalanced-learn", "train") from None
    return over_sampling, under_sampling


def _sampler(method: str, labels: npt.NDArray[np.str_], target: str | float, seed: int) -> Any:
    over_sampling, under_sampling = _samplers()
    if method in ("tomek", "edited-neighbours"):
        kinds = {
            "tomek": under_sampling.TomekLinks,
            "edited-neighbours": under_sampling.EditedNearestNeighbours,
        }
        options = {} if method == "tomek" else {"n_neighbors": EDITED_NEIGHBOURS, "kind_sel": "mode"}
        return kinds[method](sampling_strategy="all", **options)
    strategy = dict(enumerate(_strategy(labels, target, method).values()))  # both are sorted by class
    if method == "over":
        return over_sampling.RandomOverSampler(sampling_strategy=strategy, random_state=seed)
    if method == "under":
        return under_sampling.RandomUnderSampler(sampling_strategy=strategy, random_state=seed)
    if method == "near-miss":
        smallest = min(counted(labels.tolist()).values())
        return under_sampling.NearMiss(sampling_strategy=strategy, n_neighbors=min(3, smallest))
    return None


def synthesise(
    descriptors: npt.ArrayLike,
    labels: Sequence[str] | npt.ArrayLike,
    method: str = "smote",
    *,
    target: str | float = "balanced",
    seed: int = 0,
) -> tuple[Floats, npt.NDArray[np.str_]]:
    """Return descriptors and labels with synthetic ones of rare classes appended, for a linear probe.

    SMOTE interpolates between an image and its neighbours of the same class. It works on descriptors, where a
    point between two images means something; between pixels it would be a double exposure.

    Parameters
    ----------
    descriptors : array_like, shape (n_images, n_columns)
    labels : array_like of str, shape (n_images,)
    method : {"smote", "borderline-smote", "svm-smote", "adasyn"}
    target : "balanced", int or float
    seed : int

    Returns
    -------
    descriptors : ndarray of float32, shape (n_images + n_made, n_columns)
    labels : ndarray of str, shape (n_images + n_made,)
        The first ``n_images`` are those given. A class of one image has no neighbour: it is repeated.

    References
    ----------
    Chawla, Bowyer, Hall, Kegelmeyer, "SMOTE", JAIR 16, 2002. Han, Wang, Mao, "Borderline-SMOTE", ICIC 2005.
    Nguyen, Cooper, Kamei, "Borderline over-sampling" (SVM-SMOTE), IJKESDP 3(1), 2011. He, Bai, Garcia, Li,
    "ADASYN", IJCNN 2008.
    """
    if method not in SYNTHETIC:
        raise UsageError(
            expected=f"a method: {', '.join(SYNTHETIC)}",
            received=f"{method!r}",
            hint="resample() works on rows",
        )
    features = np.asarray(descriptors, dtype=np.float32)
    names = _labels(labels, len(features))
    counts = counted(names.tolist())
    missing = {
        label: n - counts[label] for label, n in _strategy(names, target, "over").items() if n > counts[label]
    }
    made, given = [features], [names]
    rng = np.random.default_rng(seed)
    pool = _synthetic(
        features, names, {label: n for label, n in missing.items() if counts[label] > 1}, method, seed
    )
    for label, n in missing.items():
        if counts[label] == 1:
            own = np.repeat(features[names == label], n, axis=0)
        else:
            own = pool[label]
            if len(own) > n:  # ADASYN makes about as many as asked
                own = own[np.sort(rng.choice(len(own), n, replace=False))]
            elif len(own) < n:  # the border variants make none of a class that borders on no other
                own = np.concatenate(
                    [own, _synthetic(features, names, {label: n - len(own)}, "smote", seed + 1)[label]]
                )
        made.append(own)
        given.append(np.full(n, label))
    return np.concatenate(made), np.concatenate(given)


def _synthetic(
    features: Floats, names: npt.NDArray[np.str_], missing: dict[str, int], method: str, seed: int
) -> dict[str, Floats]:
    """Return what one method makes of each class, about as many as are missing."""
    if not missing:
        return {}
    over_sampling, _ = _samplers()
    classes, numbers, counts = np.unique(names, return_inverse=True, return_counts=True)
    number = {str(label): i for i, label in enumerate(classes)}
    strategy = {number[label]: int(counts[number[label]]) + n for label, n in missing.items()}
    k = min(SMOTE_NEIGHBOURS, min(int(counts[number[label]]) for label in missing) - 1)
    sampler: Any
    if method == "adasyn":
        sampler = over_sampling.ADASYN(sampling_strategy=strategy, n_neighbors=k, random_state=seed)
    else:
        kinds = {
            "smote": over_sampling.SMOTE,
            "borderline-smote": over_sampling.BorderlineSMOTE,
            "svm-smote": over_sampling.SVMSMOTE,
        }
        sampler = kinds[method](sampling_strategy=strategy, k_neighbors=k, random_state=seed)
    try:
        out, of_class = sampler.fit_resample(features, numbers)
    except (
        ValueError,
        RuntimeError,
    ):  # no image of a class stands at a border: the caller falls back on plain SMOTE
        out, of_class = features, numbers
    new, of_new = np.asarray(out[len(features) :], dtype=np.float32), np.asarray(of_class[len(features) :])
    return {label: new[of_new == number[label]] for label in missing}


def suggest_cleaning(
    descriptors: npt.ArrayLike, labels: Sequence[str] | npt.ArrayLike, paths: Sequence[str]
) -> pd.DataFrame:
    """Return images that stand between classes: label suspects to look at, never to delete unseen.

    Parameters
    ----------
    descriptors : array_like, shape (n_images, n_columns)
    labels : array_like of str, shape (n_images,)
    paths : sequence of str, length n_images

    Returns
    -------
    DataFrame
        ``path, label, other_path, suggested_label, method, score``: a row for each image of a Tomek link (an
        image and one of another class that are each other's nearest; both are listed) and each image that
        most of its neighbours contradict. Worst first: ``score`` is the share of its `EDITED_NEIGHBOURS`
        nearest images that bear another label.
    """
    import pandas as pd

    try:
        from sklearn.neighbors import NearestNeighbors
    except ImportError:
        raise MissingExtraError.of("scikit-learn", "train") from None

    features = np.asarray(descriptors, dtype=np.float32)
    names = _labels(labels, len(features))
    where = np.asarray(list(paths), dtype=object)
    near = (
        NearestNeighbors(n_neighbors=min(EDITED_NEIGHBOURS, len(names) - 1))
        .fit(features)
        .kneighbors(return_distance=False)
    )
    contradicted = (names[near] != names[:, None]).mean(axis=1)
    rows = []
    for method in ("tomek", "edited-neighbours"):
        left_out = np.setdiff1d(np.arange(len(names)), resample(names, method, descriptors=features))
        for i in left_out:
            voices, counts = np.unique(names[near[i]][names[near[i]] != names[i]], return_counts=True)
            other = near[i][names[near[i]] != names[i]]
            if len(other):
                rows.append(
                    (
                        where[i],
                        names[i],
                        where[other[0]],
                        str(voices[counts.argmax()]),
                        method,
                        float(contradicted[i]),
                    )
                )
    table = pd.DataFrame(rows, columns=["path", "label", "other_path", "suggested_label", "method", "score"])
    return table.sort_values(
        ["score", "method", "path"], ascending=[False, False, True], ignore_index=True, kind="stable"
    )
