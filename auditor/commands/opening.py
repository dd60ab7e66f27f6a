"""Opening a data set for a command, and refusing early what would fail late."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, Unpack, cast

from auditor.commands.options import Data, GivenEyes
from auditor.dataset import Dataset
from auditor.errors import DataError, MissingExtraError
from auditor.readers import open_dataset

#: Modules of the extra ``train`` that a whole run needs.
RUN_PACKAGES = ("albumentations", "keras", "sklearn", "tensorflow")


class ColumnNames(TypedDict, total=False):
    """How data is read, as `auditor.open` takes it.

    The columns of class, split, group and path, the folder of the paths, and whether no labels are meant.
    """

    label: str | None
    split: str | None
    group: str | None
    path: str | None
    root: str | Path | None
    unlabelled: bool


class ColumnsAndEyes(ColumnNames, GivenEyes, total=False):
    """How data is read, and what its content is judged by."""


def take_apart(given: ColumnsAndEyes) -> tuple[ColumnNames, GivenEyes]:
    """Return how data is read, and what its content is judged by, each for itself."""
    eyes = {name: value for name, value in given.items() if name in GivenEyes.__annotations__}
    names = {name: value for name, value in given.items() if name not in eyes}
    return cast(ColumnNames, names), cast(GivenEyes, eyes)


def open_data(data: Data, *, field: Data | None = None, **columns: Unpack[ColumnNames]) -> Dataset:
    """Open a data set, with the images of the field where they are given."""
    dataset = open_dataset(data, **columns)
    if field is None:
        return dataset
    from auditor.readers.field import with_field

    return with_field(dataset, open_dataset(field))


def is_data(name: str) -> bool:
    """Whether what stands in place of a command is data: something that exists, or an address."""
    return "://" in name or Path(name).exists()


def require_classes(dataset: Dataset, purpose: str) -> None:
    """Refuse data with fewer than two classes for what needs them; asked before any image is read."""
    labels = dataset.samples.loc[dataset.samples["split"] != "field", "label"]
    present = sorted(set(labels) - {""})
    if len(present) < 2:
        having = f"one class, {present[0]!r}" if present else "no classes"
        raise DataError(
            expected=f"images of at least two classes to {purpose}",
            received=f"'{dataset.location}' with {having}",
            hint="put the images of each class in a folder of its own, or name a table's column with --label;"
            " 'auditor scan' needs none",
        )


def require_packages(*packages: str) -> None:
    """Refuse early what would fail late: missing modules of the extra ``train``. None is imported."""
    from importlib.util import find_spec

    for package in packages:
        if find_spec(package) is None:
            raise MissingExtraError.of({"sklearn": "scikit-learn"}.get(package, package), "train")
