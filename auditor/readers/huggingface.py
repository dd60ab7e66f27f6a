"""Hugging Face data sets: Parquet with the bytes of images in it, and the Arrow folders of ``save_to_disk``.

The package ``datasets`` is not needed; Arrow files need pyarrow, which it brings.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from auditor import parquet
from auditor.dataset import Dataset, FileStat
from auditor.errors import DataError
from auditor.readers import arrow
from auditor.readers.layout import SPLIT_NAMES

if TYPE_CHECKING:
    import pandas as pd

    from auditor.parquet import Kind
    from auditor.readers import Columns

#: Columns of image bytes by the names that are usual, first come first; else the first that holds a struct of
#: ``bytes`` and ``path``.
IMAGE_COLUMNS = ("image", "img", "picture", "jpg", "png", "bytes", "data")
#: What the class is called where no name was given.
LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "category", "target", "cls")
#: Entries of a folder that are looked at to tell what it is.
FIRST = 100
#: Shards are named ``train-00000-of-00002.parquet``; a folder may also be named after its split.
SHARD = re.compile(r"(?P<split>[A-Za-z]+)(?:[-_.]\d+)?(?:-of-\d+)?\.(?:parquet|arrow)")


@dataclass(frozen=True, slots=True, eq=False)
class ArrowPictures:
    """Pictures in a column of Parquet or Arrow files; the path ``data/train-00000.parquet/12`` is row 12 of that file.

    Attributes
    ----------
    root : str
        The folder that paths are relative to.
    column : str
        Where the bytes are: binary, or a struct with ``bytes`` (and ``path``).
    files : dict
        What `stat` says, by file; it stays behind when the source is sent to a worker, which only reads.
    """

    root: str
    column: str
    files: dict[str, FileStat] = field(default_factory=dict)
    _chunks: dict[str, tuple[str, int, int, Sequence[Any]]] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return ArrowPictures, (self.root, self.column)

    def stat(self, path: str) -> FileStat:
        """Return the mean size of the rows of a file, and when the file was modified."""
        name = path.rpartition("/")[0]
        if name not in self.files:
            raise FileNotFoundError(path)
        return self.files[name]

    def read(self, path: str) -> bytes:
        """Return the bytes of one row; the row group around it is kept until another is asked for."""
        name, _, number = path.rpartition("/")
        row = int(number)
        try:
            held = self._chunks.get("")
            if held is None or held[0] != name or not held[1] <= row < held[2]:
                held = self._chunks[""] = (name, *self._chunk(Path(self.root) / name, row))
            value = held[3][row - held[1]]
            value = value.as_py() if hasattr(value, "as_py") else value
        except (IndexError, KeyError, ValueError) as error:
            raise OSError(f"the file cannot give it: {' '.join(str(error).split())[:100]}") from None
        data = value.get("bytes") if isinstance(value, dict) else value
        if data is None:
            only = (
                f", only the path '{value['path']}'" if isinstance(value, dict) and value.get("path") else ""
            )
            raise OSError(f"the row holds no bytes{only}")
        return bytes(data)

    def _chunk(self, file: Path, row: int) -> tuple[int, int, Sequence[Any]]:
        """Return the first row, the row behind the last, and the values of the piece of a file that holds a row."""
        first = 0
        for rows in _format(file).row_groups(file):
            if row < first + rows:
                return first, first + rows, _format(file).values(file, self.column, first, first + rows)
            first += rows
        raise OSError("the file has become shorter")


def _format(file: Path) -> ModuleType:
    """Return what reads such files: ``kinds, metadata, read, row_groups, values``."""
    return parquet if file.suffix.lower() == ".parquet" else arrow


def image_column(kinds: Mapping[str, Kind]) -> str | None:
    """Return the column that holds the bytes of images, if there is one."""
    fitting = [name for name, kind in kinds.items() if kind in ("image", "bytes")]
    return next(
        (n for n in IMAGE_COLUMNS if n in fitting), next((n for n in fitting if kinds[n] == "image"), None)
    )


def class_names(about: Mapping[bytes, bytes], column: str) -> list[str] | None:
    """Return the names of a ``ClassLabel`` column, which ``datasets`` writes into a file's metadata."""
    try:
        features = json.loads(about[b"huggingface"])["info"]["features"]
        names = features[column]["names"]
    except (KeyError, ValueError, TypeError):
        return None
    return [str(n) for n in names] if isinstance(names, list) else None


def _files(location: Path) -> list[Path]:
    """Return the Parquet or Arrow files of a data set, in order."""
    if location.is_file():
        return [location] if location.suffix.lower() in (".parquet", ".arrow") else []
    arrow = (location / "dataset_info.json").exists() or (location / "dataset_dict.json").exists()
    ending = "arrow" if arrow else "parquet"
    found = {f for depth in ("", "*/", "*/*/") for f in location.glob(f"{depth}*.{ending}") if f.is_file()}
    return sorted(f for f in found if not f.name.startswith((".", "cache-")))


