"""Rows that come in whatever their order, made into a table in the order of the samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.dataset import Dataset
from auditor.scanning.batch import Rows
from auditor.scanning.columns import Columns
from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.measures import rounded
from auditor.scanning.schema import MEASURES, Facts
from auditor.scanning.store import Remembered, Store

if TYPE_CHECKING:
    import pandas as pd

#: Called after every batch with images done, images in all, bytes read, unreadable so far.
OnProgress = Callable[[int, int, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class ScanResult:
    """What a scan measured.

    Attributes
    ----------
    images : DataFrame
        The sample table with the columns of `auditor.scanning.schema` added. Where a time budget left images
        out, their status is ``unmeasured``.
    signatures : Signatures
        Row by row the same images, zero where unreadable or unmeasured.
    measured : int
        Images whose row is known: all, unless a time budget left some out.
    read : int
        Images that this call read; the others were known from an earlier scan and had not changed.
    """

    images: pd.DataFrame
    signatures: Signatures
    measured: int = -1
    read: int = -1


class Collector:
    """Takes in rows, from the store and from workers, and hands new ones to the store.

    Parameters
    ----------
    paths : list of str
        Of the samples.
    sizes : ndarray of int64, shape (n_images,)
        Of the files; -1 where unknown.
    on_progress : callable or None
    folder : Path or None
        Where many signatures are kept.
    """

    def __init__(
        self,
        paths: list[str],
        sizes: npt.NDArray[np.int64],
        on_progress: OnProgress | None,
        folder: Path | None,
    ) -> None:
        self.paths, self.sizes, self._on_progress = paths, sizes, on_progress
        self.signatures = Signatures.zeros(len(paths), folder)
        self._pieces: list[Columns] = []
        self._rows: list[npt.NDArray[np.int64]] = []
        self._changed: dict[int, tuple[str, int]] = {}
        self._former: Columns | None = None
        self._done = self._bytes = self._unreadable = self._read = 0

    def former_digest(self, row: int) -> str:
        """Return the digest that a changed file had when it was scanned before, or ""."""
        return self._changed.get(row, ("", -1))[0]

    def recall(self, known: Remembered, same: npt.NDArray[np.bool_]) -> None:
        """Take over the rows of unchanged files; keep the others, should their files have the same bytes."""
        kept = known.columns.take(same)
        self._pieces.append(kept)
        self._rows.append(known.rows[same])
        self._former = known.columns
        changed = np.flatnonzero(~same)
        digests = known.columns.facts["sha256"][changed]
        self._changed = {
            int(known.rows[place]): (digest, int(place))
            for place, digest in zip(changed, digests, strict=True)
            if digest
        }
        self._count(len(kept), int(kept.facts["bytes"].sum()), int((kept.facts["status"] != "ok").sum()))

    def _count(self, done: int, size: int, unreadable: int) -> None:
        self._done += done
        self._bytes += size
        self._unreadable += unreadable
        if self._on_progress:
            self._on_progress(self._done, len(self.paths), self._bytes, self._unreadable)

    def add(self, rows: Rows, store: Store | None) -> None:
        """Take in what a worker found, and hand it to the store."""
        if not rows.index:
            return
        facts = [found or self._recall_one(rows, place) for place, found in enumerate(rows.facts)]
        index = np.array(rows.index, dtype=np.int64)
        self.signatures[index] = rows.signatures
        self._pieces.append(Columns.of(facts, rows.measures))
        self._rows.append(index)
        self._read += len(index)
        if store is not None:
            store.add([self.paths[row] for row in rows.index], rows.stats, facts, rows)
        self._count(len(facts), sum(f.bytes for f in facts), sum(f.status != "ok" for f in facts))

    def _recall_one(self, rows: Rows, place: int) -> Facts:
        """Return the former facts of a file with the same bytes, and put back its measures and signature."""
        assert self._former is not None
        row = rows.index[place]
        facts, rows.measures[place] = self._former.row(self._changed[row][1])
        rows.signatures[place] = self.signatures.array[row]
        return facts

    def finish(self, dataset: Dataset) -> ScanResult:
        """Return the table, in the order of the samples."""
        rows = np.concatenate(self._rows) if self._rows else np.empty(0, np.int64)
        if len(np.unique(rows)) != len(rows):
            raise AssertionError(f"{len(rows)} rows for {len(np.unique(rows))} images")
        left = np.setdiff1d(np.arange(len(self.paths)), rows)
        self.signatures[left] = 0
        self.signatures.release_memory()
        if len(left):
            blank = Facts(status="unmeasured", reason="not read within the time budget")
            facts = [blank._replace(bytes=size) for size in np.maximum(self.sizes[left], 0).tolist()]
            self._pieces.append(Columns.of(facts, np.full((len(left), len(MEASURES)), np.nan)))
        whole = Columns.joined(self._pieces)
        self._pieces.clear()
        self._former = None
        whole = whole.take(np.argsort(np.concatenate([rows, left]), kind="stable"))
        return ScanResult(image_table(dataset, whole), self.signatures, measured=len(rows), read=self._read)


def image_table(dataset: Dataset, columns: Columns) -> pd.DataFrame:
    """Return the sample table with facts, measures and what derives from the header."""
    import pandas as pd

    found = columns.frame()
    readable = found["status"] == "ok"
    pixels = (found["width"].astype(float) * found["height"]).where(readable)
    aspect = rounded((found["width"] / found["height"].where(readable)).to_numpy(float))
    density = rounded((found["bytes"] / pixels).to_numpy(float))
    shape = pd.DataFrame({"pixels": pixels, "aspect": aspect, "bytes_per_pixel": density})
    first = dataset.samples[["path", "label", "split", "group"]]
    taken = {*first.columns, *found.columns, *shape.columns}
    extra = dataset.samples[[name for name in dataset.samples.columns if name not in taken]]
    table: pd.DataFrame = pd.concat([first, found, shape, extra], axis=1)
    return table


__all__ = ["Collector", "OnProgress", "ScanResult", "image_table"]
