"""Training batches as ``tf.data``: the training images, and the rare classes augmented as they pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from auditor.augmentation.adapter import Picture
from auditor.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from auditor.augmentation.augmented import Augmentation

#: Bytes of resized parents that are kept so that they are not decoded again for each image and epoch.
CACHE_BYTES = 256 * 2**20


def resized(picture: Picture, image_size: tuple[int, int]) -> Picture:
    """Return the picture squashed to (height, width), averaging where it shrinks."""
    height, width = image_size
    shrinks = picture.shape[0] >= height and picture.shape[1] >= width
    return np.asarray(
        cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR),
        dtype=np.uint8,
    )


class Sampler:
    """Draws the training pictures of each epoch.

    The originals first come, then what is made of the rare classes.

    Parents are resized first and transformed at the size of the model: the values drawn are relative, so that
    they mean the same.
    """

    def __init__(
        self, augmentation: Augmentation, image_size: tuple[int, int], labels: Sequence[str]
    ) -> None:
        self.augmentation, self.image_size = augmentation, image_size
        number = {label: i for i, label in enumerate(labels)}
        originals, made = augmentation.originals, augmentation.manifest
        self.paths = [*originals["path"], *made["parent"]]
        names = [*originals["label"], *made["label"]]
        unknown = sorted(set(names) - set(number))
        if unknown:
            raise UsageError(
                expected="labels that name every class of train",
                received=f"none for '{unknown[0]}'",
                hint="leave labels out",
            )
        self.numbers = np.array([number[label] for label in names], dtype=np.int64)
        self.first = len(originals)
        augmentation.check_parents(sorted(set(made["parent"])))
        self.room = CACHE_BYTES // (3 * image_size[0] * image_size[1])
        self.kept: dict[str, Picture] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def _parent(self, path: str) -> Picture:
        found = self.kept.get(path)
        if found is None:
            found = resized(self.augmentation.parent(path).picture, self.image_size)
            if len(self.kept) < self.room:
                self.kept[path] = found
        return found

    def picture(self, index: int, epoch: int) -> Picture:
        """Return one picture of an epoch, shape ``(*image_size, 3)``."""
        path = self.paths[index]
        picture = self._parent(path)
        if index < self.first:
            return picture
        return self.augmentation.transform(picture, index - self.first, epoch=epoch)

    def order(
        self, epoch: int, shuffle: bool, frequencies: npt.NDArray[np.float64] | None = None
    ) -> npt.NDArray[np.int64]:
        """Return the order of the pictures in an epoch.

        With frequencies as many pictures, each class with its share of them.
        """
        rng = np.random.default_rng([self.augmentation.seed, epoch])
        if frequencies is None:
            return rng.permutation(len(self)) if shuffle else np.arange(len(self))
        picks = [
            _rounds(np.flatnonzero(self.numbers == k), n, rng)
            for k, n in enumerate(apportion(frequencies, len(self)))
            if n
        ]
        return rng.permutation(np.concatenate(picks))


def _rounds(rows: npt.NDArray[np.int64], n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return ``n`` of the rows, going through all of them in shuffled rounds.

    None twice more often than another.
    """
    return np.concatenate([rng.permutation(rows) for _ in range(-(-n // len(rows)))])[:n]


def apportion(shares: npt.NDArray[np.float64], n: int) -> list[int]:
    """Return whole numbers that add up to ``n`` and are closest to ``shares * n`` (largest remainders).

    Examples
    --------
    >>> apportion(np.array([0.5, 0.3, 0.2]), 7)
    [4, 2, 1]
    """
    exact = shares / shares.sum() * n
    whole = np.floor(exact + 1e-9).astype(int)
    whole[np.argsort(whole - exact, kind="stable")[: n - whole.sum()]] += 1
    return [int(k) for k in whole]


def _shares(
    frequencies: Mapping[str, float], labels: Sequence[str], present: set[str]
) -> npt.NDArray[np.float64]:
    wrong = [
        label for label, share in frequencies.items() if label not in present or not 0 <= share < float("inf")
    ]
    if wrong or not sum(frequencies.values()) > 0:
        raise UsageError(
            expected=f"a share of at least 0 for each class of train: {', '.join(sorted(present))}"[:200],
            received=f"{frequencies.get(wrong[0])!r} for '{wrong[0]}'" if wrong else "no share over 0",
            hint="class_frequencies() makes them from counts",
        )
    return np.array([float(frequencies.get(label, 0)) for label in labels])


def dataset(
    augmentation: Augmentation,
    image_size: tuple[int, int] = (64, 64),
    batch_size: int = 32,
    *,
    labels: Sequence[str] | None = None,
    shuffle: bool = True,
    frequencies: Mapping[str, float] | None = None,
) -> Any:
    """Return a ``tf.data.Dataset`` of ``(images, label indices)``.

    Every training image and every planned one, once an epoch.

    Class frequencies are those of the target, as far as the cap allows; `Augmentation.weights` fills the
    rest. The first pass gives exactly the images of the manifest; each later pass draws afresh, from the same
    seed.

    Parameters
    ----------
    augmentation : Augmentation
    image_size : (int, int)
        Height and width in pixels; pictures are squashed to it.
    batch_size : int
    labels : sequence of str, optional
        The classes in the order of their indices; by default those of train, sorted.
    shuffle : bool
    frequencies : mapping of str to float, optional
        Shares of the classes in an epoch, as `class_frequencies` makes them: classes are then sampled with
        these frequencies, in shuffled rounds through their images, instead of every image once. Classes that
        are not named are left out.

    Returns
    -------
    tf.data.Dataset
        Batches of images ``(batch, height, width, 3)`` ``float32`` from 0 to 255, and indices ``(batch,)``
        ``int64``.

    Raises
    ------
    MissingExtraError
        TensorFlow is not installed.
    """
    try:
        import tensorflow as tf
    except ImportError:
        raise MissingExtraError.of("tensorflow", "train") from None
    names = tuple(labels if labels is not None else augmentation.labels)
    sampler = Sampler(augmentation, image_size, names)
    shares = None if frequencies is None else _shares(frequencies, names, set(augmentation.labels))
    epochs = iter(range(2**31))

    def batches() -> Iterator[tuple[Any, Any]]:
        epoch = next(epochs)
        order = sampler.order(epoch, shuffle, shares)
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            images = np.stack([sampler.picture(int(i), epoch) for i in chosen])
            yield images, sampler.numbers[chosen]

    signature = (tf.TensorSpec((None, *image_size, 3), tf.uint8), tf.TensorSpec((None,), tf.int64))
    stream = tf.data.Dataset.from_generator(batches, output_signature=signature)
    stream = stream.apply(tf.data.experimental.assert_cardinality(-(-len(sampler) // batch_size)))
    return stream.map(lambda images, numbers: (tf.cast(images, tf.float32), numbers)).prefetch(2)
