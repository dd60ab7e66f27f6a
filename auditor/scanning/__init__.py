"""Bytes to one row per image: every image is read and decoded once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from auditor.dataset import Dataset, Source
from auditor.scanning.measures import measure
from auditor.scanning.pixels import Unreadable, decode
from auditor.scanning.schema import FACTS, MEASURES, SIGNATURE_BYTES
from auditor.scanning.signature import perceptual_hash, signature

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


def scan_batch(source: Source, paths: list[str]) -> tuple[list[dict[str, Any]], npt.NDArray[np.uint8]]:
    """Scan some images; returns their rows and signatures."""
    rows: list[dict[str, Any]] = []
    signatures = np.zeros((len(paths), SIGNATURE_BYTES), dtype=np.uint8)
    for i, path in enumerate(paths):
        row: dict[str, Any] = dict.fromkeys(FACTS, "")
        row.update(status="unreadable", bytes=0, width=0, height=0, bits=0, orientation=0, animated=False)
        rows.append(row)
        try:
            data = source.read(path)
        except FileNotFoundError:
            row["reason"] = "missing"
            continue
        except OSError as error:
            row["reason"] = f"cannot be read: {error.strerror or error}"
            continue
        row["bytes"] = len(data)
        row["sha256"] = hashlib.sha256(data).hexdigest()
        try:
            decoded = decode(data)
        except Unreadable as error:
            row["reason"] = str(error)
            continue
        signatures[i] = signature(decoded.rgb)
        row.update(
            status="ok", pixel_digest=decoded.pixel_digest, format=decoded.format, mode=decoded.mode, width=decoded.width,
            height=decoded.height, bits=decoded.bits, orientation=decoded.orientation, animated=decoded.animated,
        )  # fmt: skip
        row.update(zip((m.name for m in MEASURES), measure(decoded.rgb), strict=True))
    readable = [i for i, row in enumerate(rows) if row["status"] == "ok"]
    for i, value in zip(readable, perceptual_hash(signatures[readable]) if readable else (), strict=True):
        rows[i]["phash"] = f"{int(value):016x}"
    return rows, signatures


def scan_images(dataset: Dataset, *, jobs: int | None = None, on_progress: OnProgress | None = None) -> Scanned:
    """Read and measure every image of a data set.

    Parameters
    ----------
    dataset : Dataset
    jobs : int, optional
        Worker processes; by default one per core, and none for a small data set.
    on_progress : callable, optional
        Called with (done, total, bytes, unreadable).
    """
    import pandas as pd

    paths = dataset.samples["path"].tolist()
    batches = [paths[i : i + BATCH] for i in range(0, len(paths), BATCH)]
    jobs = jobs or os.cpu_count() or 1
    rows: list[dict[str, Any]] = []
    signatures = np.zeros((len(paths), SIGNATURE_BYTES), dtype=np.uint8)
    size = unreadable = 0
    for found, marks in _results(dataset.source, batches, jobs):
        signatures[len(rows) : len(rows) + len(found)] = marks
        rows.extend(found)
        size += sum(r["bytes"] for r in found)
        unreadable += sum(r["status"] != "ok" for r in found)
        if on_progress:
            on_progress(len(rows), len(paths), size, unreadable)
    facts = pd.DataFrame(rows, columns=[*FACTS, "animated", *(m.name for m in MEASURES)])
    pixels = (facts["width"] * facts["height"]).where(facts["status"] == "ok")
    facts["pixels"] = pixels
    facts["aspect"] = facts["width"] / facts["height"].where(facts["status"] == "ok")
    facts["bytes_per_pixel"] = facts["bytes"] / pixels
    first = dataset.samples[["path", "label", "split", "group"]]
    extra = dataset.samples.drop(columns=[*first.columns, *(c for c in facts.columns if c in dataset.samples)])
    return Scanned(pd.concat([first, facts, extra], axis=1), signatures)


def _results(source: Source, batches: list[list[str]], jobs: int) -> Iterator[tuple[list[dict[str, Any]], npt.NDArray[np.uint8]]]:
    if jobs == 1 or len(batches) < 2 * jobs:
        yield from (scan_batch(source, batch) for batch in batches)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(scan_batch, [source] * len(batches), batches)
