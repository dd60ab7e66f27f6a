"""A scan as checks see it: the table, and evidence that is computed at most once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.dataset import AND, separate_labels
from auditor.evidence.descriptor import describe
from auditor.evidence.duplicates import (
    LISTED_BY_DESCRIPTOR,
    SEARCHED_BY_LOOKS,
    DuplicateSets,
    find_duplicates,
)
from auditor.evidence.groups import InferredGroups, infer_groups
from auditor.evidence.neighbours import EXACT_LIMIT, Neighbours, find_neighbours
from auditor.evidence.probabilities import Probabilities, find_probabilities
from auditor.evidence.threads import one_thread
from auditor.reading import Reading
from auditor.record import SPLITS
from auditor.scanning.paged import IN_FILE_FROM, gathered, give_back

if TYPE_CHECKING:
    import pandas as pd


class Evidence:
    """What a check is given.

    Parameters
    ----------
    images : DataFrame
        A row per image with the columns of `auditor.scanning.schema`; index 0..n-1. Never changed.
    signatures : ndarray of uint8, shape (n_images, SIGNATURE_BYTES)
        Thumbnails, see `auditor.scanning.signature`.
    empty : tuple of (split, label)
        Class folders without an image.
    reading : Reading
        How the data was understood.
    seed : int
        Seeds every resampling.
    """

    def __init__(
        self,
        images: pd.DataFrame,
        signatures: npt.NDArray[np.uint8],
        *,
        empty: tuple[tuple[str, str], ...] = (),
        reading: Reading | None = None,
        seed: int = 0,
    ) -> None:
        self.images, self.signatures, self.empty, self.seed = images, signatures, empty, seed
        self.reading = reading or Reading()
        #: Class probabilities of a trained model, out of sample: a row per image (index or column ``path``),
        #: a column per class.
        self.model_probabilities: pd.DataFrame | None = None
        #: Recall of a trained model by split and class, in [0, 1].
        self.model_recalls: Mapping[str, Mapping[str, float]] = {}

    def generator(self, *names: str) -> np.random.Generator:
        """Return a random generator that depends on the seed and on the names (a check's code, a scope) alone."""
        return np.random.default_rng([self.seed, *(ord(c) for name in names for c in name)])

    @cached_property
    def readable(self) -> npt.NDArray[np.bool_]:
        """Mask of the images that were decoded, shape (n_images,)."""
        return (self.images["status"] == "ok").to_numpy(dtype=bool)

    @cached_property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Mask of the images that were read, readable or not: all but those that a time budget left out. Shape (n_images,)."""
        return (self.images["status"] != "unmeasured").to_numpy(dtype=bool)

    @cached_property
    def labels(self) -> npt.NDArray[np.object_]:
        """Class of each image ("" where unknown), shape (n_images,)."""
        return self.images["label"].to_numpy(dtype=object)

    @cached_property
    def splits(self) -> npt.NDArray[np.object_]:
        """Split of each image ("" where unknown), shape (n_images,)."""
        return self.images["split"].to_numpy(dtype=object)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Classes with at least one image, sorted."""
        return tuple(sorted(set(self.labels) - {""}))

    @cached_property
    def several_labels(self) -> bool:
        """Whether images have several labels each, joined as `auditor.dataset.joined_labels` joins them."""
        return any(AND in label for label in self.classes)

    @cached_property
    def single_classes(self) -> tuple[str, ...]:
        """The labels one by one where images have several, else the classes; sorted."""
        return tuple(sorted({single for label in self.classes for single in separate_labels(label)}))

    def label_counts(self, used: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.int64]]:
        """Return the classes of some images, sorted, and their images; an image with several labels counts for each."""
        classes, counts = np.unique(self.labels[used & (self.labels != "")].astype(str), return_counts=True)
        if not self.several_labels:
            return classes, counts
        total: Counter[str] = Counter()
        for label, count in zip(classes.tolist(), counts.tolist(), strict=True):
            total.update(dict.fromkeys(separate_labels(label), count))
        return np.array(sorted(total), dtype=str), np.array(
            [total[name] for name in sorted(total)], dtype=np.int64
        )

    def with_labels(self, names: Iterable[str], used: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which of some images have any of these labels, shape (n_images,)."""
        wanted = set(names)
        having = [label for label in self.classes if not wanted.isdisjoint(separate_labels(label))]
        return np.asarray(used & np.isin(self.labels.astype(str), having))

    @cached_property
    def split_names(self) -> tuple[str, ...]:
        """Splits with at least one image, standard names first."""
        present = set(self.splits) - {""}
        return (*(s for s in SPLITS if s in present), *sorted(present - set(SPLITS)))

    @property
    def _listed(self) -> int:
        """Neighbours of each image that the search for duplicates asks for: none where it looks at every pair, or goes by hashes alone."""
        return LISTED_BY_DESCRIPTOR if EXACT_LIMIT < self.readable.sum() <= SEARCHED_BY_LOOKS else 0

    @cached_property
    def duplicates(self) -> DuplicateSets:
        """Duplicate sets of the readable images."""
        listed = self._listed
        with one_thread():
            near = self.neighbours(listed) if listed else None
            descriptor = self.descriptor if self.readable.sum() <= SEARCHED_BY_LOOKS else None
            found = find_duplicates(self.images, self.signatures, near, descriptor)
        give_back(self.signatures)
        return found

    @cached_property
    def inferred_groups(self) -> tuple[InferredGroups, ...]:
        """Groups that file names, folders, times or consecutive files suggest; guesses, which nothing else relies on."""
        found = infer_groups(self.images, self.signatures, self.duplicates.exact)
        give_back(self.signatures)
        return found

    @cached_property
    def unique(self) -> npt.NDArray[np.bool_]:
        """Mask of readable images that represent their duplicate set, within each split: what counts as one image. Shape (n_images,)."""
        import pandas as pd

        table = pd.DataFrame({"set": self.duplicates.near, "split": self.splits, "label": self.labels})
        return np.asarray(~table.duplicated() & self.readable)

    @cached_property
    def groups(self) -> npt.NDArray[np.int64]:
        """What is resampled as one, shape (n_images,): images joined by the user's groups or by duplicate sets, numbered from 0."""
        import pandas as pd
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        n = len(self.images)
        codes, names = pd.factorize(self.images["group"].to_numpy(dtype=object))
        grouped = np.flatnonzero(np.array([name != "" for name in names], dtype=bool)[codes])
        _, first, number = np.unique(codes[grouped], return_index=True, return_inverse=True)
        i = np.concatenate([grouped, np.arange(n)])
        j = np.concatenate([grouped[first[number]], self.duplicates.near])
        _, component = connected_components(
            coo_array((np.ones(len(i)), (i, j)), shape=(n, n)), directed=False
        )
        return np.asarray(component, dtype=np.int64)

    @cached_property
    def _described(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        with one_thread():
            return describe(self.images, self.signatures)

    @property
    def descriptor(self) -> npt.NDArray[np.float32]:
        """What each picture looks like, shape (n_images, at most 128), zeros where unreadable; see `auditor.evidence.descriptor`."""
        return self._described[0]

    def principal_components(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the descriptor of some rows before whitening: large columns are what pictures differ in most."""
        return self._described[0][rows] * self._described[1]

    @property
    def probabilities(self) -> Probabilities | None:
        """Out-of-fold class probabilities, with a trained model's once there are any; see `auditor.evidence.probabilities`."""
        key, known = id(self.model_probabilities), self.__dict__.get("_probabilities")
        if known is None or known[0] != key:
            with one_thread():
                known = self.__dict__["_probabilities"] = (key, find_probabilities(self))
        found: Probabilities | None = known[1]
        return found

    def neighbours(self, k: int = 10) -> Neighbours:
        """Return the k nearest other images of each image by the cosine of their descriptors."""
        known: Neighbours | None = self.__dict__.get("_neighbours")
        if known is None or known.rows.shape[1] < k:
            most = max(k, 10, self._listed)  # so that they are searched once
            with one_thread():
                known = find_neighbours(
                    self.descriptor, self.readable, most, rng=self.generator("neighbours")
                )
            self.__dict__["_neighbours"] = known
        return Neighbours(known.rows[:, :k], known.similarity[:, :k], known.exact)

    def thumbnails(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Return the signatures of some rows; of many images no more than these stay in memory."""
        return gathered(self.signatures, rows)

    def let_go(self) -> None:
        """Forget descriptors and neighbours where they take much memory; asked for, they are computed again."""
        if len(self.images) >= IN_FILE_FROM:
            for name in ("_described", "_neighbours"):
                self.__dict__.pop(name, None)

    def with_splits(self, splits: npt.NDArray[np.object_]) -> Evidence:
        """Return the same scan under another assignment of splits, sharing the evidence that does not depend on it."""
        other = Evidence(
            self.images.assign(split=splits), self.signatures, empty=(), reading=self.reading, seed=self.seed
        )
        other.model_recalls = self.model_recalls
        for name in (
            "readable",
            "labels",
            "classes",
            "duplicates",
            "inferred_groups",
            "groups",
            "_described",
            "_neighbours",
        ):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other
