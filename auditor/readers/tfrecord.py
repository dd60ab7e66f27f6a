"""TFRecord files of ``tf.train.Example``, as TFDS and the object detection and slim scripts write them.

TensorFlow is not needed.
"""

from __future__ import annotations

import mmap
import os
import re
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.dataset import Dataset, FileStat, shown_name
from auditor.errors import DataError
from auditor.readers.example import Stretch, features, record, stretches
from auditor.readers.layout import refuse_columns
from auditor.readers.split_names import SPLIT_WORDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from auditor.readers import Columns

#: ``mnist-train.tfrecord-00000-of-00001``, ``flowers.tfrec``; ``.gz`` where it was compressed.
NAME = re.compile(r".+\.(?:tfrecords?|tfrec)(?:-\d+-of-\d+)?(?P<packed>\.gz)?", re.IGNORECASE)
#: Features that hold the picture, the class as text, and the class as a number, by usual names; the first
#: that is there counts.
PICTURES = ("image/encoded", "image", "image_raw", "encoded", "img", "picture", "jpeg", "png", "data")
TEXTS = ("image/class/text", "class/text", "label/text", "class_name", "label_name", "label", "class")
NUMBERS = (
    "image/class/label",
    "label",
    "labels",
    "image/label",
    "class",
    "class/label",
    "target",
    "fine_label",
)
#: Sides of raw pixels: height, width, channels.
SIDES = (
    ("height", "image/height", "rows"),
    ("width", "image/width", "cols"),
    ("depth", "channels", "image/channels"),
)
#: Values of more bytes than this are no labels.
SMALL = 4096
#: Entries of a folder that are looked at to tell what it is.
FIRST = 100


@dataclass(frozen=True, slots=True, eq=False)
class RecordPictures:
    """Pictures in TFRecord files; the path ``a.tfrecord/0000012`` is record 12 of that file.

    Attributes
    ----------
    root : str
        The folder that paths are relative to.
    places : dict of str to ndarray of int64, shape (n_records, 2)
        Offset and size of each record, by file.
    changed : dict of str to int
        When the files were modified, in nanoseconds.
    refused : dict of str to str
        What is not read, and why.
    """

    root: str
    places: dict[str, npt.NDArray[np.int64]]
    changed: dict[str, int]
    refused: dict[str, str] = field(default_factory=dict)

    def _place(self, path: str) -> tuple[str, Stretch]:
        if path in self.refused:
            raise OSError(self.refused[path])
        name, _, number = path.rpartition("/")
        if name not in self.places or not number.isdigit() or int(number) >= len(self.places[name]):
            raise FileNotFoundError(path)
        offset, size = self.places[name][int(number)].tolist()
        return name, Stretch(offset, size)

    def stat(self, path: str) -> FileStat:
        """Return the size of a record, and when its file was modified."""
        name, place = self._place(path)
        return FileStat(place.size, self.changed[name])

    def read(self, path: str) -> bytes:
        """Return the picture of a record whose checksum is right; raw pixels as PNG."""
        name, place = self._place(path)
        data = record(Path(self.root) / name, place)
        try:
            found = features(data, 0, len(data))
        except ValueError as error:
            raise OSError(f"the record is no tf.train.Example ({error})") from None
        picture = next((found[k] for k in PICTURES if isinstance(found.get(k), bytes)), None)
        if not isinstance(picture, bytes):
            raise OSError(
                f"the record has no picture: its features are {', '.join(sorted(found)[:8]) or 'none'}"
            )
        return _raw(picture, found) or picture


def _raw(picture: bytes, found: dict[str, Any]) -> bytes | None:
    """Return raw pixels as PNG, if height and width say that these are some."""
    sides = [next((found[k] for k in names if isinstance(found.get(k), int)), 0) for names in SIDES]
    height, width, channels = sides[0], sides[1], sides[2] or 1
    if height <= 0 or width <= 0 or len(picture) != height * width * channels:
        return None
    import numpy as np

    from auditor.readers.virtual import encode_png

    return encode_png(np.frombuffer(picture, np.uint8).reshape(height, width, channels))


def _files(location: Path) -> list[Path]:
    """Return the files of a data set.

    In the folder, and in those below it (TFDS nests configuration and version).
    """
    if location.is_file():
        return [location] if NAME.fullmatch(location.name) else []
    return sorted(
        f
        for depth in ("", "*/", "*/*/")
        for f in location.glob(f"{depth}*.tfrec*")
        if f.is_file() and NAME.fullmatch(f.name)
    )


