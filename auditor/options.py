"""What public functions take: how images are read, and who is told about progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from auditor import readers
from auditor.jupyter import Line, in_notebook

#: What a public function accepts as data.
Data = readers.Data


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How images are read; results do not depend on ``jobs`` and ``engine``.

    Parameters
    ----------
    jobs : int or None
        Worker processes; by default one per core, and none for a small data set.
    engine : {"local", "dask"}
        Where the work is done.
    scheduler : str or None
        Address of a Dask scheduler.
    timeout : float
        Seconds after which the decoding of one image is given up.
    rehash : bool
        Read every file again, whether it has changed or not.
    decoders : {"header", "all"}
        Judge other decoders by header facts, or really try them.
    time_budget : float or None
        Minutes; a growing stratified sample is measured where the whole does not fit.
    """

    jobs: int | None = None
    engine: str = "local"
    scheduler: str | None = None
    timeout: float = 20.0
    rehash: bool = False
    decoders: str = "header"
    time_budget: float | None = None


def _ignore(text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listeners:
    """Who is told about progress.

    Parameters
    ----------
    stage : callable
        Told what begins, in a sentence.
    scan : callable, optional
        Told (images done, images in all, bytes read, unreadable so far) while scanning.
    epoch : callable, optional
        Told an `auditor.baseline.Epoch` after each epoch of training.
    images : callable, optional
        Told (done, in all) while images are written.
    """

    stage: Callable[[str], None] = _ignore
    scan: Callable[[int, int, int, int], None] | None = None
    epoch: Callable[[Any], None] | None = None
    images: Callable[[int, int], None] | None = None


def default_listeners() -> Listeners:
    """Return who is told where the caller names nobody: a line of progress in a notebook, elsewhere nobody."""
    if not in_notebook():
        return Listeners()
    line = Line()
    return Listeners(stage=line.stage, scan=line.scanned, epoch=line.epoch, images=line.written)
