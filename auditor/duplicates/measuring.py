"""The distances of candidate pairs; a pair is aligned only as far as its grade needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auditor.duplicates.calibration import LEAST_THRESHOLD, MOST_OF_CLASSES, measure_typical_limit
from auditor.duplicates.candidates import find_candidates
from auditor.duplicates.detail import DetailComparer, has_detail
from auditor.duplicates.frames import crop_frames, find_frames
from auditor.duplicates.pairs import Pairs, Rows, keep_nearest_turn, order_pairs
from auditor.scanning.mapped_signatures import Signatures
from auditor.stats.nearest import Floats32

#: A mirrored or turned picture must be nearer by this factor: seven more ways to look alike.
TURNED_FACTOR = 0.7
#: Pairs outside the sample are aligned to the end up to this multiple of the typical distance: the sample
#: gives that distance to within 2 points of rank.
TYPICAL_MARGIN = 1.25

Mask = npt.NDArray[np.bool_]


def measure_candidates(
    heads: Rows,
    comparer: DetailComparer,
    descriptor: Floats32 | None,
    neighbours: Rows | None,
    sampled: Mask,
    limit: float,
    suggested: Rows | None = None,
) -> Pairs:
    """Find the candidate pairs of some rows and measure them.

    A picture in a frame is compared whole and as what is inside; the nearer counts.

    Parameters
    ----------
    heads : ndarray of int64
    comparer : DetailComparer
    descriptor, neighbours, suggested : ndarray, optional
        See `find_candidates`.
    sampled : ndarray of bool, shape (n_images,)
    limit : float
        See `measure_pairs`.
    """
    signatures = comparer.signatures
    widths = np.zeros((len(heads), 4), np.int64) if descriptor is None else find_frames(signatures, heads)
    has_frame = widths.any(axis=1)
    framed = heads[has_frame]
    if not len(framed):
        found = find_candidates(heads, signatures, descriptor, neighbours, suggested)
        return measure_pairs(comparer, found, limit, sampled)
    n = len(signatures)
    inside = crop_frames(signatures[framed], widths[has_frame])
    rows = np.concatenate([heads, n + np.flatnonzero(has_detail(inside, np.arange(len(inside))))])
    both = Signatures(np.concatenate([signatures.array, inside.array]))
    picture = np.concatenate([np.arange(n), framed])
    found = find_candidates(rows, both, descriptor, neighbours, suggested)
    pairs = measure_pairs(DetailComparer(both), found, limit, sampled[picture])
    ordered = order_pairs(picture[pairs.first], picture[pairs.second], pairs.turn)
    pairs = Pairs(*ordered, pairs.distance)
    pairs = pairs[pairs.first != pairs.second]
    return keep_nearest_turn(pairs[np.lexsort((pairs.turn, pairs.second, pairs.first))])


def measure_pairs(
    comparer: DetailComparer, pairs: Pairs, limit: float = MOST_OF_CLASSES, sampled: Mask | None = None
) -> Pairs:
    """Return the pairs with their distances, each under its nearest turn.

    Beyond ``limit`` a distance is only known to exceed it. With ``sampled`` rows, the typical distance of
    the sample sets a smaller limit for all other pairs.
    """
    pairs.distance = np.ones(len(pairs))
    whole = np.ones(len(pairs), bool) if sampled is None else sampled[pairs.first] | sampled[pairs.second]
    pairs.distance[whole] = _measure(comparer, pairs[whole], limit)
    if sampled is not None and not whole.all():
        typical = measure_typical_limit(pairs[whole], sampled)
        limit = float(np.clip(TYPICAL_MARGIN * typical, LEAST_THRESHOLD, limit))
        pairs.distance[~whole] = _measure(comparer, pairs[~whole], limit)
    return keep_nearest_turn(pairs)


def _measure(comparer: DetailComparer, pairs: Pairs, limit: float) -> npt.NDArray[np.float64]:
    """Return the distances of pairs; 1 where the colours disagree, which is the cheaper test."""
    distance = np.ones(len(pairs))
    agree = np.flatnonzero(comparer.agree_in_colour(pairs.first, pairs.second, pairs.turn))
    some = pairs[agree]
    distance[agree] = comparer.measure_distance(some.first, some.second, some.turn, LEAST_THRESHOLD, limit)
    return np.clip(np.where(pairs.turn > 0, distance / TURNED_FACTOR, distance), 0, 1)
