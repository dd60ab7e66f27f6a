"""Controlled rounding.

Whole numbers within 1 of the ideal in every stratum, every class and every part at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

#: Below this a fraction is rounding noise of the shares.
NOISE = 1e-7


def round_quotas(
    ideal: npt.NDArray[np.float64], parent: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Round a table of ideal counts so that each stratum keeps its total.

    Every cell, every sum over the strata of a class, and every part's total is rounded down or up, so all are
    within 1 of ideal. Strata within classes within the whole are a laminar family, which makes this a network
    flow: the linear programme below has a whole-numbered solution, and the small random costs make it the
    only one. Where a class cannot be in every part, training comes first; then a part without the class is
    preferred to one that has it.

    Parameters
    ----------
    ideal : ndarray of float64, shape (n_strata, n_parts)
        Its rows sum to whole numbers.
    parent : ndarray of int64, shape (n_strata,)
        The class of each stratum.
    rng : Generator
        Breaks ties.

    References
    ----------
    Cox, L. H. (1987). A constructive procedure for unbiased controlled rounding. Journal of the American
    Statistical Association 82.
    """
    base = np.floor(ideal + NOISE)
    fraction = np.where(ideal - base > NOISE, ideal - base, 0.0)
    extra = np.rint(ideal.sum(axis=1)) - base.sum(axis=1)
    whole = base.astype(np.int64)
    cells = np.flatnonzero((fraction > 0).ravel())
    if not len(cells):
        return whole
    parts = ideal.shape[1]
    row, part = cells // parts, cells % parts
    ones, columns = np.ones(len(cells)), np.arange(len(cells))
    equal = coo_array((ones, (row, columns)), shape=(len(ideal), len(cells))).tocsr()
    family = int(parent.max()) + 1
    sums = vstack(
        [
            coo_array((ones, (parent[row] * parts + part, columns)), shape=(family * parts, len(cells))),
            coo_array((ones, (part, columns)), shape=(parts, len(cells))),
        ]
    ).tocsr()
    share = fraction.ravel()[cells]
    middle = sums @ share
    absent = base.ravel()[cells] == 0
    cost = -share - 2.0 * absent - 2.0 * (absent & (part == 0)) + 1e-3 * rng.random(len(cells))
    solved = linprog(
        cost,
        A_eq=equal,
        b_eq=extra,
        A_ub=vstack([sums, -sums]).tocsr(),
        b_ub=np.concatenate([np.ceil(middle - NOISE), -np.floor(middle + NOISE)]),
        bounds=(0.0, 1.0),
        method="highs-ds",
    )
    if solved.x is None:
        raise ArithmeticError(f"expected quotas that can be rounded. Received: {solved.message}")
    whole.ravel()[cells] += np.rint(solved.x).astype(np.int64)
    return whole


def project_onto_simplex(wanted: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the nearest rows without negative numbers that keep each row's sum (which is not negative).

    References
    ----------
    Duchi, J. et al. (2008). Efficient projections onto the l1-ball for learning in high dimensions. ICML.
    """
    total = wanted.sum(axis=1, keepdims=True)
    ranked = -np.sort(-wanted, axis=1)
    over = (np.cumsum(ranked, axis=1) - total) / np.arange(1, wanted.shape[1] + 1)
    last = np.maximum((ranked > over).sum(axis=1) - 1, 0)
    return np.asarray(np.maximum(wanted - np.take_along_axis(over, last[:, None], axis=1), 0.0))
