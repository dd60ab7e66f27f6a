"""A planned augmentation: what is made, from what, and the ways to use it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.augmentation.adapter import Picture, apply, apply_json
from auditor.augmentation.parents import image_seed, training_rows
from auditor.augmentation.pictures import Parent, read_parent, webp
from auditor.augmentation.policy import Policy
from auditor.errors import DataError
from auditor.grouping import PlannedSplit
from auditor.record import AugmentationFacts

if TYPE_CHECKING:
    import pandas as pd

    from auditor.augmentation.advice import PolicyCheck

#: Told after every parent: images done, images in all.
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Augmentation:
    """Which images are made from which, and how.

    Parameters
    ----------
    plan : PlannedSplit
        The split; parents are its usable training images, never others.
    policy : Policy
        What was drawn from.
    manifest : DataFrame
        A row per image: ``path`` (relative to the output folder; blank when made on the fly), ``parent``,
        ``label``, ``split`` (always ``train``), ``transforms`` (JSON with the drawn values), ``seed``.
    facts : AugmentationFacts
        For the record.
    seed : int
    check : PolicyCheck or None
        What the policy was checked with.
    """

    plan: PlannedSplit
    policy: Policy
    manifest: pd.DataFrame
    facts: AugmentationFacts
    seed: int = 0
    check: PolicyCheck | None = None

    @property
    def weights(self) -> dict[str, float]:
        """What an image of each class counts in the loss: weights fill what augmentation does not."""
        return {b["label"]: b["weight"] for b in self.facts["budgets"]}

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, sorted: the order of the label indices of `dataset`."""
        return tuple(b["label"] for b in self.facts["budgets"])

    @cached_property
    def originals(self) -> pd.DataFrame:
        """The training images themselves: the plan's usable rows of ``train``."""
        return training_rows(self.plan)

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(self.originals["path"])

    def check_parents(self, parents: Sequence[str]) -> None:
        """Raise DataError unless every one of these paths is a training image that no other split holds."""
        for parent in parents:
            if parent not in self._allowed:
                raise DataError(
                    expected="a training image as the parent of an augmented one",
                    received=f"'{parent}', which is not a usable image of the train split",
                    hint="plan the augmentation from the split that is in use",
                )

    def parent(self, path: str) -> Parent:
        """Read and decode a parent in full.

        Raises
        ------
        DataError
            It is gone or cannot be decoded, or it is not a training image.
        """
        self.check_parents([path])
        try:
            data = self.plan.dataset.source.read(path)
        except OSError as error:
            raise DataError(
                expected="the image as it was scanned",
                received=f"'{path}': {error.strerror or error}",
                hint="scan again",
            ) from None
        return read_parent(data, path)

    def render(self, row: Mapping[str, Any] | pd.Series) -> Picture:
        """Make one image from its row of the manifest alone; the same row gives the same bytes.

        Parameters
        ----------
        row : mapping or Series
            With ``parent``, ``transforms`` and ``seed``.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            RGB, of its parent's size.
        """
        found = self.parent(str(row["parent"]))
        return apply_json(
            found.picture, str(row["transforms"]), seed=int(row["seed"]), border=self.policy.border
        )

    def transform(self, picture: Picture, number: int, *, epoch: int = 0) -> Picture:
        """Make the image of one row of the manifest from the decoded picture of its parent.

        For pipelines that hold small pictures: the drawn values are relative to the size, so that they mean
        the same at every size.

        Parameters
        ----------
        picture : ndarray of uint8, shape (height, width, 3)
            The parent's picture, RGB.
        number : int
            Row of the manifest, from 0.
        epoch : int
            0 applies what the manifest says; each later epoch draws afresh, from the row's seed and the
            epoch.
        """
        label, transforms, seed = self._rows[number]
        if epoch:
            seed = image_seed(seed, "", 0, epoch)
            return apply(
                picture,
                self.policy.drawn(label, np.random.default_rng(seed)),
                seed=seed,
                border=self.policy.border,
            )
        return apply_json(picture, transforms, seed=seed, border=self.policy.border)

    @cached_property
    def _rows(self) -> list[tuple[str, str, int]]:
        return list(self.manifest[["label", "transforms", "seed"]].itertuples(index=False, name=None))

    def example_pictures(self) -> dict[str, bytes]:
        """Return small pictures (WebP) of the examples in the facts, by their keys ``after``."""
        found = dict(self.check.pictures) if self.check else {}
        wanted = {e["after"] for e in self.facts["examples"]}
        for number, (path, seed) in enumerate(
            zip(self.manifest["parent"], self.manifest["seed"], strict=True)
        ):
            key = f"augmented {seed}:{path}"
            if key in wanted:
                found[key] = webp(self.transform(self.parent(path).picture, number))
        return found

    def write(
        self, folder: str | Path, *, jobs: int | None = None, on_progress: OnProgress | None = None
    ) -> Augmentation:
        """Write the images under ``folder/augmented/<class>/`` and the manifest as ``folder/augmented.csv``.

        Each file is written under a temporary name and renamed; images that are there already are kept, so
        that a stopped run goes on. Images of an earlier plan, which might stem from pictures that are held
        out now, are removed.

        Parameters
        ----------
        folder : str or Path
            The output folder.
        jobs : int, optional
            Threads; by default one per core.
        on_progress : callable, optional
            Called with (done, total).

        Returns
        -------
        Augmentation
            The same with the paths filled in.

        Raises
        ------
        OutputError
            The folder cannot be written.
        DataError
            A parent cannot be read.
        """
        from auditor.augmentation.files import write_images

        manifest = write_images(self, Path(folder), jobs=jobs, on_progress=on_progress)
        return dataclasses.replace(self, manifest=manifest, facts={**self.facts, "way": "files"})

    def keras_layers(self, *, rescale: bool = False) -> list[Any]:
        """Return Keras 3 preprocessing layers that do what the policy does, for the front of a model.

        See `layers.keras_layers`.
        """
        from auditor.augmentation.layers import keras_layers

        return keras_layers(self.policy, seed=self.seed, rescale=rescale)

    def dataset(
        self,
        image_size: tuple[int, int] = (64, 64),
        batch_size: int = 32,
        *,
        labels: Sequence[str] | None = None,
        shuffle: bool = True,
        frequencies: Mapping[str, float] | None = None,
    ) -> Any:
        """Return a ``tf.data.Dataset`` of training batches, augmented on the fly; see `stream.dataset`."""
        from auditor.augmentation.stream import dataset

        return dataset(self, image_size, batch_size, labels=labels, shuffle=shuffle, frequencies=frequencies)
