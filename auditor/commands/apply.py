"""Applying a reviewer's decisions, and undoing a quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from auditor.commands.opening import ColumnNames, open_data
from auditor.commands.options import Data, Listeners, ScanOptions, default_listeners
from auditor.commands.reuse import ScanRequest, scan_or_reuse
from auditor.scanning.fingerprint import fingerprint


def apply(
    decisions: str | Path,
    data: Data,
    *,
    output: str | Path,
    quarantine: str | Path | None = None,
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

    Returns
    -------
    Path
        The manifest.
    Path or None
        The journal of the quarantine.

    Raises
    ------
    DataError
        The decisions were made for other data.
    """
    from auditor.reports.decisions import apply_decisions, read_decisions, write_manifest
    from auditor.reports.decisions import quarantine as put_aside

    made = read_decisions(decisions)
    dataset = open_data(data, **columns)
    request = ScanRequest(scanning=scanning or ScanOptions(), listeners=listeners or default_listeners())
    evidence = scan_or_reuse(dataset, request)
    samples = apply_decisions(dataset, made, fingerprint=fingerprint(evidence.images))
    manifest = write_manifest(samples, Path(output), dataset)
    return manifest, None if quarantine is None else put_aside(dataset, made, quarantine)


def undo(journal: str | Path) -> int:
    """Move the files of a quarantine back to where they were; returns how many."""
    from auditor.reports.decisions import undo_quarantine

    return undo_quarantine(journal)
