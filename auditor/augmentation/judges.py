"""Who says what a picture shows: neighbours on the descriptor, or a trained model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from auditor.evidence.descriptor import FIT_IMAGES, Projection, fit_projection
from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.signature import signature

#: Neighbours that vote: the usual 5 to 15; odd, so that two classes seldom tie.
NEIGHBOURS = 9
#: Pictures in a block of the distance matrix.
BLOCK = 512

Picture = npt.NDArray[np.uint8]


class Judge(Protocol):
    """Gives each picture a class."""

    @property
    def name(self) -> str:
        """As in "9 nearest neighbours on the descriptor"."""

    def __call__(self, pictures: Sequence[Picture], units: Sequence[str], /) -> npt.NDArray[np.object_]:
        """Return the class of each RGB picture.

        ``units`` says what each stems from, so that its own likeness is not asked.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """A vote of the nearest training images on the descriptor; a picture's own unit has no vote.

    Attributes
    ----------
    projection : Projection
    references : ndarray of float32, shape (n_references, n_columns)
        Descriptors of length 1.
    labels, units : ndarray of str, shape (n_references,)
    """

    projection: Projection
    references: npt.NDArray[np.float32]
    labels: npt.NDArray[np.object_]
    units: npt.NDArray[np.object_]

    @property
    def name(self) -> str:
        """What the report calls it."""
        return f"a vote of the {min(NEIGHBOURS, len(self.labels))} nearest training images on the descriptor"

    @classmethod
    def fit(cls, signatures: Signatures, labels: Sequence[str], units: Sequence[str]) -> Neighbours:
        """Take images as references."""
        # Evenly spaced rows, so that every class has its say in the projection too.
        fitting = np.unique(np.linspace(0, len(signatures) - 1, FIT_IMAGES).round().astype(int))
        projection = fit_projection(signatures[fitting])
        return cls(
            projection,
            _unit(projection(signatures)),
            np.asarray(labels, dtype=object),
            np.asarray(units, dtype=object),
        )

    def describe(self, pictures: Sequence[Picture]) -> npt.NDArray[np.float32]:
        """Return descriptors of length 1 of pictures, shape ``(n, n_columns)``."""
        return _unit(self.projection(Signatures(np.stack([signature(p) for p in pictures]))))

    def __call__(self, pictures: Sequence[Picture], units: Sequence[str]) -> npt.NDArray[np.object_]:
        """Return the class that most neighbours bear, each counted by its similarity."""
        classes, number = np.unique(self.labels.astype(str), return_inverse=True)
        asked = np.asarray(units, dtype=object)
        out = np.empty(len(pictures), dtype=object)
        k = min(NEIGHBOURS, len(self.labels))
        for start in range(0, len(pictures), BLOCK):
            block = slice(start, start + BLOCK)
            similarity = self.describe(pictures[block]) @ self.references.T
            similarity[asked[block][:, None] == self.units[None, :]] = -2.0
            near = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
            voice = np.clip(np.take_along_axis(similarity, near, axis=1), 1e-6, None)
            votes = np.zeros((len(near), len(classes)))
            np.add.at(votes, (np.arange(len(near))[:, None], number[near]), voice)
            out[block] = classes[votes.argmax(axis=1)]
        return out


def _unit(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained model.

    Attributes
    ----------
    predict : callable
        Maps RGB pictures ``(n, height, width, 3)``, ``uint8``, to class scores ``(n, n_classes)``.
    labels : tuple of str
        The classes, in the order of the scores.
    image_size : (int, int)
        Height and width that it takes.
    """

    predict: Callable[[npt.NDArray[np.uint8]], npt.ArrayLike]
    labels: tuple[str, ...]
    image_size: tuple[int, int]
    name: str = "the trained baseline"

    @classmethod
    def of(cls, model: Any, labels: Sequence[str], image_size: Sequence[int]) -> Model:
        """Wrap a Keras model that takes raw pixels from 0 to 255."""

        def predict(pictures: npt.NDArray[np.uint8]) -> npt.ArrayLike:
            return np.asarray(model.predict_on_batch(pictures.astype(np.float32)))

        return cls(predict, tuple(labels), (int(image_size[0]), int(image_size[1])))

    def __call__(self, pictures: Sequence[Picture], _units: Sequence[str]) -> npt.NDArray[np.object_]:
        """Return the class with the highest score."""
        from auditor.augmentation.stream import resized

        out = np.empty(len(pictures), dtype=object)
        names = np.asarray(self.labels, dtype=object)
        for start in range(0, len(pictures), BLOCK):
            block = np.stack([resized(p, self.image_size) for p in pictures[start : start + BLOCK]])
            out[start : start + BLOCK] = names[np.asarray(self.predict(block)).argmax(axis=1)]
        return out
