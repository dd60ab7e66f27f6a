"""The user's own vectors in place of the descriptor: checked, and projected to as many columns."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.errors import DataError
from auditor.evidence.brought import Brought, Matched, require_rows
from auditor.evidence.descriptor import DIMENSIONS, Descriptor, fit_projection_of, fitting_rows
from auditor.reading import listed

if TYPE_CHECKING:
    from auditor.evidence import Evidence

#: Numbers that are held at once as float32 (64 MB).
BLOCK_NUMBERS = 1 << 24
#: Share of the mean eigenvalue that is added to each before whitening. Average precision of 5 % flips in the
#: 1,702 photos of clothing: .80 with the descriptor's 0.1, .82 with 0.5; but from 0.5 on self-confidence ranks
#: better by .02 than the order that is used (five seeds; docs/labels.md).
RIDGE = 0.25
#: Images whose pairs are compared to tell whether vectors in the order of the data are in that order, and the
#: fewest with which that is tried.
COMPARED, FEWEST_COMPARED = 400, 50
#: Orders drawn at random that the given one must beat: a false alarm in one of a thousand.
ORDERS = 999

Floats32 = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


def describe_by_vectors(evidence: Evidence, brought: Brought, matched: Matched) -> Descriptor:
    """Return the vectors of the images as a descriptor of at most `DIMENSIONS` columns.

    As for the descriptor the projection is a whitened PCA, fitted on the same distinct pictures; it is read
    block by block.

    Raises
    ------
    DataError
        A readable image has no vector or one with NaN, all vectors are the same, or they are in another order
        than the images.
    """
    images, needed = evidence.images, evidence.readable
    paths = images["path"].to_numpy(dtype=object)
    require_rows(brought, matched, paths, needed)
    rows = fitting_rows(images)
    raw = _take(brought, matched.rows[rows], paths[rows])
    size = float(np.abs(raw).max(initial=0)) or 1.0
    raw /= np.float32(size)
    if not np.ptp(raw, axis=0).any():
        raise DataError(
            expected="vectors that differ between images",
            received=f"{brought.name}, where all {len(rows):,} that were compared are the same",
            hint="check how they were made",
        )
    projection = fit_projection_of(raw, DIMENSIONS, RIDGE)
    out = np.zeros((len(images), projection.directions.shape[1]), dtype=np.float32)
    used = np.flatnonzero(needed)
    step = max(BLOCK_NUMBERS // brought.values.shape[1], 1)
    for start in range(0, len(used), step):
        block = used[start : start + step]
        out[block] = projection.project(_take(brought, matched.rows[block], paths[block]) / np.float32(size))
        _let_go_of_pages(brought.values)
    if matched.by == "order":
        _require_order(evidence, brought, out)
    return Descriptor(out, projection.scales, f"the vectors of {brought.name}")


def _take(brought: Brought, rows: Rows, paths: npt.NDArray[np.object_]) -> Floats32:
    """Return some rows as float32; refuse those that are no finite numbers."""
    order = np.argsort(rows, kind="stable")  # a file is read fastest from its start to its end
    block = np.empty((len(rows), brought.values.shape[1]), dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        block[order] = brought.values[rows[order]]
    bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
    if len(bad):
        raise DataError(
            expected="a finite number in every column of every image",
            received=f"{brought.name} with NaN, infinite or too large numbers for "
            f"{listed(paths[bad[:3]], len(bad))}",
            hint="make these vectors again",
        )
    return block


def _let_go_of_pages(values: npt.NDArray[np.generic]) -> None:
    """Let the system take back what it mapped of a file: a million vectors are a gigabyte."""
    mapped = getattr(values, "_mmap", None)
    if isinstance(mapped, mmap.mmap):
        mapped.madvise(mmap.MADV_DONTNEED)


def _require_order(evidence: Evidence, brought: Brought, vectors: Floats32) -> None:
    """Refuse vectors without paths that look as if they were of other images, or in another order.

    Whatever made them, pictures that look alike have vectors that are more alike than those of any two
    pictures: the correlation of both likenesses is compared with that of the images in random orders (the
    test of Mantel, 1967).
    """
    rows = fitting_rows(evidence.images)[:COMPARED]
    if len(rows) < FEWEST_COMPARED:
        return
    looks, given = (_likeness(x[rows]) for x in (evidence.looks, vectors))
    rng = evidence.generator("vectors")
    found = float((looks * given).sum())
    orders = (rng.permutation(len(rows)) for _ in range(ORDERS))
    if any(float((looks * given[np.ix_(p, p)]).sum()) >= found for p in orders):
        raise DataError(
            expected=f"vectors in the order of the data: {_order_of(evidence)}",
            received=f"{brought.name}, whose vectors fit these pictures no better than in any other order",
            hint="save the paths beside them: numpy.savez('vectors.npz', path=paths, x=vectors)",
        )


def _likeness(x: Floats32) -> npt.NDArray[np.float64]:
    """Return the cosine of every two rows, centred, zero for a row and itself."""
    unit = x.astype(np.float64) / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    cosine = unit @ unit.T
    off = ~np.eye(len(x), dtype=bool)
    return np.asarray(np.where(off, cosine - cosine[off].mean(), 0.0))


def _order_of(evidence: Evidence) -> str:
    first = evidence.images["path"].iloc[:2].tolist()
    return (
        "that of the table"
        if evidence.reading.layout == "a table"
        else f"sorted paths, {', '.join(first)}, ..."
    )
