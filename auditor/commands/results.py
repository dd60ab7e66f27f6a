"""The output folder of a command: made, refused, and completed part by part."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.dataset import Dataset
from auditor.errors import OutputError, UsageError
from auditor.record import MARKER

#: Where results go unless the user says otherwise.
OUTPUT = "auditor-out"


def prepare_output(folder: str | Path) -> Path:
    """Make the output folder and mark it as auditor's.

    Raises
    ------
    OutputError
        It cannot be made or written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKER).touch()
    except OSError as error:
        raise OutputError(
            expected="an output folder that can be written",
            received=f"'{folder}' ({error.strerror})",
            hint="name another one with -o",
        ) from None
    return folder


def refuse_same_place(output: str | Path | None, dataset: Dataset) -> None:
    """Refuse to write into the data."""
    if output is not None and Path(output).resolve() == Path(dataset.location).resolve():
        raise UsageError(
            expected="an output folder apart from the data",
            received=f"'{output}' for both",
            hint="name another folder with -o: the data is never written to",
        )


def add_parts(output: str | Path, *, pictures: Mapping[str, bytes] | None = None, **parts: Any) -> None:
    """Write parts of a record into an output folder; an audit that stands there gets them in its report.

    ``pictures`` are thumbnails that come with the parts.
    """
    from auditor.reports import write_report
    from auditor.reports.files import load_record, save_parts, save_record

    folder = prepare_output(output)
    if not (folder / "audit.json").exists():
        save_parts(folder, **parts)
        return
    record = load_record(folder)
    record = dataclasses.replace(record, thumbnails={**record.thumbnails, **(pictures or {})}, **parts)
    save_record(record, folder)
    write_report(record, folder / "report.html")
