"""Nearest rows by dot product, every pair compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

#: Products held at once: 8 MB, which a processor's cache holds.
PRODUCTS_AT_ONCE = 2_000_000
#: Queries at once, at least: matrix products need as many to be fast.
QUERIES_AT_ONCE = 128

Floats32 = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


def scale_to_unit(vectors: npt.NDArray[np.floating]) -> Floats32:
    """Return rows scaled to length 1, whose dot products are cosines; rows of zeros stay zeros.

    References
    ----------
    Salton, Wong, Yang, "A vector space model for automatic indexing", Communications of the ACM 18, 1975.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def find_nearest(queries: Floats32, references: Floats32, k: int) -> tuple[Rows, Floats32]:
    """Return the k references with the largest dot product with each query; ties go to the lower row.

    Parameters
    ----------
    queries, references : ndarray of float32, shape (n, d) and (m, d)
    k : int

    Returns
    -------
    rows : ndarray of int64, shape (n, k), largest first, -1 beyond the m references
    similarity : ndarray of float32, shape (n, k), -1 beyond

    References
    ----------
    Cover, Hart, "Nearest neighbor pattern classification", IEEE Trans. Information Theory 13, 1967.
    """
    transposed = np.ascontiguousarray(references.T)

    def multiply(start: int, stop: int, out: Floats32) -> None:
        np.matmul(queries[start:stop], transposed, out=out)

    return find_largest(multiply, len(queries), len(references), k)


def find_largest(
    multiply: Callable[[int, int, Floats32], None], n: int, m: int, k: int
) -> tuple[Rows, Floats32]:
    """Return the k largest of the m products of each of n queries, as `find_nearest` does.

    Products are dealt to groups. The k largest are always among the k groups with the largest maxima, so
    that both selections, of groups and inside them, look at few numbers.

    Parameters
    ----------
    multiply : callable
        Given the first query, the one behind the last and an array ``(stop - start, m)``, writes their
        products into it.
    n, m, k : int

    References
    ----------
    Musser, "Introspective sorting and selection algorithms", Software: Practice and Experience 27, 1997
    (the selection of `numpy.argpartition`).
    """
    rows, similarity = np.full((n, k), -1, dtype=np.int64), np.full((n, k), -1, dtype=np.float32)
    wanted = min(k, m)
    if not n or not wanted:
        return rows, similarity
    size = max(int(np.sqrt(m / wanted)), 1)  # of a group
    groups = -(-m // size)
    block = max(QUERIES_AT_ONCE, PRODUCTS_AT_ONCE // (groups * size))
    held = np.full((min(block, n), groups * size), -np.inf, dtype=np.float32)
    for start in range(0, n, block):
        stop = min(start + block, n)
        values = held[: stop - start]
        multiply(start, stop, values[:, :m])
        candidates = np.broadcast_to(np.arange(values.shape[1]), values.shape)
        if groups > 2 * wanted:
            # Neighbouring products are of different groups, so that maxima are taken along the memory.
            largest = values.reshape(len(values), size, groups).max(axis=1)
            top = _largest_places(largest, wanted)
            candidates = (top[:, :, None] + np.arange(size) * groups).reshape(len(values), -1)
            values = np.take_along_axis(values, candidates, axis=1)
        chosen = _largest_places(values, wanted)
        found, near = (np.take_along_axis(part, chosen, axis=1) for part in (candidates, values))
        order = np.lexsort((found, np.negative(near)), axis=1)
        rows[start:stop, :wanted] = np.take_along_axis(found, order, axis=1)
        similarity[start:stop, :wanted] = np.take_along_axis(near, order, axis=1)
    return rows, similarity


def _largest_places(values: Floats32, k: int) -> Rows:
    """Return where the k largest numbers of each row are, in any order."""
    rest = values.shape[1] - k
    return (
        np.argpartition(values, rest, axis=1)[:, rest:] if rest else np.tile(np.arange(k), (len(values), 1))
    )


def drop_self(own: Rows, rows: Rows, similarity: Floats32) -> tuple[Rows, Floats32]:
    """Take the query itself out of its nearest, or the last of them where exact copies crowd it out.

    Parameters
    ----------
    own : ndarray of int64, shape (n,)
        The row of each query.
    rows, similarity : ndarray, shape (n, k + 1)
        As `find_nearest` returns them.

    References
    ----------
    Stone, "Cross-validatory choice and assessment of statistical predictions", J. R. Statist. Soc. B 36, 1974
    (a query does not vote for itself).
    """
    k = rows.shape[1] - 1
    itself = rows == own[:, None]
    drop = np.where(itself.any(axis=1), itself.argmax(axis=1), k)
    keep = np.arange(k + 1)[None, :] != drop[:, None]
    return rows[keep].reshape(len(rows), k), similarity[keep].reshape(len(rows), k)