def _promising(location: Path) -> bool:
    """Whether the first entries of a folder and of the folders in it name such a file: class folders may hold a million others."""

    def first(folder: Path) -> list[Path]:
        with os.scandir(folder) as entries:
            return [Path(e.path) for e in islice(entries, FIRST)]

    try:
        top = first(location)
        below = [f for p in top if p.is_dir() for f in first(p)]
    except OSError:
        return False
    return any(p.suffix in (".parquet", ".arrow") for p in (*top, *below))


def reads(location: Path) -> bool:
    """Whether this is Parquet or Arrow with image bytes, or a folder of such files."""
    if location.is_dir() and not _promising(location):
        return False
    try:
        files = _files(location)
        return bool(files) and image_column(_format(files[0]).kinds(files[0])) is not None
    except (OSError, ValueError):
        return False


def _split_of(file: Path, root: Path) -> str:
    inside = file.relative_to(root).parts if file != root else (file.name,)
    for folder in inside[:-1]:
        if folder.lower() in SPLIT_NAMES:
            return SPLIT_NAMES[folder.lower()]
    named = SHARD.fullmatch(inside[-1])
    return SPLIT_NAMES.get(named["split"].lower(), "") if named else ""


def read(location: Path, columns: Columns) -> Dataset:
    """Read the labels of Parquet or Arrow files; images stay where they are until the scan asks for them, a row group at a time.

    Raises
    ------
    DataError
        A file is damaged, or a named column is missing.
    """
    import pandas as pd

    files = _files(location)
    root = location if location.is_dir() else location.parent
    column = image_column(_format(files[0]).kinds(files[0]))
    assert column is not None
    tables: list[pd.DataFrame] = []
    refused: list[str] = []
    grouped: str | None = None
    listed: dict[str, FileStat] = {}
    for file in files:
        try:
            kinds = _format(file).kinds(file)
            if image_column(kinds) != column:
                raise ValueError(f"it has no column '{column}' of images")
            names = _wanted(list(kinds), columns, column, location)
            grouped = names["group"] or grouped
            shown = file.relative_to(root).as_posix()
            tables.append(_rows(file, shown, kinds, names, _split_of(file, location)))
            about = file.stat()
            listed[shown] = FileStat(about.st_size // max(len(tables[-1]), 1), about.st_mtime_ns)
        except (OSError, ValueError) as error:
            refused.append(f"{file.relative_to(root).as_posix()} ({' '.join(str(error).split())[:80]})")
    if not tables:
        raise DataError(
            expected="Parquet or Arrow files with images",
            received=f"'{location}': {refused[0]}",
            hint="write them again",
        )
    samples = pd.concat(tables, ignore_index=True)
    for text in ("path", "label", "split", "group"):
        samples[text] = samples[text].astype(str)
    return Dataset(
        name=location.stem,
        kind="Hugging Face",
        location=str(location),
        samples=samples.sort_values("path", ignore_index=True, kind="stable"),
        source=ArrowPictures(str(root.absolute()), column, listed),
        ignored=tuple(refused),
        group_column=grouped,
    )


def _wanted(present: list[str], columns: Columns, image: str, location: Path) -> dict[str, str | None]:
    """Return the columns of label, split and group."""
    named = {"label": columns.label, "split": columns.split, "group": columns.group}
    for role, name in named.items():
        if name is not None and name not in present:
            shown = ", ".join(f"'{c}'" for c in present[:12])
            raise DataError(
                expected=f"a column '{name}' in '{location}'",
                received=f"the columns {shown}",
                hint=f"name the right one with --{role}",
            )
    label = columns.label or next((n for n in LABEL_COLUMNS if n in present and n != image), None)
    usual = {name: name if name in present else None for name in ("split", "group")}
    return {
        "label": label,
        "split": columns.split or usual["split"],
        "group": columns.group or usual["group"],
    }


def _rows(
    file: Path, shown: str, kinds: Mapping[str, Kind], names: Mapping[str, str | None], split: str
) -> pd.DataFrame:
    """Return the sample rows of a file, without touching its images."""
    import pandas as pd

    frame = _format(file).read(file, [name for name, kind in kinds.items() if kind == "plain"])
    count = len(frame)
    samples = pd.DataFrame({"path": [f"{shown}/{i:07d}" for i in range(count)]})
    for role in ("label", "split", "group"):
        name = names[role]
        if name is None or name not in frame.columns:
            samples[role] = split if role == "split" else ""
            continue
        values = frame[name]
        known = class_names(_format(file).metadata(file), name) if role == "label" else None
        if known is not None:
            numbers = pd.to_numeric(values, errors="coerce")
            samples[role] = [
                "" if n != n or n < 0 else known[int(n)] if n < len(known) else str(int(n)) for n in numbers
            ]
        else:
            samples[role] = [
                "" if absent else str(value) for value, absent in zip(values, values.isna(), strict=True)
            ]
    if names["split"] is not None:
        samples["split"] = samples["split"].map(lambda s: SPLIT_NAMES.get(s.strip().lower(), s.strip()))
    extra = frame.drop(columns=[c for c in frame.columns if c in set(names.values()) or c in samples.columns])
    whole: pd.DataFrame = pd.concat([samples, extra], axis=1)
    return whole
