"""Hugging Face data sets: Parquet with the bytes of images in it, and the Arrow folders of ``save_to_disk``.

The package ``datasets`` is not needed.
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
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor import parquet
from auditor.dataset import Dataset, FileStat, joined_labels, separate_labels
from auditor.errors import DataError
from auditor.readers import apart, arrow
from auditor.readers.boxes import by_reason
from auditor.readers.layout import SPLIT_NAMES
from auditor.readers.split_names import split_of
from auditor.readers.values import texts_of
from auditor.reading import Reading

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
    """Pictures in a column of Parquet or Arrow files.

    The path ``data/train-00000.parquet/12`` is row 12 of that file.

    Attributes
    ----------
    root : str
        The folder that paths are relative to.
    column : str
        Where the bytes are: binary, or a struct with ``bytes`` (and ``path``).
    files : dict
        What `stat` says, by file; it stays behind when the source is sent to a worker, which only reads.
    refused : dict of str to str
        What is not read, and why.
    """

    root: str
    column: str
    files: dict[str, FileStat] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    _chunks: dict[str, tuple[str, int, int, Sequence[Any]]] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return ArrowPictures, (self.root, self.column, {}, self.refused)

    @property
    def native(self) -> bool:
        """Whether reading may end the process: a damaged Arrow file does."""
        return any(name.lower().endswith(".arrow") for name in self.files)

    def stat(self, path: str) -> FileStat:
        """Return the mean size of the rows of a file, and when the file was modified."""
        if path in self.refused:
            raise OSError(self.refused[path])
        name = path.rpartition("/")[0]
        if name not in self.files:
            raise FileNotFoundError(path)
        return self.files[name]

    def read(self, path: str) -> bytes:
        """Return the bytes of one row; the row group around it is kept until another is asked for."""
        if path in self.refused:
            raise OSError(self.refused[path])
        name, _, number = path.rpartition("/")
        row = int(number)
        try:
            held = self._chunks.get("")
            if held is None or held[0] != name or not held[1] <= row < held[2]:
                held = self._chunks[""] = (name, *self._chunk(Path(self.root) / name, row))
            value = held[3][row - held[1]].as_py()
        except (IndexError, KeyError, ValueError, NotImplementedError) as error:
            raise OSError(f"the file cannot give it: {' '.join(str(error).split())[:100]}") from None
        data = value.get("bytes") if isinstance(value, dict) else value
        if data is None:
            only = (
                f", only the path '{value['path']}'" if isinstance(value, dict) and value.get("path") else ""
            )
            raise OSError(f"the row holds no bytes{only}")
        return bytes(data)

    def _chunk(self, file: Path, row: int) -> tuple[int, int, Sequence[Any]]:
        """Return the piece of a file that holds a row: its first row, the row behind its last, its values."""
        first = 0
        for group, rows in enumerate(_format(file).row_groups(file)):
            if row < first + rows:
                return first, first + rows, _format(file).values(file, self.column, group)
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
    """Return the names of a column of ``ClassLabel`` or of lists of them, which ``datasets`` writes into a
    file's metadata.
    """
    try:
        feature = json.loads(about[b"huggingface"])["info"]["features"][column]
        if isinstance(feature, list):  # a list of one feature, as older versions write it
            (feature,) = feature
        names = feature.get("feature", feature)["names"]
    except (KeyError, ValueError, TypeError, AttributeError):
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
    """Whether the first entries of a folder and of the folders in it name such a file.

    Class folders may hold a million others.
    """

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
        return _image_column(_files(location)) is not None
    except OSError:
        return False
    finally:
        apart.end()


def _image_column(files: list[Path]) -> str | None:
    """Return the column of images of the first file that can be read."""
    for file in files:
        try:
            return image_column(_format(file).kinds(file))
        except (OSError, ValueError):
            continue
    return None


def _split_of(file: Path, root: Path) -> str:
    inside = file.relative_to(root).parts if file != root else (file.name,)
    for folder in inside[:-1]:
        if split := split_of(folder):
            return split
    named = SHARD.fullmatch(inside[-1])
    return SPLIT_NAMES.get(named["split"].lower(), "") if named else ""


def read(location: Path, columns: Columns) -> Dataset:
    """Read the labels of Parquet or Arrow files.

    Images stay where they are until the scan asks for them, a row group at a time.

    A file that is damaged is one row that cannot be read.

    Raises
    ------
    DataError
        No file can be read, or a named column is missing.
    """
    files = _files(location)
    root = location if location.is_dir() else location.parent
    column = _image_column(files)
    assert column is not None
    found = _Found([], {}, {}, [], {}, [])
    for file in files:
        shown = file.relative_to(root).as_posix()
        split = _split_of(file, location)
        try:
            kinds = _format(file).kinds(file)
            if image_column(kinds) != column:
                found.ignored.append(f"{shown} (no column '{column}' of images)")
                continue
            names = _wanted(list(kinds), columns, column, location)
            found.tables.append(_rows(file, shown, kinds, names, split, found.notes))
            found.columns.update({role: name for role, name in names.items() if name})
            about = file.stat()
            found.listed[shown] = FileStat(about.st_size // max(len(found.tables[-1]), 1), about.st_mtime_ns)
        except (OSError, ValueError) as error:
            found.refused[f"{shown}/from here on"] = (
                f"the file is damaged: {' '.join(str(error).split())[:80]}"
            )
            found.tables.append(_damaged(f"{shown}/from here on", split))
    apart.end()
    return _dataset(location, root, column, found)


class _Found(NamedTuple):
    """What files hold, as it is collected."""

    tables: list[pd.DataFrame]
    listed: dict[str, FileStat]
    refused: dict[str, str]
    ignored: list[str]
    columns: dict[str, str]
    notes: list[str]


def _damaged(path: str, split: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"path": [path], "label": "", "split": split, "group": ""})


def _dataset(location: Path, root: Path, column: str, found: _Found) -> Dataset:
    import pandas as pd

    if not found.listed:
        raise DataError(
            expected="Parquet or Arrow files with images",
            received=f"'{location}': {next(iter(found.refused.values()), 'none')}",
            hint="write them again",
        )
    samples = pd.concat(found.tables, ignore_index=True)
    for text in ("path", "label", "split", "group"):
        samples[text] = samples[text].astype(str)
    ignored = tuple(sorted(found.ignored))
    from_columns = {role: f"column '{name}'" for role, name in found.columns.items()}
    return Dataset(
        name=location.stem,
        kind="Hugging Face",
        location=str(location),
        samples=samples.sort_values("path", ignore_index=True, kind="stable"),
        source=ArrowPictures(str(root.absolute()), column, found.listed, found.refused),
        ignored=ignored,
        group_column=found.columns.get("group"),
        reading=Reading(
            layout="Hugging Face files",
            labels_from=from_columns.get("label", ""),
            groups_from=from_columns.get("group", ""),
            left_out=by_reason(ignored),
            notes=tuple(dict.fromkeys(found.notes)),
        ),
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
    file: Path,
    shown: str,
    kinds: Mapping[str, Kind],
    names: Mapping[str, str | None],
    split: str,
    notes: list[str],
) -> pd.DataFrame:
    """Return the sample rows of a file, without touching its images."""
    import pandas as pd

    wanted = {name for name in names.values() if name}
    plain = [name for name, kind in kinds.items() if kind == "plain" or (kind == "nested" and name in wanted)]
    frame = _format(file).read(file, plain)
    count = len(frame)
    samples = pd.DataFrame({"path": [f"{shown}/{i:07d}" for i in range(count)]})
    for role in ("label", "split", "group"):
        name = names[role]
        if name is None or name not in frame.columns:
            samples[role] = split if role == "split" else ""
            continue
        known = class_names(_format(file).metadata(file), name) if role == "label" else None
        texts = texts_of(frame[name])
        samples[role] = texts if known is None else _named(texts, known, notes)
    if names["split"] is not None:
        samples["split"] = samples["split"].map(lambda s: SPLIT_NAMES.get(s.strip().lower(), s.strip()))
    extra = frame.drop(columns=[c for c in frame.columns if c in wanted or c in samples.columns])
    whole: pd.DataFrame = pd.concat([samples, extra], axis=1)
    return whole


def _named(texts: list[str], names: list[str], notes: list[str]) -> list[str]:
    """Return labels by their numbers' names.

    -1 means none, and numbers beyond the names stay, with a note.
    """
    beyond: set[str] = set()

    def name(number: str) -> str:
        if not number.removeprefix("-").isdigit():
            return number
        if int(number) < 0:
            return ""
        if int(number) >= len(names):
            beyond.add(number)
            return number
        return names[int(number)]

    named = [joined_labels(name(n) for n in separate_labels(text)) for text in texts]
    if beyond:
        notes.append(
            f"Class numbers beyond the {len(names):,} names keep their numbers: "
            f"{', '.join(sorted(beyond, key=int)[:5])}."
        )
    return named
