"""The output folder of a command, completed part by part."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from auditor.dataset import Dataset
from auditor.outputs import prepare_folder
from auditor.record import Record
from auditor.scanning.fingerprint import fingerprint

#: A record of a scan alone.
NO_PARTS: dict[str, Any] = {
    "split": None,
    "split_table": None,
    "split_findings": (),
    "augmentation": None,
    "augmented": None,
    "baseline": None,
}


def prepare_output(output: str | Path, dataset: Dataset, say: Callable[[str], None]) -> Path:
    """Make the output folder for a data set; results of other data there are moved aside, and it says so.

    Raises
    ------
    OutputError
        It is the data, holds files of others, or cannot be written.
    """
    prepare_folder(Path(output), dataset.location, say)
    return Path(output)


def add_parts(
    output: str | Path, of_data: str, *, pictures: Mapping[str, bytes] | None = None, **parts: Any
) -> None:
    """Write parts of a record into a prepared folder, and into an audit of the same data there.

    An audit of an earlier version of the data does not get them, and loses its own parts.

    Parameters
    ----------
    output : str or Path
    of_data : str
        Fingerprint of the data that the parts are about, the images of the field left out.
    pictures : mapping, optional
        Thumbnails that come with the parts.
    **parts
        Fields of the record.
    """
    from auditor.reports.files import load_record, save_parts, save_with_report

    folder = Path(output)
    record = load_record(folder) if (folder / "audit.json").exists() else None
    if record is None:
        save_parts(folder, **parts)
    elif _fingerprint_without_field(record) == of_data:
        thumbnails = {**record.thumbnails, **(pictures or {})}
        save_with_report(dataclasses.replace(record, thumbnails=thumbnails, **parts), folder)
    else:
        save_with_report(dataclasses.replace(record, **NO_PARTS), folder)
        save_parts(folder, **parts)


def remove_augmentation(output: str | Path) -> None:
    """Take the augmentation out of an audit whose images are about to be written anew.

    Killed in between, the folder then holds an audit without augmentation, and not one beside other images.
    """
    from auditor.reports.files import load_record, save_with_report

    folder = Path(output)
    record = load_record(folder) if (folder / "audit.json").exists() else None
    if record is not None and record.augmentation is not None:
        save_with_report(dataclasses.replace(record, augmentation=None, augmented=None), folder)


def _fingerprint_without_field(record: Record) -> str:
    return fingerprint(record.images[record.images["split"] != "field"])
