"""Local search: move and swap units between parts to bring class shares nearer to the ratios."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

#: Rounds of improvement at most.
ROUNDS = 400
#: Moves and swaps that annealing tries for each unit, and in all: a second at most.
STEPS_PER_UNIT, MOST_STEPS = 1_000, 60_000
#: Temperature at which annealing begins: a worsening by 2 points of share is accepted once in 2.7 times.
TEMPERATURE = 0.02
#: Units tried on each side of a swap: those whose move alone comes nearest to an improvement.
CANDIDATES = 200


def _keep_candidates(units: npt.NDArray[np.int64], gain: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the units with the smallest numbers, at most `CANDIDATES`."""
    return units if len(units) <= CANDIDATES else units[np.argpartition(gain, CANDIDATES)[:CANDIDATES]]


def improve_by_moves_and_swaps(
    counts: csr_array,
    part: npt.NDArray[np.int64],
    ratios: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
) -> npt.NDArray[np.int64]:
    """Improve an assignment until no move of a unit and no swap of two lowers the squared deviations.

    Parameters
    ----------
    counts : csr_array, shape (n_units, n_strata)
    part : ndarray of int64, shape (n_units,)
    ratios : ndarray, shape (n_parts,)
    weight : ndarray, shape (n_strata,)
        Weight of a squared count.
    """
    part = part.copy()
    units, parts = np.arange(len(part)), len(ratios)
    member = np.zeros((len(part), parts))
    member[units, part] = 1
    over = counts.T @ member
    over -= over.sum(axis=1, keepdims=True) * ratios
    own = counts.power(2) @ weight
    for _ in range(ROUNDS):
        pull = counts @ (weight[:, None] * over)  # (n_units, n_parts)
        # Half the change of the objective when a unit moves to a part; below 0 is an improvement.
        gain = pull - pull[units, part][:, None] + own[:, None]
        gain[units, part] = np.inf
        best = int(gain.argmin())
        lowest, change = float(gain.ravel()[best]), [(best // parts, best % parts)]
        for p in range(parts):
            for q in range(p + 1, parts):
                here, there = np.flatnonzero(part == p), np.flatnonzero(part == q)
                if not len(here) or not len(there):
                    continue
                here, there = _keep_candidates(here, gain[here, q]), _keep_candidates(there, gain[there, p])
                shared = (counts[here] * weight) @ counts[there].T
                both = gain[here, q][:, None] + gain[there, p][None, :] - 2 * shared.toarray()
                k = int(both.argmin())
                if both.ravel()[k] < lowest:
                    lowest = float(both.ravel()[k])
                    change = [(int(here[k // len(there)]), q), (int(there[k % len(there)]), p)]
        if lowest > -1e-12:
            break
        for unit, to in change:
            row = counts[[unit]].toarray().ravel()
            over[:, part[unit]] -= row
            over[:, to] += row
            part[unit] = to
    return part


def anneal(
    counts: csr_array,
    part: npt.NDArray[np.int64],
    ratios: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Lower the largest deviation of a class's share, beside the root mean square of all, by annealing.

    `improve_by_moves_and_swaps` lowers a sum of squares. If groups are few and of very different sizes, that
    sum has local minima in which one class is far from its ratio.

    Parameters
    ----------
    counts : csr_array, shape (n_units, n_strata)
    part : ndarray of int64, shape (n_units,)
        Where to begin; what is returned is never worse.
    ratios : ndarray, shape (n_parts,)
    rng : Generator

    References
    ----------
    Kirkpatrick, Gelatt, Vecchi, "Optimization by simulated annealing", Science 220, 1983.
    """
    shares = counts.toarray()
    shares = shares / np.maximum(shares.sum(axis=0), 1.0)
    units, parts = len(part), len(ratios)
    steps = min(STEPS_PER_UNIT * units, MOST_STEPS)
    part = part.copy()
    off = np.stack([shares[part == p].sum(axis=0) - ratios[p] for p in range(parts)], axis=1)
    lowest = now = _measure_badness(off)
    best = part.copy()
    first, second = rng.integers(units, size=(2, steps))
    onward = rng.integers(1, parts, size=steps)
    swaps = rng.random(steps) < 0.5
    cooling = TEMPERATURE * (1 - np.arange(steps) / steps) ** 2
    allowed = -np.log1p(-rng.random(steps)) * cooling
    for step in range(steps):
        unit, other = first[step], second[step]
        here = part[unit]
        there = part[other] if swaps[step] else (here + onward[step]) % parts
        if here == there:
            continue
        change = shares[unit] - shares[other] if swaps[step] else shares[unit]
        off[:, here] -= change
        off[:, there] += change
        after = _measure_badness(off)
        if after > now + allowed[step]:
            off[:, here] += change
            off[:, there] -= change
            continue
        part[unit], now = there, after
        if swaps[step]:
            part[other] = here
        if now < lowest - 1e-12:
            lowest, best = now, part.copy()
    return best


def _measure_badness(off: npt.NDArray[np.float64]) -> float:
    return float(np.abs(off).max() + np.sqrt(np.mean(off * off)))
