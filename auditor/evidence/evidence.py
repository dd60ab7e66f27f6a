"""A scan as checks see it: the table, and evidence that is computed at most once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.dataset import AND, separate_labels
from auditor.duplicates import DuplicateSets
from auditor.evidence.brought_probabilities import BroughtProbabilities
from auditor.evidence.descriptor import OFFLINE, Descriptor
from auditor.evidence.inferred_groups import InferredGroups
from auditor.evidence.neighbours import Neighbours
from auditor.evidence.pictures import PictureEvidence, make_generator
from auditor.evidence.probabilities import Probabilities, find_probabilities
from auditor.evidence.single_thread import one_thread
from auditor.reading import Reading
from auditor.record import SPLITS
from auditor.scanning.mapped_signatures import Signatures

if TYPE_CHECKING:
    import pandas as pd

Recalls = Mapping[str, Mapping[str, float]]


class Evidence:
    """What a check is given.

    Parameters
    ----------
    images : DataFrame
        A row per image with the columns of `auditor.scanning.schema`; index 0..n-1. Never changed.
    signatures : Signatures, or ndarray of uint8, shape (n_images, SIGNATURE_BYTES)
        Thumbnails, see `auditor.scanning.signature`.
    empty : tuple of (split, label)
        Class folders without an image.
    reading : Reading
        How the data was understood.
    seed : int
        Seeds every resampling.

    Attributes
    ----------
    model_probabilities : DataFrame or None
        Class probabilities of a trained model, out of sample; see `with_model`.
    model_recalls : mapping
        Recall of a trained model by split and class, in [0, 1].
    brought_probabilities : BroughtProbabilities or None
        Class probabilities that the user brings; see `with_probabilities`.
    """

    def __init__(
        self,
        images: pd.DataFrame,
        signatures: Signatures | npt.NDArray[np.uint8],
        *,
        empty: tuple[tuple[str, str], ...] = (),
        reading: Reading | None = None,
        seed: int = 0,
    ) -> None:
        self.images, self.empty, self.seed = images, empty, seed
        self.signatures = signatures if isinstance(signatures, Signatures) else Signatures(signatures)
        self.reading = reading or Reading()
        self.model_probabilities: pd.DataFrame | None = None
        self.model_recalls: Recalls = {}
        self.brought_probabilities: BroughtProbabilities | None = None
        self._pictures = PictureEvidence(images, self.signatures, seed)

    def with_splits(self, splits: npt.NDArray[np.object_]) -> Evidence:
        """Return the same images under other splits; what does not depend on splits is shared."""
        other = Evidence(
            self.images.assign(split=splits), self.signatures, reading=self.reading, seed=self.seed
        )
        other.model_recalls, other._pictures = self.model_recalls, self._pictures
        other.brought_probabilities = self.brought_probabilities
        return other

    def with_model(self, probabilities: pd.DataFrame | None, recalls: Recalls) -> Evidence:
        """Return the same evidence, beside what a trained model says; all else is shared.

        Parameters
        ----------
        probabilities : DataFrame or None
            Class probabilities, out of sample: a column per class, a row per ``path`` (index or column).
        recalls : mapping
            Recall by split and class, in [0, 1].
        """
        other = Evidence(self.images, self.signatures, empty=self.empty, reading=self.reading, seed=self.seed)
        other.model_probabilities, other.model_recalls = probabilities, recalls
        other.brought_probabilities, other._pictures = self.brought_probabilities, self._pictures
        return other

    def with_descriptor(
        self,
        values: npt.NDArray[np.floating],
        *,
        scales: npt.NDArray[np.float32] | None = None,
        source: str = OFFLINE,
    ) -> Evidence:
        """Return the same evidence, content judged by other numbers; copies are still verified on pixels.

        Parameters
        ----------
        values : ndarray, shape (n_images, n_columns)
        scales : ndarray of float32, shape (n_columns,), optional
            See `Descriptor`; by default 1.
        source : str
            What the numbers are of, in words.
        """
        other = Evidence(self.images, self.signatures, empty=self.empty, reading=self.reading, seed=self.seed)
        other.model_probabilities, other.model_recalls = self.model_probabilities, self.model_recalls
        other.brought_probabilities = self.brought_probabilities
        vectors = np.asarray(values, dtype=np.float32)
        given = Descriptor(
            vectors, np.ones(vectors.shape[1], np.float32) if scales is None else scales, source
        )
        other._pictures = PictureEvidence(self.images, self.signatures, self.seed, given)
        return other

    def with_probabilities(self, brought: BroughtProbabilities) -> Evidence:
        """Return the same evidence, beside the class probabilities that the user brings."""
        other = Evidence(self.images, self.signatures, empty=self.empty, reading=self.reading, seed=self.seed)
        other.model_probabilities, other.model_recalls = self.model_probabilities, self.model_recalls
        other.brought_probabilities, other._pictures = brought, self._pictures
        return other

    def generator(self, *names: str) -> np.random.Generator:
        """Return a random generator that depends on the seed and the names (a check's code, a scope)."""
        return make_generator(self.seed, *names)

    @property
    def readable(self) -> npt.NDArray[np.bool_]:
        """Mask of the images that were decoded, shape (n_images,)."""
        return self._pictures.readable

    @cached_property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Mask of the images that were read, readable or not: no time budget left them out."""
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
        """Return the classes of some images, sorted, and their counts; an image counts for each label."""
        classes, counts = np.unique(self.labels[used & (self.labels != "")].astype(str), return_counts=True)
        if not self.several_labels:
            return classes, counts
        total: Counter[str] = Counter()
        for label, count in zip(classes.tolist(), counts.tolist(), strict=True):
            total.update(dict.fromkeys(separate_labels(label), count))
        names = sorted(total)
        return np.array(names, dtype=str), np.array([total[name] for name in names], dtype=np.int64)

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
    def duplicates(self) -> DuplicateSets:
        """Duplicate sets of the readable images."""
        return self._pictures.duplicates

    @property
    def inferred_groups(self) -> tuple[InferredGroups, ...]:
        """Groups that file names, folders, times or consecutive files suggest: guesses."""
        return self._pictures.inferred_groups

    @cached_property
    def unique(self) -> npt.NDArray[np.bool_]:
        """Mask of readable images that represent their duplicate set in their split and class."""
        import pandas as pd

        table = pd.DataFrame({"set": self.duplicates.near, "split": self.splits, "label": self.labels})
        return np.asarray(~table.duplicated() & self.readable)

    @cached_property
    def groups(self) -> npt.NDArray[np.int64]:
        """The unit of each image, shape (n_images,): groups and duplicate sets are resampled as one."""
        return self._pictures.groups

    @property
    def descriptor(self) -> npt.NDArray[np.float32]:
        """What each picture looks like, shape (n_images, at most 128), zeros where unreadable."""
        return self._pictures.descriptor.values

    @property
    def looks(self) -> npt.NDArray[np.float32]:
        """The descriptor from pixels alone, whatever vectors the user brings."""
        return self._pictures.looks.values

    @property
    def eyes(self) -> str:
        """What content is judged by, in words: ``"the vectors of 'clothing.npz'"``."""
        return self._pictures.descriptor.source

    def principal_components(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the descriptor of some rows before whitening: pictures differ most in large columns."""
        return self.descriptor[rows] * self._pictures.descriptor.scales

    @cached_property
    def probabilities(self) -> Probabilities | None:
        """Out-of-fold class probabilities, with a trained model's where there are any."""
        with one_thread():
            return find_probabilities(self)

    def neighbours(self, k: int = 10) -> Neighbours:
        """Return the k nearest other images of each image by the cosine of their descriptors."""
        return self._pictures.neighbours(k)

    def release_memory(self) -> None:
        """Forget descriptors and neighbours where they are large; they are computed again on demand."""
        self._pictures.release_memory()
