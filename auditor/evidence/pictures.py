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

#: Nearest neighbours by the user's vectors that each image is compared with beside its look-alikes.
SUGGESTED = 5


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
    given : Descriptor, optional
        What content is judged by; by default the descriptor from the signatures, `looks`.
    """

    def __init__(
        self, images: pd.DataFrame, signatures: Signatures, seed: int, given: Descriptor | None = None
    ) -> None:
        self.images, self.signatures, self.seed = images, signatures, seed
        self.given = given
        self._looks: Descriptor | None = None
        self._neighbours: Neighbours | None = None

    @cached_property
    def readable(self) -> npt.NDArray[np.bool_]:
        """Mask of the images that were decoded, shape (n_images,)."""
        return (self.images["status"] == "ok").to_numpy(dtype=bool)

    @property
    def looks(self) -> Descriptor:
        """What each picture looks like, from the signatures."""
        if self._looks is None:
            with one_thread():
                self._looks = describe(self.images, self.signatures)
        return self._looks

    @property
    def descriptor(self) -> Descriptor:
        """What content is judged by."""
        return self.looks if self.given is None else self.given

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

    def _listed_neighbours(self) -> npt.NDArray[np.int64] | None:
        """Return rows to choose look-alikes from, by the descriptor from pixels."""
        if not self._listed:
            return None
        if self.given is None:
            return self.neighbours(self._listed).rows
        rng = make_generator(self.seed, "neighbours")
        return find_neighbours(self.looks.values, self.readable, self._listed, rng=rng).rows

    @cached_property
    def duplicates(self) -> DuplicateSets:
        """Duplicate sets of the readable images; vectors of the user's only add candidates."""
        by_looks = self.readable.sum() <= SEARCHED_BY_LOOKS
        suggested = self.neighbours(SUGGESTED).rows if by_looks and self.given is not None else None
        with one_thread():
            return find_duplicates(
                self.images,
                self.signatures,
                descriptor=self.looks.values if by_looks else None,
                neighbours=self._listed_neighbours(),
                suggested=suggested,
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
            self._looks, self._neighbours = None, None
