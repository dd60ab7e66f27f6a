"""Applying a reviewer's decisions, and undoing a quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from auditor.commands.opening import ColumnNames, open_data
from auditor.commands.options import Data, Listeners, ScanOptions, default_listeners
from auditor.commands.reuse import ScanRequest, scan_or_reuse
from auditor.dataset import LocalFiles
from auditor.outputs import refuse_inside
from auditor.scanning.fingerprint import fingerprint


def apply(
    decisions: str | Path,
    data: Data,
    *,
    output: str | Path,
    quarantine: str | Path | None = None,
    new_classes: bool = False,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
    **columns: Unpack[ColumnNames],
) -> tuple[Path, Path | None]:
    """Write a new manifest from a reviewer's decisions; the originals stay as they are.

    Parameters
    ----------
    decisions : str or Path
        ``decisions.json`` (or CSV) that the report exported.
    output : str or Path
        The manifest to write, ``.csv`` or ``.parquet``.
    quarantine : str or Path, optional
        Folder to move dropped files into, with a journal that `undo` reads.
    new_classes : bool
        Whether images may get a class that the data does not have.

    Returns
    -------
    Path
        The manifest.
    Path or None
        The journal of the quarantine.

    Raises
    ------
    DataError
        The decisions were made for other data, or name a class that it does not have.
    OutputError
        The manifest would replace a file that auditor did not write, or one that was read.
    """
    from auditor.reports.decisions import apply_decisions, read_decisions, write_manifest
    from auditor.reports.quarantine import quarantine as put_aside

    made = read_decisions(decisions)
    dataset = open_data(data, **columns)
    request = ScanRequest(scanning=scanning or ScanOptions(), listeners=listeners or default_listeners())
    evidence = scan_or_reuse(dataset, request)
    samples = apply_decisions(
        dataset, made, fingerprint=fingerprint(evidence.images), new_classes=new_classes
    )
    if dataset.kind != "table" and isinstance(dataset.source, LocalFiles):
        refuse_inside(Path(output), Path(dataset.source.root))
    keep = [Path(decisions), Path(dataset.location)]
    manifest = write_manifest(samples, Path(output), dataset, keep=keep)
    return manifest, None if quarantine is None else put_aside(dataset, made, quarantine)


def undo(journal: str | Path) -> int:
    """Move the files of a quarantine back to where they were; returns how many."""
    from auditor.reports.quarantine import undo_quarantine

    return undo_quarantine(journal)
