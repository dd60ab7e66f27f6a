"""Evidence that depends neither on splits nor on a model: each piece is computed at most once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.duplicates import DuplicateSets, find_duplicates
from auditor.duplicates.candidates import LISTED_BY_DESCRIPTOR, SEARCHED_BY_LOOKS
from auditor.evidence.descriptor import Descriptor, describe
from auditor.evidence.inferred_groups import InferredGroups, infer_groups
from auditor.evidence.neighbours import EXACT_LIMIT, Neighbours, find_neighbours
from auditor.evidence.single_thread import one_thread
from auditor.grouping import number_units
from auditor.scanning.mapped_signatures import IN_FILE_FROM, Signatures

if TYPE_CHECKING:
    import pandas as pd

#: Neighbours that are searched at least, so that checks that ask for fewer search once.
LEAST_NEIGHBOURS = 10


def make_generator(seed: int, *names: str) -> np.random.Generator:
    """Return a random generator that depends on the seed and on the names alone."""
    return np.random.default_rng([seed, *(ord(c) for name in names for c in name)])


class PictureEvidence:
    """The evidence that `Evidence` shares with others of the same pictures, labels and groups.

    Parameters
    ----------
    images : DataFrame
    signatures : Signatures
    seed : int
    descriptor : Descriptor, optional
        Computed from the signatures by default.
    """

    def __init__(
        self, images: pd.DataFrame, signatures: Signatures, seed: int, descriptor: Descriptor | None = None
    ) -> None:
        self.images, self.signatures, self.seed = images, signatures, seed
        self._given = self._descriptor = descriptor
        self._neighbours: Neighbours | None = None

    @cached_property
    def readable(self) -> npt.NDArray[np.bool_]:
        """Mask of the images that were decoded, shape (n_images,)."""
        return (self.images["status"] == "ok").to_numpy(dtype=bool)

    @property
    def descriptor(self) -> Descriptor:
        """What each picture looks like."""
        if self._descriptor is None:
            with one_thread():
                self._descriptor = describe(self.images, self.signatures)
        return self._descriptor

    def neighbours(self, k: int) -> Neighbours:
        """Return the k nearest other images of each image by the cosine of their descriptors."""
        if self._neighbours is None or self._neighbours.rows.shape[1] < k:
            most = max(k, LEAST_NEIGHBOURS, self._listed)
            rng = make_generator(self.seed, "neighbours")
            with one_thread():
                self._neighbours = find_neighbours(self.descriptor.values, self.readable, most, rng=rng)
        known = self._neighbours
        return Neighbours(known.rows[:, :k], known.similarity[:, :k], known.exact)

    @property
    def _listed(self) -> int:
        """Neighbours that the search for duplicates needs: none where it looks at every pair or at hashes."""
        return LISTED_BY_DESCRIPTOR if EXACT_LIMIT < self.readable.sum() <= SEARCHED_BY_LOOKS else 0

    @cached_property
    def duplicates(self) -> DuplicateSets:
        """Duplicate sets of the readable images."""
        by_looks = self.readable.sum() <= SEARCHED_BY_LOOKS
        with one_thread():
            return find_duplicates(
                self.images,
                self.signatures,
                descriptor=self.descriptor.values if by_looks else None,
                neighbours=self.neighbours(self._listed).rows if self._listed else None,
            )

    @cached_property
    def inferred_groups(self) -> tuple[InferredGroups, ...]:
        """Guesses at groups."""
        return infer_groups(self.images, self.signatures, self.duplicates.exact)

    @cached_property
    def groups(self) -> npt.NDArray[np.int64]:
        """The unit of each image, by the user's groups and duplicate sets, shape (n_images,)."""
        return number_units(self.images["group"].to_numpy(dtype=object), self.duplicates.near)

    def release_memory(self) -> None:
        """Forget descriptors and neighbours where they are large; they are computed again on demand."""
        if len(self.images) >= IN_FILE_FROM:
            self._descriptor, self._neighbours = self._given, None
