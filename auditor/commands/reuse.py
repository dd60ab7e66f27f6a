"""Scan the data, or use a current scan of it again: every command with DATA begins so."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.commands.options import GivenEyes, Listeners, ScanOptions, default_listeners
from auditor.commands.results import prepare_output
from auditor.dataset import Dataset
from auditor.errors import DataError
from auditor.evidence import Evidence
from auditor.outputs import OUTPUT
from auditor.readers.places import where_files_lie
from auditor.scanning import scan_images

if TYPE_CHECKING:
    import pandas as pd

#: The folder inside the output folder where a scan keeps what it has measured.
STORE = "scan"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """How a command scans: where results go, how images are read, the seed, and who hears of progress.

    Parameters
    ----------
    output : str, Path or None
        The output folder; a current scan in it is used again.
    scanning : ScanOptions
    seed : int
    listeners : Listeners
    columns : mapping
        The names of a table's columns that the call gave, for the commands of fixes.
    eyes : GivenEyes
        What content is judged by; commands of fixes name it again.
    reproducible : bool
        Whether what differs between two runs is left out of what is written.
    began : float or None
        When a time budget began (monotonic seconds); by default when the scan begins.
    """

    output: str | Path | None = None
    scanning: ScanOptions = field(default_factory=ScanOptions)
    seed: int = 0
    listeners: Listeners = field(default_factory=default_listeners)
    columns: Mapping[str, object] = field(default_factory=dict)
    eyes: GivenEyes = field(default_factory=GivenEyes)
    reproducible: bool = False
    began: float | None = None

    @property
    def shown_output(self) -> str:
        """The output folder as commands of fixes name it."""
        return OUTPUT if self.reproducible or self.output is None else str(self.output)


def store_of(output: str | Path | None) -> Path | None:
    """Return where the scan of an output folder is kept."""
    return None if output is None else Path(output) / STORE


def scan_or_reuse(dataset: Dataset, request: ScanRequest) -> Evidence:
    """Scan a data set; rows in the output folder that are still current are used again.

    Raises
    ------
    OutputError
        The output folder is the data, holds files of others, or cannot be written.
    DataError
        No image can be read.
    """
    output = request.output
    fresh = output is not None and not Path(output).exists()
    folder = None if output is None else prepare_output(output, dataset, request.listeners.notice)
    store = store_of(folder)
    request.listeners.stage(f"Scanning {len(dataset):,} images of {dataset.name}")
    scanned = scan_images(
        dataset,
        store=store,
        seed=request.seed,
        on_progress=request.listeners.scan,
        began=request.began,
        **dataclasses.asdict(request.scanning),
    )
    evidence = Evidence(
        scanned.images,
        scanned.signatures,
        empty=dataset.empty,
        reading=dataset.reading,
        seed=request.seed,
    )
    if not evidence.readable.any():
        if fresh and output is not None:
            shutil.rmtree(output)
        lost = where_files_lie(dataset) if dataset.kind == "table" else None
        if lost is not None:
            first, hint = lost
            raise DataError(
                expected="a table whose files are there",
                received=f"{len(scanned.images):,} rows of which none leads to a file;"
                f" the first looked for is '{first}'",
                hint=hint,
            )
        reason = scanned.images["reason"].value_counts().index[0]
        raise DataError(
            expected="at least one readable image",
            received=f"{len(scanned.images):,} files of which none could be read ({reason})",
            hint="check the files",
        )
    return evidence


def name_duplicate_sets(evidence: Evidence) -> pd.DataFrame:
    """Return the image table with a column ``cluster``: the representative of each duplicate set."""
    import numpy as np

    near = evidence.duplicates.near
    sizes = np.bincount(near, minlength=len(near))
    paths = evidence.images["path"].to_numpy(dtype=object)
    return evidence.images.assign(cluster=np.where(sizes[near] > 1, paths[near], ""))
