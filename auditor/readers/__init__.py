"""One file per input format; `READERS` lists them, and the first that recognises the data reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from auditor.dataset import Dataset
from auditor.errors import DataError
from auditor.readers import (
    archive,
    arrays,
    coco,
    folder,
    huggingface,
    idx,
    table,
    tfrecord,
    voc,
    webdataset,
    yolo,
)
from auditor.readers.name_labels import FILENAME, FOLDER, labelled_by_name
from auditor.readers.picture_kinds import named_pictures
from auditor.readers.roboflow import grouped
from auditor.readers.scientific import grouped_by_header


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns of a table hold what; ``None`` stands for the default name, which may be absent.

    ``root`` is the folder that paths are relative to, by default that of the table.
    """

    label: str | None = None
    split: str | None = None
    group: str | None = None
    path: str | None = None
    root: str | Path | None = None


class Reader(Protocol):
    """A module that reads one format."""

    def reads(self, location: Path) -> bool:
        """Whether this is a file or folder of the format."""

    def read(self, location: Path, columns: Columns) -> Dataset:
        """Read the sample table; raises DataError."""


READERS: tuple[Reader, ...] = (
    webdataset,
    archive,
    arrays,
    idx,
    huggingface,
    tfrecord,
    coco,
    voc,
    yolo,
    folder,
    table,
)

#: What can be opened: a place, or an object that `auditor.readers.objects` knows.
Data = str | Path | Dataset | object

#: What is understood, for the message about a layout that is not.
UNDERSTOOD = (
    "a folder of class folders, a folder of train/val/test folders, a zip or tar of either, "
    "a CSV, TSV, JSON lines or Parquet table with a 'path' column, Hugging Face Parquet, an .npz, idx "
    "files, WebDataset shards, "
    "TFRecord files, or COCO, Pascal VOC or YOLO annotations with their images"
)


def open_dataset(
    data: Data,
    *,
    label: str | None = None,
    split: str | None = None,
    group: str | None = None,
    path: str | None = None,
    root: str | Path | None = None,
    unlabelled: bool = False,
) -> Dataset:
    """Open a data set without reading any image.

    Parameters
    ----------
    data : str, Path, Dataset or object
        A folder, an archive, a table or another of the formats in `READERS`, or the address of a folder for
        fsspec (``s3://bucket/data``, ``gs://...``); a Dataset is returned as it is. In Python also ``(x, y)``
        arrays, a dict of splits to such pairs, a DataFrame with a ``path`` column, a ``datasets.Dataset``, a
        ``tf.data.Dataset``, or a dict of the arguments of ``keras.utils.image_dataset_from_directory``.
    label, split, group : str, optional
        Columns of a table that hold the class, the split, and what must stay together (patient, slide,
        session); by default ``label``, ``split`` and ``group`` where they exist, or what is called
        otherwise and is clearly meant (``class``, ``target``, ``subset``): ``.reading`` says which. Of a
        folder or archive, ``label="filename"`` takes what file names begin or end with (``cat.0.jpg``), and
        ``label="folder"`` the folder of each picture (``site1/cat/0.jpg``).
    path : str, optional
        Column of a table that holds the paths; by default ``path``, or what is clearly meant.
    root : str or Path, optional
        Folder that the paths of a table are relative to; by default the folder of the table.
    unlabelled : bool
        No labels are meant: what looks like labels is not used, and their absence is no finding.

    Raises
    ------
    DataError
        The data is missing, empty or of a layout that is not understood.
    MissingExtraError
        The address needs a package that is not installed.
    """
    if isinstance(data, Dataset):
        return without_labels(data) if unlabelled else data
    columns = Columns(label=label, split=split, group=group, path=path, root=root)
    by_name = isinstance(data, (str, Path)) and not table.reads(Path(data)) and label in (FILENAME, FOLDER)
    opened = _opened_by_name(data, replace(columns, label=None), label) if by_name else _opened(data, columns)
    dataset = completed(grouped_by_header(grouped(opened)))
    if isinstance(data, (str, Path)) and dataset.ignored and "://" not in str(data):
        dataset = named_pictures(dataset, Path(data))
    return without_labels(dataset) if unlabelled else dataset


def _opened_by_name(data: Data, columns: Columns, label: str | None) -> Dataset:
    """Open a folder as pictures alone, whatever annotations are in it, and take the labels from names."""
    location = Path(str(data))
    opened = folder.read(location, columns) if location.is_dir() else _opened(data, columns)
    return labelled_by_name(opened, label or "")


def _opened(data: Data, columns: Columns) -> Dataset:
    if not isinstance(data, (str, Path)):
        from auditor.readers.objects import open_object

        return open_object(data, columns)
    if "://" in str(data):
        from auditor.readers import remote

        return remote.read(str(data), columns)
    from auditor.readers.unknown import hint_for, missing

    location = Path(data)
    if not location.exists():
        raise missing(location)
    from auditor.readers.plugged import plugged_readers, read_with_plugins

    brought = read_with_plugins(location, columns)
    if brought is not None:
        return brought
    for reader in READERS:
        if reader.reads(location):
            return reader.read(location, columns)
    plugins = "".join(f", {plugin.name} (of {plugin.package})" for plugin in plugged_readers())
    raise DataError(expected=UNDERSTOOD + plugins, received=f"'{data}'", hint=hint_for(location))


def completed(dataset: Dataset) -> Dataset:
    """Fill in what a reader left blank about how it understood the data; what was ignored is always said."""
    from auditor.reading import EXAMPLES, LeftOut

    reading = dataset.reading
    if not reading.layout:
        reading = replace(reading, layout=dataset.kind)
    if dataset.labelled and not reading.labels_from:
        reading = replace(reading, labels_from=dataset.kind)
    if not reading.splits_from:
        splits = sorted(set(dataset.samples["split"]) - {""})
        reading = replace(reading, splits_from=tuple((split, split) for split in splits))
    if dataset.ignored and not reading.left_out:
        ignored = LeftOut(reason="no images", count=len(dataset.ignored), examples=dataset.ignored[:EXAMPLES])
        reading = replace(reading, left_out=(ignored,))
    return replace(dataset, reading=reading)


def without_labels(dataset: Dataset) -> Dataset:
    """Return a data set whose user says that no labels are meant: what looks like labels is not used, which
    is said."""
    reading = replace(dataset.reading, unlabelled=True, label_clues=())
    if dataset.labelled:
        note = f"--unlabelled: the labels from {dataset.reading.labels_from} are not used."
        reading = replace(reading, labels_from="", notes=(*reading.notes, note))
    return replace(dataset, samples=dataset.samples.assign(label=""), empty=(), reading=reading)
