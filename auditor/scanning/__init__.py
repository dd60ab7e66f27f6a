"""Bytes to one row per image: every image is read and decoded once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.dataset import Dataset
from auditor.scanning.batch import Facts, Item, Rows, scan_batch
from auditor.scanning.schema import MEASURES, SIGNATURE_BYTES

if TYPE_CHECKING:
    import pandas as pd

#: Told after every batch: images done, images in all, bytes read, unreadable so far.
OnProgress = Callable[[int, int, int, int], None]

#: Images in a task for a worker.
BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """What a scan measured.

    ``images`` is the sample table with the columns of `auditor.scanning.schema` added; ``signatures`` is
    ``(n_images, SIGNATURE_BYTES)`` ``uint8``, row by row the same images, zero where unreadable.
    """

    images: pd.DataFrame
    signatures: npt.NDArray[np.uint8]


def scan_images(dataset: Dataset, *, jobs: int | None = None, on_progress: OnProgress | None = None) -> Scanned:
    """Read and measure every image of a data set."""
    paths = dataset.samples["path"].tolist()
    facts: list[Facts] = [Facts()] * len(paths)
    numbers = np.full((len(paths), len(MEASURES)), np.nan)
    signatures = np.zeros((len(paths), SIGNATURE_BYTES), dtype=np.uint8)
    size = unreadable = done = 0
    for start in range(0, len(paths), BATCH):
        items = [Item(i, paths[i]) for i in range(start, min(start + BATCH, len(paths)))]
        rows, _ = scan_batch(dataset.source, items)
        for i, found in zip(rows.index, rows.facts, strict=True):
            assert found is not None
            facts[i] = found
            size += found.bytes
            unreadable += found.status != "ok"
        numbers[rows.index], signatures[rows.index] = rows.measures, rows.signatures
        done += len(items)
        if on_progress:
            on_progress(done, len(paths), size, unreadable)
    return Scanned(as_table(dataset, facts, numbers), signatures)


def as_table(dataset: Dataset, facts: list[Facts], numbers: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Return the sample table with facts and measures, in the order of the samples."""
    import pandas as pd

    table = pd.DataFrame(facts, columns=Facts._fields).astype({name: str for name, kind in Facts.__annotations__.items() if kind == "str"})
    for k, measure in enumerate(MEASURES):
        table[measure.name] = numbers[:, k]
    readable = table["status"] == "ok"
    pixels = (table["width"].astype(float) * table["height"]).where(readable)
    table["pixels"] = pixels
    table["aspect"] = (table["width"] / table["height"].where(readable & (table["height"] > 0))).where(readable)
    table["bytes_per_pixel"] = table["bytes"] / pixels
    first = dataset.samples[["path", "label", "split", "group"]]
    extra = dataset.samples.drop(columns=[*first.columns, *(c for c in table.columns if c in dataset.samples)])
    return pd.concat([first, table, extra], axis=1)


__all__ = ["BATCH", "Item", "OnProgress", "Rows", "Scanned", "as_table", "scan_images"]
