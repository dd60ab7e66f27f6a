"""What there is to export: the images that training may use, by part, with what the audit says about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.dataset import LocalFiles
from auditor.errors import DataError, UsageError
from auditor.grouping import find_leaking
from auditor.outputs import refuse_inside
from auditor.splitting.certificate import part_column, parts_of
from auditor.splitting.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

    from auditor.dataset import Dataset
    from auditor.evidence import Evidence
    from auditor.record import Record

#: The part of data that is not split.
WHOLE = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options that only some formats use.

    Parameters
    ----------
    image_size : (int, int)
        Height and width in pixels that pictures are squashed to, for arrays and ``tf.data``.
    batch_size : int
        Pictures in a batch of ``tf.data``.
    """

    image_size: tuple[int, int] = (64, 64)
    batch_size: int = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Images to export.

    Parameters
    ----------
    table : DataFrame
        A row per image that training, validation or test uses: ``path, label, split, group``, all ``str``,
        index 0..n-1. ``split`` is ``train``, ``val``, ``test``, ``fold-0``, ... or ``all``. Images that
        cannot be read, have no class, belong to the field, or leak from training into validation or test are
        not in it.
    dataset : Dataset or None
        Where the bytes are; ``None`` of an audit that was loaded from its folder.
    record : Record or None
        The audit.
    evidence : Evidence or None
        Of an audit that was just made.
    """

    table: pd.DataFrame
    dataset: Dataset | None = None
    record: Record | None = None
    evidence: Evidence | None = None

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classes, sorted; their places are the class numbers of every format."""
        return tuple(sorted(set(self.table["label"])))

    @cached_property
    def parts(self) -> dict[str, pd.DataFrame]:
        """The rows of each part, in their standing order."""
        names = [n for n in ("train", "val", "test") if (self.table["split"] == n).any()]
        names += sorted(set(self.table["split"]) - set(names))
        return {name: self.table[self.table["split"] == name].reset_index(drop=True) for name in names}

    def numbers(self, labels: pd.Series) -> list[int]:
        """Return the class number of each label."""
        number = {label: k for k, label in enumerate(self.classes)}
        return [number[label] for label in labels]

    def files(self, paths: pd.Series) -> list[str]:
        """Return the absolute file name of each path.

        Raises
        ------
        UsageError
            The images are not in files on this machine.
        """
        source = self.source
        if not isinstance(source, LocalFiles):
            raise UsageError(
                expected="images in files, for a format that names them",
                received=f"'{self.opened.location}', whose images are inside of something",
                hint="export 'huggingface' or 'arrays', which hold the images, or 'copy', which writes files",
            )
        return [str(source.locate(path).absolute()) for path in paths]

    @property
    def opened(self) -> Dataset:
        """The data set, for formats that need its images.

        Raises
        ------
        DataError
            Only the audit of it is known.
        """
        if self.dataset is None:
            raise DataError(
                expected="an audit with its data, for a format that needs the images",
                received="one that was loaded from its folder",
                hint="export what auditor.scan or auditor.split returned",
            )
        return self.dataset

    @property
    def source(self) -> Any:
        """Where the bytes are."""
        return self.opened.source

    def read(self, path: str) -> bytes:
        """Return the bytes of an image.

        Raises
        ------
        DataError
            It is not there any more.
        """
        try:
            data: bytes = self.source.read(path)
        except OSError as error:
            raise DataError(
                expected="the image as it was scanned",
                received=f"'{path}' ({error.strerror or error})",
                hint="scan again",
            ) from None
        return data

    def pictures(
        self, part: str, size: tuple[int, int], order: list[int] | None = None
    ) -> Iterator[tuple[Any, str]]:
        """Yield picture and class of a part.

        ``uint8`` RGB of shape ``(*size, 3)``, upright, squashed, decoded one at a time.

        ``order`` gives the places of its rows; without it they come as they stand.
        """
        from auditor.augmentation.pictures import read_parent
        from auditor.augmentation.stream import resized

        rows = self.parts[part] if order is None else self.parts[part].iloc[order]
        for path, label in zip(rows["path"], rows["label"], strict=True):
            yield resized(read_parent(self.read(path), path).picture, size), label

    def refuse_data_folder(self, target: Path) -> None:
        """Refuse a place inside a folder of data."""
        if (
            self.dataset is None
            or not isinstance(self.dataset.source, LocalFiles)
            or self.dataset.kind == "table"
        ):
            return
        refuse_inside(target, Path(self.dataset.source.root))


def material_of(what: Any) -> Material:
    """Return what there is to export of a plan or an audit.

    Raises
    ------
    UsageError
        It is neither.
    DataError
        No image of it can be read and has a class.
    """
    if isinstance(what, Plan):
        table = what.table[what.table["fold"] != ""] if "fold" in what.table.columns else what.usable
        made = Material(table=_tidy(table), dataset=what.dataset)
    elif hasattr(what, "record") and hasattr(what, "evidence"):
        made = Material(
            table=_of_record(what.record), dataset=what.dataset, record=what.record, evidence=what.evidence
        )
    else:
        raise UsageError(
            expected="a plan or an audit",
            received=f"{type(what).__name__}",
            hint="export what auditor.split or auditor.scan returned",
        )
    if made.table.empty:
        raise DataError(
            expected="images with a class to export",
            received="none",
            hint="give each image a class: a folder, or a column",
        )
    return made


def _of_record(record: Record) -> pd.DataFrame:
    images = record.images[
        (record.images["status"] == "ok")
        & (record.images["label"] != "")
        & (record.images["split"] != "field")
    ]
    planned = record.split_table
    if planned is None:
        return _tidy(images)
    column = part_column(planned)
    table = planned[(planned[column] != "") & planned["path"].isin(images["path"])]
    return _tidy(table if column == "fold" else table[~find_leaking(table)])


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    column = part_column(table)
    named = {
        part: f"fold-{part}" if column == "fold" and part.isdigit() else part or WHOLE
        for part in (*parts_of(table), "")
    }
    return (
        table[["path", "label", "group"]]
        .assign(split=table[column].map(named))
        .reset_index(drop=True)[["path", "label", "split", "group"]]
    )
