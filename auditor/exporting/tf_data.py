"""``tf.data``: a dataset of batches per part, decoded as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.exporting.material import Material, Options


def make(material: Material, options: Options) -> dict[str, Any]:
    """Return a ``tf.data.Dataset`` per part.

    ``uint8`` RGB images ``(n, *image_size, 3)`` and ``int64`` class numbers ``(n,)``.

    Training comes in an order that each pass draws afresh, the same in every process; other parts in the
    order of the table. Memory holds a few batches.

    Raises
    ------
    MissingExtraError
        TensorFlow is not installed.
    """
    from auditor.baseline.runtime import load

    _, tf = load()
    height, width = options.image_size
    signature = (tf.TensorSpec((height, width, 3), tf.uint8), tf.TensorSpec((), tf.int64))
    made = {}
    for part, rows in material.parts.items():
        stream = tf.data.Dataset.from_generator(
            _feed(material, part, options.image_size), output_signature=signature
        )
        stream = stream.apply(tf.data.experimental.assert_cardinality(len(rows)))
        made[part] = stream.batch(options.batch_size).prefetch(2)
    return made


def _feed(
    material: Material, part: str, size: tuple[int, int]
) -> Callable[[], Iterator[tuple[Any, np.int64]]]:
    number = {label: np.int64(k) for k, label in enumerate(material.classes)}
    rng = np.random.default_rng(0)
    rows = len(material.parts[part])

    def feed() -> Iterator[tuple[Any, np.int64]]:
        # The table is sorted by class: batches of one class each teach nothing (.35 in place of .79).
        order = rng.permutation(rows).tolist() if part == "train" else None
        return ((picture, number[label]) for picture, label in material.pictures(part, size, order))

    return feed


def write(material: Material, target: Path, options: Options) -> Path:
    """Refuse: it is a stream, and has no file."""
    raise UsageError(
        expected="no output, for a stream of batches",
        received=f"'{target}'",
        hint="leave it out, or export 'folders' or 'arrays'",
    )