def _promising(folder: Path, depth: int = 2) -> bool:
    """Whether the first entries of a folder and of the folders in it name such a file.

    Class folders may hold a million others.
    """
    with os.scandir(folder) as entries:
        near = list(islice(entries, FIRST))
    return any(NAME.fullmatch(e.name) and e.is_file() for e in near) or (
        depth > 0 and any(_promising(Path(e.path), depth - 1) for e in near if e.is_dir())
    )


def reads(location: Path) -> bool:
    """Whether this is a TFRecord file, or a folder of some."""
    try:
        return bool(NAME.fullmatch(location.name)) if location.is_file() else _promising(location)
    except OSError:
        return False


def read(location: Path, columns: Columns) -> Dataset:
    """Read the labels of TFRecord files.

    Pictures stay where they are, and so does the check of their checksums.

    Raises
    ------
    DataError
        The files are compressed as a whole, or hold no record.
    MissingExtraError
        google-crc32c is not installed.
    """
    import numpy as np
    import pandas as pd

    refuse_columns(columns, "TFRecord files")
    root = location if location.is_dir() else location.parent
    found = _files(location)
    packed = [f for f in found if f.name.lower().endswith(".gz")]
    if len(packed) == len(found):
        raise DataError(
            expected="TFRecord files whose records can be read in any order",
            received=f"'{location}', compressed as a whole",
            hint="pictures are compressed already: decompress it (gunzip)",
        )
    ignored = [f"{f.relative_to(root).as_posix()} (compressed as a whole: decompress it)" for f in packed]
    rows: list[tuple[str, str, str, str]] = []
    places: dict[str, npt.NDArray[np.int64]] = {}
    changed: dict[str, int] = {}
    refused: dict[str, str] = {}
    for file in (f for f in found if f not in packed):
        name = shown_name(file.relative_to(root).as_posix())
        names, split = _class_names(file.parent), _split_of(file, root)
        records: list[Stretch] = []
        for place, label in _labelled(file):
            if isinstance(place, str):
                refused[f"{name}/from here on"] = place
                rows.append((f"{name}/from here on", "", split, ""))
                continue
            rows.append((f"{name}/{len(records):07d}", _named(label, names), split, ""))
            records.append(place)
        places[name] = np.array(records, dtype=np.int64).reshape(-1, 2)
        changed[name] = file.stat().st_mtime_ns
    if not rows:
        raise DataError(
            expected="TFRecord files with records",
            received=f"'{location}' with none",
            hint="write them again",
        )
    samples = pd.DataFrame(rows, columns=["path", "label", "split", "group"], dtype=str)
    return Dataset(
        name=location.resolve().name,
        kind="TFRecord",
        location=str(location),
        samples=samples.sort_values("path", ignore_index=True),
        source=RecordPictures(str(root.absolute()), places, changed, refused),
        ignored=tuple(ignored),
    )


def _labelled(file: Path) -> Any:
    """Yield the place and the label of each record, or at last why nothing behind can be found."""
    if not file.stat().st_size:
        return
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
        for place in stretches(view):
            if isinstance(place, str):
                yield place, ""
                return
            try:
                found = features(view, place.offset, place.offset + place.size, SMALL)
            except ValueError:  # the checksum will say it when the picture is read
                found = {}
            yield place, _label(found)


def _label(found: dict[str, bytes | int | float]) -> str | int:
    text = next((found[k] for k in TEXTS if isinstance(found.get(k), bytes)), b"")
    if isinstance(text, bytes) and text:
        return text.decode("utf-8", "backslashreplace").strip()
    number = next((found[k] for k in NUMBERS if isinstance(found.get(k), (int, float))), "")
    if isinstance(number, float):
        return int(number) if number.is_integer() else str(number)
    return number  # type: ignore[return-value]


def _named(label: str | int, names: list[str]) -> str:
    return names[label] if isinstance(label, int) and 0 <= label < len(names) else str(label)


def _class_names(folder: Path) -> list[str]:
    """Return class names by number from ``label.labels.txt``, which TFDS writes beside the records."""
    listed = sorted(folder.glob("*.labels.txt"))
    best = next((f for f in listed if f.name == "label.labels.txt"), listed[0] if len(listed) == 1 else None)
    return (
        [shown_name(line) for line in best.read_text("utf-8", "surrogateescape").splitlines()] if best else []
    )


def _split_of(file: Path, root: Path) -> str:
    inside = file.relative_to(root)
    words = [*re.findall(r"[a-z]+", inside.name.lower()), *(p.lower() for p in inside.parts[:-1])]
    return next((SPLIT_WORDS[w] for w in words if w in SPLIT_WORDS), "")
