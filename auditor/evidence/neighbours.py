"""Nearest neighbours of descriptors by cosine: exact up to 60,000 images, in cells beyond."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Images up to which every pair is compared: 60,000 take about 30 CPU seconds, and four times that for each
#: doubling.
EXACT_LIMIT = 60_000
#: Beyond that, images in a cell on average, and cells that are searched for each: 1 % of a million images.
CELL_IMAGES, PROBES = 1000, 10
#: Similarities held at once, in numbers (8 MB, which a processor's cache holds), or those of so many queries,
#: which matrix products need to be fast. Of each row the best of small groups are taken first: the k nearest
#: are always among the k groups with the best bests.
HELD, QUERIES = 2_000_000, 128

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The nearest other images of each image, nearest first.

    Attributes
    ----------
    rows : ndarray of int64, shape (n_images, k)
        Row numbers; -1 where there are fewer than k others, and for unreadable images.
    similarity : ndarray of float32, shape (n_images, k)
        Cosine of the two descriptors, in [-1, 1]; -1 where there is no neighbour.
    exact : bool
        Whether every pair was compared. Otherwise a few neighbours are missed (``benchmarks/descriptor.py``
        counts them).
    """

    rows: npt.NDArray[np.int64]
    similarity: Floats
    exact: bool


def unit_rows(descriptors: npt.NDArray[np.floating]) -> Floats:
    """Return rows scaled to length 1; rows of zeros stay zeros."""
    lengths = np.linalg.norm(descriptors, axis=1, keepdims=True)
    return np.asarray(descriptors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def nearest(queries: Floats, references: Floats, k: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the k references with the largest dot product with each query, largest first; ties go to the lower row.

    Parameters
    ----------
    queries, references : ndarray of float32, shape (n, d) and (m, d)
    k : int

    Returns
    -------
    rows : ndarray of int64, shape (n, k), -1 beyond the m references
    similarity : ndarray of float32, shape (n, k), -1 beyond
    """
    transposed = np.ascontiguousarray(references.T)

    def products(start: int, stop: int, out: Floats) -> None:
        np.matmul(queries[start:stop], transposed, out=out)

    return largest(products, len(queries), len(references), k)


def largest(
    products: Callable[[int, int, Floats], None], n: int, m: int, k: int
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the k largest of the m products of each of n queries, as `nearest` does.

    Parameters
    ----------
    products : callable
        Given the first query, the one behind the last and an array ``(stop - start, m)``, writes their
        products into it.
    n, m, k : int
    """
    rows, similarity = np.full((n, k), -1, dtype=np.int64), np.full((n, k), -1, dtype=np.float32)
    wanted = min(k, m)
    if not n or not wanted:
        return rows, similarity
    # Both selections, of groups and of candidates inside them, then look at about as many numbers.
    size = max(int(np.sqrt(m / wanted)), 1)
    groups = -(-m // size)
    block = max(QUERIES, HELD // (groups * size))
    grouped = groups > 2 * wanted
    held = np.full((min(block, n), groups * size), -np.inf, dtype=np.float32)
    for start in range(0, n, block):
        stop = min(start + block, n)
        part = held[: stop - start]
        products(start, stop, part[:, :m])
        if grouped:
            # Every so-manyth reference is of one group, so that the best of all groups is taken along the
            # memory.
            best = part.reshape(len(part), size, groups).max(axis=1)
            top = np.argpartition(best, groups - wanted, axis=1)[:, groups - wanted :]
            candidates = (top[:, :, None] + np.arange(size) * groups).reshape(len(part), -1)
            values = np.take_along_axis(part, candidates, axis=1)
        else:
            candidates = np.broadcast_to(np.arange(part.shape[1]), part.shape)
            values = part
        chosen = (
            np.argpartition(values, values.shape[1] - wanted, axis=1)[:, values.shape[1] - wanted :]
            if values.shape[1] > wanted
            else np.tile(np.arange(wanted), (len(part), 1))
        )
        found, near = (
            np.take_along_axis(candidates, chosen, axis=1),
            np.take_along_axis(values, chosen, axis=1),
        )
        order = np.lexsort((found, -near), axis=1)
        rows[start:stop, :wanted] = np.take_along_axis(found, order, axis=1)
        similarity[start:stop, :wanted] = np.take_along_axis(near, order, axis=1)
    return rows, similarity


def others(
    own: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], similarity: Floats, k: int
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Take the query itself out of its k + 1 nearest (or the last of them, where exact copies crowd it out)."""
    itself = rows == own[:, None]
    drop = np.where(itself.any(axis=1), itself.argmax(axis=1), k)
    keep = np.arange(k + 1)[None, :] != drop[:, None]
    return rows[keep].reshape(len(rows), k), similarity[keep].reshape(len(rows), k)


def _pivots(unit: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return cell centres: spherical k-means on a sample, three rounds."""
    sample = unit[np.sort(rng.choice(len(unit), min(len(unit), 32 * count), replace=False))]
    centres = sample[np.sort(rng.choice(len(sample), count, replace=False))]
    for _ in range(3):
        owner = nearest(sample, centres, 1)[0][:, 0]
        sums = np.zeros((count, unit.shape[1]))
        np.add.at(sums, owner, sample)
        filled = np.bincount(owner, minlength=count) > 0
        centres = np.where(filled[:, None], unit_rows(sums), centres)
    return centres


def find_neighbours(
    descriptors: Floats,
    readable: npt.NDArray[np.bool_],
    k: int,
    *,
    rng: np.random.Generator,
    exact_limit: int = EXACT_LIMIT,
) -> Neighbours:
    """Find the k nearest other readable images of each readable image.

    Parameters
    ----------
    descriptors : ndarray of float32, shape (n_images, d)
    readable : ndarray of bool, shape (n_images,)
    k : int
    rng : Generator
        Chooses the cells beyond ``exact_limit``.
    exact_limit : int
        Images up to which every pair is compared.
    """
    n = len(descriptors)
    rows, similarity = np.full((n, k), -1, dtype=np.int64), np.full((n, k), -1, dtype=np.float32)
    present = np.flatnonzero(readable)
    unit = unit_rows(descriptors[present])
    exact = len(present) <= exact_limit
    if exact:
        found, near = others(np.arange(len(present)), *nearest(unit, unit, k + 1), k)
        rows[present], similarity[present] = np.where(found >= 0, present[found], -1), near
        return Neighbours(rows, similarity, exact)
    centres = _pivots(unit, max(len(present) // CELL_IMAGES, PROBES), rng)
    owner = nearest(unit, centres, 1)[0][:, 0]
    order = np.argsort(owner, kind="stable")
    edges = np.searchsorted(owner[order], np.arange(len(centres) + 1))
    close = nearest(centres, centres, PROBES)[0]
    for cell, probes in enumerate(close):
        members = order[edges[cell] : edges[cell + 1]]
        if not len(members):
            continue
        candidates = np.sort(np.concatenate([order[edges[c] : edges[c + 1]] for c in probes]))
        found, near = nearest(unit[members], unit[candidates], k + 1)
        found = np.where(found >= 0, candidates[found], -1)
        found, near = others(members, found, near, k)
        rows[present[members]], similarity[present[members]] = np.where(found >= 0, present[found], -1), near
    return Neighbours(rows, similarity, exact)
