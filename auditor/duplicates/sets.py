"""Sets of duplicate images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.duplicates.calibration import (
    CALIBRATION_IMAGES,
    DEFAULT_THRESHOLD,
    MOST_OF_CLASSES,
    TYPICAL_IMAGES,
    Calibration,
    calibrate,
)
from auditor.duplicates.detail import DetailComparer, has_detail
from auditor.duplicates.measuring import TYPICAL_MARGIN, measure_candidates, measure_pairs
from auditor.duplicates.pairs import Pairs, Rows
from auditor.duplicates.turns import INVERSE, TURN_NAMES, TURNS
from auditor.scanning.mapped_signatures import Signatures
from auditor.stats.nearest import Floats32

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class DuplicateSets:
    """Duplicate sets of a scan, row by row with its images.

    Attributes
    ----------
    exact, near : ndarray of int64, shape (n_images,)
        Number of the row that represents the set of each image: of byte- or pixel-identical images, and of
        those or near-identical ones (``near`` is coarser than ``exact``). An image that is alone represents
        itself; so does an unreadable one.
    reason : ndarray of str, shape (n_images,)
        Why the image belongs to its representative: ``"same bytes"``, ``"same pixels"``, ``"same picture"``,
        ``"same picture, mirrored"``, ...; "" for representatives.
    distance : ndarray of float64, shape (n_images,)
        Distance of detail to the representative, in [0, 1]; 0 for representatives and their exact copies.
    turned : ndarray of bool, shape (n_images,)
        Whether the image is mirrored or turned against its representative.
    calibration : Calibration
        The distance up to which pictures were taken for the same, and how it was found.
    """

    exact: Rows
    near: Rows
    reason: npt.NDArray[np.object_]
    distance: npt.NDArray[np.float64]
    turned: npt.NDArray[np.bool_]
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def score(self) -> npt.NDArray[np.float64]:
        """How sure each copy is, shape (n_images,): 1 minus the distance to its representative."""
        return np.asarray(1 - self.distance)

    def partners(self, held: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> Rows:
        """Return for each image of ``held`` the closest of its set among ``other``; -1 without one.

        An exact copy comes first, then the member that is nearest to the representative.
        """
        out = np.full(len(self.near), -1, dtype=np.int64)
        rows = np.flatnonzero(other)
        rows = rows[np.lexsort((rows, self.distance[rows]))]
        wanted = np.flatnonzero(held)
        for keys in (self.near, self.exact):
            first = np.full(len(out), -1, dtype=np.int64)
            first[keys[rows[::-1]]] = rows[::-1]
            found = first[keys[wanted]]
            out[wanted[found >= 0]] = found[found >= 0]
        return out


def find_exact_sets(images: pd.DataFrame) -> tuple[Rows, npt.NDArray[np.object_]]:
    """Return the representative of each image among those with its bytes or pixels, and the reason."""
    import pandas as pd

    n = len(images)
    exact, reason = np.arange(n), np.full(n, "", dtype=object)
    readable = np.flatnonzero((images["status"] == "ok").to_numpy())
    for column, why in (("pixel_digest", "same pixels"), ("sha256", "same bytes")):
        code, _ = pd.factorize(images[column].to_numpy(dtype=object)[readable])
        first = np.full(int(code.max(initial=-1)) + 1, n, dtype=np.int64)
        np.minimum.at(first, code, readable)
        copies = first[code] != readable
        exact[readable] = np.minimum(exact[readable], first[code])
        reason[readable[copies]] = why
    return exact[exact], reason


def find_duplicates(
    images: pd.DataFrame,
    signatures: Signatures,
    *,
    descriptor: Floats32 | None = None,
    neighbours: Rows | None = None,
    suggested: Rows | None = None,
) -> DuplicateSets:
    """Group images into duplicate sets. Every member is near to its representative: there are no chains.

    Candidates are pairs of like hashes (under all flips and quarter turns) and of like shapes and colours; a
    candidate is a copy if the detail of the two thumbnails correlates, as they lie or after a shift and zoom.

    Parameters
    ----------
    images : DataFrame
        Needs ``status, sha256, pixel_digest, label``; index 0..n-1.
    signatures : Signatures
    descriptor : ndarray of float32, shape (n_images, d), optional
        Without it only what the hashes find is compared.
    neighbours : ndarray of int64, shape (n_images, k), optional
        Rows near by descriptor to choose from where there are too many images to look at every pair.
    suggested : ndarray of int64, shape (n_images, k), optional
        Rows that are compared with each image besides; -1 for none.
    """
    exact, reason = find_exact_sets(images)
    n = len(images)
    distance, turned, near = np.zeros(n), np.zeros(n, dtype=bool), exact.copy()
    heads = np.flatnonzero((images["status"] == "ok").to_numpy() & (exact == np.arange(n)))
    heads = heads[has_detail(signatures, heads)]
    if len(heads) < 2:
        return DuplicateSets(exact, near, reason, distance, turned)
    used, sampled = np.zeros((2, n), dtype=bool)
    used[heads] = True
    # Digests are as good as random numbers, and those of the same pictures in any order.
    digests = images["sha256"].to_numpy(dtype=object)[heads]
    sampled[heads[np.argsort(digests, kind="stable")[:TYPICAL_IMAGES]]] = True
    # With too few images to calibrate on, no threshold is above the default; a lower typical distance counts.
    limit = MOST_OF_CLASSES if len(heads) >= CALIBRATION_IMAGES else TYPICAL_MARGIN * DEFAULT_THRESHOLD
    comparer = DetailComparer(signatures)
    pairs = measure_candidates(heads, comparer, descriptor, neighbours, sampled, limit, suggested)
    calibration = calibrate(pairs, images["label"].to_numpy(dtype=object), used, sampled)
    threshold = calibration.threshold
    for member, head, turn, far in _cut_into_sets(pairs[pairs.distance <= threshold], comparer, threshold):
        near[member], distance[member], turned[member] = head, far, turn > 0
        reason[member] = f"same picture, {TURN_NAMES[turn]}" if turn else "same picture"
    copies = exact != np.arange(n)
    distance[copies], turned[copies] = distance[exact[copies]], turned[exact[copies]]
    return DuplicateSets(exact, near[exact], reason, distance, turned, calibration)


def _cut_into_sets(
    pairs: Pairs, comparer: DetailComparer, threshold: float
) -> list[tuple[int, int, int, float]]:
    """Cut pairs within the threshold into sets: (member, representative, turn, distance).

    The image with most partners represents first; partners of its members join where they are copies of it
    too.
    """
    linked: dict[int, dict[int, tuple[int, float]]] = {}
    columns = (pairs.first, pairs.second, pairs.turn, pairs.distance)
    for a, b, turn, far in zip(*(column.tolist() for column in columns), strict=True):
        linked.setdefault(a, {})[b] = (turn, far)
        linked.setdefault(b, {})[a] = (int(INVERSE[turn]), far)
    taken: set[int] = set()
    out: list[tuple[int, int, int, float]] = []
    for head in sorted(linked, key=lambda row: (-len(linked[row]), row)):
        members = {row: link for row, link in linked[head].items() if row not in taken}
        if head in taken or not members:
            continue
        taken.add(head)
        tested = {head, *members}
        frontier = list(members)
        while frontier:
            further = sorted({r for m in frontier for r in linked[m]} - tested - taken)
            tested.update(further)
            turns = range(len(TURNS)) if any(turn for turn, _ in members.values()) else [0]
            joined = _compare_with_head(comparer, head, further, turns, threshold) if further else {}
            members |= joined
            frontier = list(joined)
        taken.update(members)
        out.extend((row, head, turn, far) for row, (turn, far) in sorted(members.items()))
    return out


def _compare_with_head(
    comparer: DetailComparer, head: int, rows: list[int], turns: range | list[int], threshold: float
) -> dict[int, tuple[int, float]]:
    """Return which rows are copies of a representative under some turns, with their turn and distance."""
    second, turn = np.repeat(rows, len(turns)), np.tile(np.asarray(turns), len(rows))
    near = measure_pairs(comparer, Pairs(np.full(len(second), head), second, turn))
    near = near[near.distance <= threshold]
    return {
        row: (way, far)
        for row, way, far in zip(
            near.second.tolist(), near.turn.tolist(), near.distance.tolist(), strict=True
        )
    }
