"""Batches for training.

Rows of the pixel cache in an order that the seed and the epoch decide, streamed through ``tf.data``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.pixels import PixelCache
from auditor.baseline.runtime import EXTRA, load
from auditor.baseline.varying import Variation
from auditor.errors import MissingExtraError

#: Changes images while they are fed: (images uint8 (n, side, side, 3), positions of the rows (n,), epoch) ->
#: images.
Alter = Callable[[npt.NDArray[np.uint8], npt.NDArray[np.int64], int], npt.NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Labelled images of the cache.

    Attributes
    ----------
    cache : PixelCache
    rows : ndarray of int64, shape (n,)
        Rows of the cache.
    labels : ndarray of int64, shape (n,)
        Class numbers.
    weights : ndarray of float32, shape (n,)
        Weights in the loss.
    alter : callable or None
        Augmentation on the fly.
    """

    cache: PixelCache
    rows: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    alter: Alter | None = None

    def __post_init__(self) -> None:
        if len(self.weights) != len(self.rows):
            object.__setattr__(self, "weights", np.ones(len(self.rows), np.float32))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, positions: npt.ArrayLike) -> Samples:
        """Return some of the samples, without augmentation."""
        at = np.asarray(positions, dtype=np.int64)
        return Samples(self.cache, self.rows[at], self.labels[at], self.weights[at])

    def images(self) -> npt.NDArray[np.uint8]:
        """Return all images at once; for small sets."""
        return self.cache.images(self.rows)


def joined(fed: Samples, more: Samples) -> Samples:
    """Return samples followed by others, which are fed as they are."""
    alter = fed.alter

    def altered(images: Any, at: Any, epoch: int) -> Any:
        own = at < len(fed)
        if alter is None or not own.any():
            return images
        out = images.copy()
        out[own] = alter(images[own], at[own], epoch)
        return out

    return Samples(
        fed.cache,
        np.concatenate([fed.rows, more.rows]),
        np.concatenate([fed.labels, more.labels]),
        alter=altered,
    )


def shuffled(n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return all positions in random order."""
    return rng.permutation(n)


def balanced(labels: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return as many positions as there are, each class equally often, by imbalanced-learn's random samplers.

    Of a class with too many images some are left out; of one with too few all are kept, and some drawn again.

    Raises
    ------
    MissingExtraError
        imbalanced-learn is not installed.
    """
    try:
        from imblearn.over_sampling import RandomOverSampler
        from imblearn.under_sampling import RandomUnderSampler
    except ImportError:
        raise MissingExtraError.of("imbalanced-learn", EXTRA) from None
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:  # imbalanced-learn refuses it
        return shuffled(len(labels), rng)
    share = np.full(len(classes), len(labels) // len(classes))
    share[rng.permutation(len(classes))[: len(labels) - share.sum()]] += 1
    fewer = dict(zip(classes.tolist(), np.minimum(counts, share).tolist(), strict=True))
    wanted = dict(zip(classes.tolist(), share.tolist(), strict=True))
    positions = np.arange(len(labels))[:, None]
    for sampler, strategy in ((RandomUnderSampler, fewer), (RandomOverSampler, wanted)):
        seed = int(rng.integers(2**31))
        resample = sampler(sampling_strategy=strategy, random_state=seed)
        positions, labels = resample.fit_resample(positions, labels)
    return rng.permutation(positions[:, 0])


class Feed:
    """A ``tf.data`` dataset over samples; each pass over it is one epoch, with its own order.

    ``epoch`` is the number of the next pass: set it to go on in the middle of a run.
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int,
        *,
        seed: int | None,
        oversample: bool = False,
        variation: Variation | None = None,
    ) -> None:
        self.samples, self.batch_size, self.seed, self.oversample, self.epoch = (
            samples,
            batch_size,
            seed,
            oversample,
            0,
        )
        self.variation = variation

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.samples) // self.batch_size)

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        if self.seed is None:
            return np.arange(len(self.samples))
        rng = np.random.default_rng([self.seed, epoch, 0x6F72])
        return balanced(self.samples.labels, rng) if self.oversample else shuffled(len(self.samples), rng)

    def batches(
        self,
    ) -> Iterator[tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
        """Yield (images, labels, weights) of the next epoch."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        samples, order = self.samples, self._order(epoch)
        for start in range(0, len(order), self.batch_size):
            at = order[start : start + self.batch_size]
            images = samples.cache.images(samples.rows[at])
            if samples.alter is not None:
                images = samples.alter(images, at, epoch)
            if self.variation is not None:
                images = self.variation(images, np.random.default_rng([self.seed or 0, epoch, start, 0x7661]))
            yield images, samples.labels[at], samples.weights[at]

    def dataset(self) -> Any:
        """Return the ``tf.data.Dataset``."""
        _, tf = load()
        side = self.samples.cache.size
        signature = (
            tf.TensorSpec((None, side, side, 3), tf.uint8),
            tf.TensorSpec((None,), tf.int64),
            tf.TensorSpec((None,), tf.float32),
        )
        stream = tf.data.Dataset.from_generator(self.batches, output_signature=signature)
        return stream.apply(tf.data.experimental.assert_cardinality(self.steps)).prefetch(2)
