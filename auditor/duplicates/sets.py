"""Sets of duplicate images."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log2
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.evidence.framing import content_boxes, unframed
from auditor.evidence.matching import (
    INVERSE,
    TURN_NAMES,
    Comparison,
    Places,
    close_pairs,
    distinct,
    sign_hashes,
    structured,
)
from auditor.evidence.neighbours import unit_rows
from auditor.evidence.shapes import colour_patterns, likeness, nearest_lookalikes, pair_products, shapes

if TYPE_CHECKING:
    import pandas as pd

    from auditor.evidence.neighbours import Neighbours

#: Distance of detail up to which two pictures are the same, where the data set is too small to tell: among
#: 1,702 photos of clothes 3 pairs of two originals are nearer (22 at 0.05: garments of one cut), and 98 % of
#: copies are (``benchmarks/duplicates.py recall``).
DEFAULT_THRESHOLD = 0.04
#: A threshold calibrated on the classes stays between these: no two photos of different classes of clothes or
#: blood cells are nearer than twice the first; within the second are all copies of photos and 75 % of the
#: near duplicates at 32 pixels, beyond it few more.
LEAST_OF_CLASSES, MOST_OF_CLASSES = 0.03, 0.08
#: A copy must be so many times nearer than the nearest picture of most images is (the 75th percentile, so
#: that up to three quarters of the images may have copies): where look-alikes fill their space evenly in four
#: dimensions or more, 1 in 1,000 images has one so near. It matters where all pictures are alike (digits,
#: drawings), and is no reason to ask for less than the second number.
TYPICAL, TYPICAL_FACTOR, LEAST_THRESHOLD = 0.75, 6.0, 0.02
#: Images by which that is measured, at most; all others are compared to the end only where a copy is
#: possible, by so many times that distance. The 75th percentile of so many is known to within 2 points of
#: rank.
TYPICAL_IMAGES, TYPICAL_MARGIN = 2000, 1.25
#: Images whose nearest picture of another class may be taken for a copy: 1 in 1,000.
FALSE_RATE = 0.001
#: Images from which that rate can be measured: in fewer it is less than three images. They are counted by the
#: share of compared pairs that are of two classes, as only those can tell: where one class has nearly all
#: images, the others are too few to speak for it.
CALIBRATION_IMAGES = 3000
#: A mirrored or turned picture must be nearer by this factor: seven more ways to look alike.
TURNED_FACTOR = 0.7
#: Pairs whose coarse shapes have a lower cosine are not compared: 2 % of near duplicates, and a third of the
#: candidates.
LEAST_LIKENESS = 0.6
#: Of so many times the pictures that are compared, the nearest by the cosine of shapes and this share of that
#: of patterns of colour, those are compared that are most alike by both and this share of the cosine of
#: descriptors. At 32 pixels 86 % of the near duplicates are among them; without descriptors 82 %, without
#: colours 85 %, of four times as many 86 % (``benchmarks/duplicates.py natural``).
LISTED, COLOUR_WEIGHT, DESCRIPTOR_WEIGHT = 6, 0.2, 0.3
#: The cosine that counts where there is none: of mirrored pictures and of what is inside a frame.
UNDESCRIBED = 0.2
#: Descriptor neighbours of each image from which those to compare are chosen where there are too many images
#: to look at every pair.
LISTED_BY_DESCRIPTOR = 40
#: Images up to which lookalikes are searched for duplicates; beyond, hashes alone find them (re-encoded,
#: resized, mirrored and turned copies, but only one in ten of those cropped by 5 %).
SEARCHED_BY_LOOKS = 200_000
#: Images up to which hashes that differ in 6 bits are compared; beyond, in 4.
SIX_BITS_LIMIT = 20_000

#: Pairs that are handled at once (50 MB): a million pictures can have tens of millions.
PACKED = 1 << 20
#: Pictures whose lists are ranked at once (100 MB).
RANKED = 1 << 13

Rows = npt.NDArray[np.int64]


def neighbours_compared(n: int) -> int:
    """Return how many of the pictures most like it each of n images is compared with: of more, more come between.

    Half the binary logarithm and one: 6 of 1,000, 9 of 60,000. Two more find half a percent more near
    duplicates at 32 pixels, for a quarter more work.

    Examples
    --------
    >>> [neighbours_compared(n) for n in (2, 1000, 60_000)]
    [1, 6, 9]
    """
    return round(log2(max(n, 1)) / 2) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The threshold of near duplicates in a data set, and how it was found.

    Attributes
    ----------
    threshold : float
        The distance up to which pictures were taken for the same.
    calibrated : bool
        Whether it was measured on this data set; else it is the default, or less.
    typical : float
        The distance that most images' nearest pictures are `TYPICAL_FACTOR` times beyond: the threshold is
        never above it (but for `LEAST_THRESHOLD`).
    false_rate : float
        Share of the labelled images that have a picture of another class within the threshold; a lower bound
        of the rate of false matches, as look-alikes of one class are not in it. NaN where it cannot be
        measured.
    expected_false : float
        Compared pairs within the threshold that are expected to be look-alikes, if those of one class are as
        rare as those of two; they are more. NaN where that cannot be measured.
    """

    threshold: float = DEFAULT_THRESHOLD
    calibrated: bool = False
    typical: float = 1.0
    false_rate: float = float("nan")
    expected_false: float = float("nan")

    @property
    def certain(self) -> float:
        """Distance below which a pair is a copy beyond doubt: half the threshold, where look-alikes are 7 times rarer in Fashion-MNIST."""
        return self.threshold / 2


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
    calibration: Calibration = Calibration()

    @property
    def score(self) -> npt.NDArray[np.float64]:
        """How sure each link is, shape (n_images,): 1 for representatives and their exact copies, else 1 minus the distance."""
        return np.asarray(1 - self.distance)

    def partners(self, held: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> Rows:
        """Return for each image of ``held`` the closest one of its set among ``other``, shape (n_images,); -1 where there is none.

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


@dataclass(slots=True, eq=False)
class _Links:
    """Compared pairs: rows ``first < second`` of the images, how the second is turned against the first, and their distance."""

    first: Places
    second: Places
    turn: Places
    distance: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __getitem__(self, which: npt.NDArray[np.bool_] | Places) -> _Links:
        distance = self.distance[which] if len(self.distance) else self.distance  # not yet measured
        return _Links(self.first[which], self.second[which], self.turn[which], distance)


def exact_sets(images: pd.DataFrame) -> tuple[Rows, npt.NDArray[np.object_]]:
    """Return the representative of each image among those with its bytes or pixels, and why; both of shape (n_images,)."""
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


def _candidates(
    rows: Rows,
    signatures: npt.NDArray[np.uint8],
    neighbours: Neighbours | None,
    descriptor: npt.NDArray[np.float32] | None,
) -> _Links:
    """Return the pairs of the given rows worth comparing, each once under each turn it was found by."""
    hashes = sign_hashes(signatures, rows)
    # Of the two quarter turns one is enough: each undoes the other.
    turn, query, base = close_pairs(hashes[:7], hashes[0], 6 if len(rows) <= SIX_BITS_LIMIT else 4)
    # The query, turned, looks like the base; so the base, turned back, looks like the query. From here on the
    # turn is that of the second.
    found = [(base, query, turn)]
    if descriptor is not None:
        found.append(_lookalikes(rows, signatures, neighbours, descriptor))
    return _distinct(rows, found)


def _lookalikes(
    rows: Rows,
    signatures: npt.NDArray[np.uint8],
    neighbours: Neighbours | None,
    descriptor: npt.NDArray[np.float32],
) -> tuple[Rows, Rows, Rows]:
    """Return the places of pictures among the rows, of those most like each in shape, colours and descriptor together, and their turn."""
    n, described = len(rows), rows < len(descriptor)  # what is inside a frame is not
    compared = neighbours_compared(int(described.sum()))
    vectors, patterns = shapes(signatures, rows), colour_patterns(signatures, rows)
    unit = np.zeros((n, descriptor.shape[1]), dtype=np.float32)
    unit[described] = unit_rows(descriptor[rows[described]])
    if neighbours is None:
        others, mirrored, alike = nearest_lookalikes(vectors, patterns, COLOUR_WEIGHT, LISTED * compared)
    else:
        place = np.full(max(len(descriptor), int(rows.max()) + 1) + 1, -1, dtype=np.int64)
        place[rows] = np.arange(n)
        others = np.full((n, neighbours.rows.shape[1]), -1, dtype=np.int64)
        others[described] = place[neighbours.rows[rows[described]]]
        mirrored = np.zeros(others.shape, dtype=bool)
        own, at = np.repeat(np.arange(n), others.shape[1]), others.ravel()
        alike = (
            pair_products(vectors, vectors, own, at)
            + COLOUR_WEIGHT * pair_products(patterns, patterns, own, at)
        ).reshape(others.shape)
    found: list[tuple[Rows, Rows, Rows]] = []
    for start in range(0, n, RANKED):
        other, turned = others[start : start + RANKED], mirrored[start : start + RANKED]
        own, at = np.repeat(np.arange(start, start + len(other)), other.shape[1]), other.ravel()
        known = described[own] & described[at] & ~turned.ravel()
        cosine = np.where(known, pair_products(unit, unit, own, at), UNDESCRIBED).reshape(other.shape)
        likely = np.where(other >= 0, alike[start : start + RANKED] + DESCRIPTOR_WEIGHT * cosine, -np.inf)
        best = np.argsort(-likely, axis=1, kind="stable")[:, :compared]
        chosen = np.take_along_axis(other, best, axis=1).ravel()
        turn = np.take_along_axis(turned, best, axis=1).ravel().astype(np.int64)
        own = np.repeat(np.arange(start, start + len(other)), best.shape[1])
        kept = (chosen >= 0) & (likeness(vectors, own, chosen, turn) >= LEAST_LIKENESS)
        found.append((own[kept], chosen[kept], turn[kept]))
    first, second, turns = (np.concatenate(column) for column in zip(*found, strict=True))
    return first, second, turns


def _links(
    heads: Rows,
    signatures: npt.NDArray[np.uint8],
    neighbours: Neighbours | None,
    descriptor: npt.NDArray[np.float32] | None,
    comparison: Comparison,
    sampled: npt.NDArray[np.bool_],
    most: float,
) -> _Links:
    """Return the compared pairs of the given rows; a picture in a frame is also compared as what is inside it, and the nearer counts."""
    boxes = (
        content_boxes(signatures, heads)
        if descriptor is not None
        else np.zeros((len(heads), 4), dtype=np.int64)
    )
    framed = heads[boxes.any(axis=1)]
    if not len(framed):
        return _measure(comparison, _candidates(heads, signatures, neighbours, descriptor), sampled, most)
    inside = unframed(signatures[framed], boxes[boxes.any(axis=1)])
    rows = np.concatenate(
        [heads, len(signatures) + np.flatnonzero(structured(inside, np.arange(len(inside))))]
    )
    both = np.concatenate([signatures, inside])
    picture = np.concatenate([np.arange(len(signatures)), framed])
    links = _measure(
        Comparison(both), _candidates(rows, both, neighbours, descriptor), sampled[picture], most
    )
    first, second = picture[links.first], picture[links.second]
    turn = np.where(first > second, np.asarray(INVERSE)[links.turn], links.turn)
    links = _Links(np.minimum(first, second), np.maximum(first, second), turn, links.distance)[
        first != second
    ]
    return _nearest_turn(links[np.lexsort((links.turn, links.second, links.first))])


def _nearest_turn(links: _Links) -> _Links:
    """Return every pair once, under the turn that brings it nearest; untouched first. Links are sorted by first, then second row."""
    same = (links.first[1:] == links.first[:-1]) & (links.second[1:] == links.second[:-1])
    several = np.zeros(len(links.first), dtype=bool)
    several[1:] |= same
    several[:-1] |= same
    rows = np.flatnonzero(several)  # few: most pairs were found under one turn
    order = rows[np.lexsort((links.turn[rows], links.distance[rows], links.second[rows], links.first[rows]))]
    again = np.zeros(len(order), dtype=bool)
    again[1:] = (links.first[order[1:]] == links.first[order[:-1]]) & (
        links.second[order[1:]] == links.second[order[:-1]]
    )
    kept = np.ones(len(several), dtype=bool)
    kept[order[again]] = False
    return links[kept]


def _distinct(rows: Rows, found: list[tuple[Rows, Rows, Rows]]) -> _Links:
    """Return every pair and turn once, the lower row first, sorted; of (place, other place, turn) among the rows. ``found`` is emptied."""
    packed: list[npt.NDArray[np.uint64]] = []
    while found:
        own, other, turns = found.pop()
        for start in range(0, len(own), PACKED):
            part = slice(start, start + PACKED)
            first, second, turn = rows[own[part]], rows[other[part]], turns[part]
            turn = np.where(first > second, np.asarray(INVERSE)[turn], turn)
            pair = np.minimum(first, second).astype(np.uint64) << np.uint64(34) | np.maximum(
                first, second
            ).astype(np.uint64) << np.uint64(4)
            packed.append((pair | turn.astype(np.uint64))[first != second])
    links = distinct(packed)
    low = np.uint64((1 << 30) - 1)
    return _Links(
        (links >> np.uint64(34)).astype(np.int32),
        ((links >> np.uint64(4)) & low).astype(np.int32),
        (links & np.uint64(15)).astype(np.int8),
    )


def _measure(
    comparison: Comparison,
    links: _Links,
    sampled: npt.NDArray[np.bool_] | None = None,
    most: float = MOST_OF_CLASSES,
) -> _Links:
    """Return the links with their distances; of a pair found under several turns the nearest stays, untouched first.

    Pairs farther than ``most`` are not compared to the end; given a sample of the rows, those of other rows
    only where they may be copies.
    """
    distance = np.ones(len(links.first))
    whole = (
        np.ones(len(distance), dtype=bool)
        if sampled is None
        else sampled[links.first] | sampled[links.second]
    )
    distance[whole] = _distances(comparison, links[whole], most)
    if sampled is not None and not whole.all():
        typical = _typical(_Links(links.first, links.second, links.turn, distance)[whole], sampled)
        limit = float(np.clip(TYPICAL_MARGIN * typical, LEAST_THRESHOLD, most))
        distance[~whole] = _distances(comparison, links[~whole], limit)
    return _nearest_turn(_Links(links.first, links.second, links.turn, distance))


def _distances(comparison: Comparison, links: _Links, limit: float) -> npt.NDArray[np.float64]:
    """Return the distances of pairs; 1 where the colours disagree, which is cheaper to say."""
    distance = np.ones(len(links.first))
    agree = np.flatnonzero(comparison.same_colours(links.first, links.second, links.turn))
    distance[agree] = comparison.distance(
        links.first[agree], links.second[agree], links.turn[agree], LEAST_THRESHOLD, limit
    )
    return np.clip(np.where(links.turn > 0, distance / TURNED_FACTOR, distance), 0, 1)


def calibrate(
    links: _Links,
    labels: npt.NDArray[np.object_],
    used: npt.NDArray[np.bool_],
    sampled: npt.NDArray[np.bool_] | None = None,
) -> Calibration:
    """Choose the threshold from the distances between compared pictures of different classes, which are no copies.

    It is where `FALSE_RATE` of the images would be matched with a look-alike; with too few images to measure
    that, the default, lowered where the data contradict it. Pairs nearer than `LEAST_OF_CLASSES` are copies
    under two labels and take no part.
    """
    typical = _typical(links, used if sampled is None else used & sampled)
    known = used & (labels != "")
    plain = links[(links.turn == 0) & known[links.first] & known[links.second]]
    plain = plain[plain.distance > min(LEAST_OF_CLASSES, typical)]
    different = labels[plain.first] != labels[plain.second]
    if not different.any():
        return Calibration(
            threshold=float(np.clip(typical, LEAST_THRESHOLD, DEFAULT_THRESHOLD)), typical=typical
        )
    ranked = np.sort(_nearest(plain[different], len(labels))[known])
    telling = len(ranked) * float(different.mean())
    calibrated = telling >= CALIBRATION_IMAGES
    limit = float(np.nextafter(ranked[int(FALSE_RATE * len(ranked))], 0))
    threshold = float(np.clip(limit, LEAST_OF_CLASSES, MOST_OF_CLASSES if calibrated else DEFAULT_THRESHOLD))
    threshold = max(min(threshold, typical), LEAST_THRESHOLD)
    false = plain.distance <= threshold
    among = float(false[different].mean())
    return Calibration(
        threshold=threshold,
        calibrated=calibrated,
        typical=typical,
        false_rate=float((ranked <= threshold).mean()),
        expected_false=float(false[different].sum() + among * (~different).sum()),
    )


def _typical(links: _Links, used: npt.NDArray[np.bool_]) -> float:
    """Return the distance that most of the used images' nearest pictures are `TYPICAL_FACTOR` times beyond."""
    return float(np.quantile(_nearest(links, len(used))[used], TYPICAL)) / TYPICAL_FACTOR


def _nearest(links: _Links, n: int) -> npt.NDArray[np.float64]:
    """Return the distance of each of n images to its nearest compared picture, 1 where none was compared."""
    nearest = np.ones(n)
    for start in range(0, len(links.first), PACKED):
        part = slice(start, start + PACKED)
        for rows in (links.first, links.second):
            np.minimum.at(nearest, rows[part], links.distance[part])
    return nearest


def find_duplicates(
    images: pd.DataFrame,
    signatures: npt.NDArray[np.uint8] | None = None,
    neighbours: Neighbours | None = None,
    descriptor: npt.NDArray[np.float32] | None = None,
    *,
    near: bool = True,
) -> DuplicateSets:
    """Group images into duplicate sets; every member is verified against its representative, so there are no chains.

    Candidates are pairs of like hashes (under all flips and quarter turns) and descriptor neighbours; a
    candidate is a copy if the detail of the two thumbnails correlates, as they lie or after a shift and zoom.

    Parameters
    ----------
    images : DataFrame
        Needs ``status, sha256, pixel_digest, label``; index 0..n-1.
    signatures : ndarray of uint8, shape (n_images, SIGNATURE_BYTES), optional
        Without them only exact copies are found.
    neighbours : Neighbours, optional
        Descriptor neighbours to choose from where there are too many images to look at every pair.
    descriptor : ndarray of float32, shape (n_images, d), optional
        The descriptors; without them only what the hashes find is compared.
    near : bool
        Whether to look for near duplicates.
    """
    exact, reason = exact_sets(images)
    n = len(images)
    distance, turned, near_set = np.zeros(n), np.zeros(n, dtype=bool), exact.copy()
    heads = np.flatnonzero((images["status"] == "ok").to_numpy() & (exact == np.arange(n)))
    if signatures is not None and near:
        heads = heads[structured(signatures, heads)]
    if not near or signatures is None or len(heads) < 2:
        return DuplicateSets(exact, near_set, reason, distance, turned)
    labels = images["label"].to_numpy(dtype=object)
    used = np.zeros(n, dtype=bool)
    used[heads] = True
    comparison = Comparison(signatures)
    sampled = np.zeros(n, dtype=bool)
    # Digests are as good as random numbers, and those of the same pictures in any order.
    sampled[
        heads[np.argsort(images["sha256"].to_numpy(dtype=object)[heads], kind="stable")[:TYPICAL_IMAGES]]
    ] = True
    # With too few images to calibrate on no threshold is above the default, and what is typical counts only
    # where it is below that.
    most = MOST_OF_CLASSES if len(heads) >= CALIBRATION_IMAGES else TYPICAL_MARGIN * DEFAULT_THRESHOLD
    links = _links(heads, signatures, neighbours, descriptor, comparison, sampled, most)
    chosen = calibrate(links, labels, used, sampled)
    threshold = chosen.threshold
    for member, head, turn, far in _stars(links[links.distance <= threshold], comparison, threshold):
        near_set[member], distance[member], turned[member] = head, far, turn > 0
        reason[member] = f"same picture, {TURN_NAMES[turn]}" if turn else "same picture"
    copies = exact != np.arange(n)
    distance[copies], turned[copies] = distance[exact[copies]], turned[exact[copies]]
    return DuplicateSets(exact, near_set[exact], reason, distance, turned, chosen)


def _stars(links: _Links, comparison: Comparison, threshold: float) -> list[tuple[int, int, int, float]]:
    """Cut verified links into sets: (member, representative, turn, distance), each member within the threshold of its representative.

    The image with most links represents first; neighbours of its members join where they, compared with it,
    are copies too.
    """
    linked: dict[int, dict[int, tuple[int, float]]] = {}
    for a, b, turn, far in zip(
        links.first.tolist(), links.second.tolist(), links.turn.tolist(), links.distance.tolist(), strict=True
    ):
        linked.setdefault(a, {})[b] = (turn, far)
        linked.setdefault(b, {})[a] = (INVERSE[turn], far)
    taken: set[int] = set()
    out: list[tuple[int, int, int, float]] = []
    for head in sorted(linked, key=lambda row: (-len(linked[row]), row)):
        if head in taken:
            continue
        members = {row: link for row, link in linked[head].items() if row not in taken}
        if not members:
            continue
        taken.add(head)
        tested = {head, *members}
        frontier = list(members)
        while frontier:
            further = sorted({r for m in frontier for r in linked[m]} - tested - taken)
            tested.update(further)
            # Between two members of one set nothing is turned but by way of the links that led there.
            turns = [0] if not any(turn for turn, _ in members.values()) else range(8)
            frontier = []
            if further:
                pairs = _Links(
                    np.full(len(further) * len(turns), head),
                    np.repeat(further, len(turns)),
                    np.tile(np.asarray(turns), len(further)),
                )
                close = _measure(comparison, pairs)
                for row, turn, far in zip(
                    close.second.tolist(), close.turn.tolist(), close.distance.tolist(), strict=True
                ):
                    if far <= threshold:
                        members[row] = (turn, far)
                        frontier.append(row)
        taken.update(members)
        out.extend((row, head, turn, far) for row, (turn, far) in sorted(members.items()))
    return out
