"""Folders of idx files, as MNIST and its descendants are published, gzipped or not."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.dataset import Dataset
from auditor.errors import DataError
from auditor.readers.arrays import Stretch, from_arrays
from auditor.readers.layout import SPLIT_NAMES, refuse_columns
from auditor.readers.temporary import temporary_folder, unpack

if TYPE_CHECKING:
    from auditor.readers import Columns

#: Types of numbers by the third byte of the magic (LeCun, "The MNIST database of handwritten digits", file
#: formats); big-endian.
TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
#: ``train-images-idx3-ubyte.gz``, ``t10k-labels.idx1-ubyte``, ``emnist-letters-train-images-idx3-ubyte.gz``.
NAME = re.compile(
    r"(?:(?P<set>.*)[-_.])?(?P<part>[a-z0-9]+)[-_.](?P<what>images|labels)[-_.]idx\d[-_.]ubyte(?P<packed>\.gz)?",
    re.IGNORECASE,
)
#: What MNIST calls its test part.
PARTS = {**SPLIT_NAMES, "t10k": "test"}


class Found(NamedTuple):
    """A file by its name: the set, part and kind of numbers that it says, and whether it is gzipped."""

    set: str
    part: str
    what: str
    packed: bool
    file: Path


def _files(folder: Path) -> list[Found]:
    """Return the idx files of a folder, those that are not gzipped first."""
    found = []
    for file in sorted(folder.iterdir()):
        named = NAME.fullmatch(file.name)
        if named and file.is_file():
            part = named["part"].lower()
            name = (named["set"] or "").lower()
            found.append(
                Found(name, PARTS.get(part, part), named["what"].lower(), bool(named["packed"]), file)
            )
    return sorted(found, key=lambda f: (f.packed, f.file.name))


def reads(location: Path) -> bool:
    """Whether this is a folder with idx files of pictures, or such a file."""
    try:
        if location.is_file():
            return NAME.fullmatch(location.name) is not None
        return location.is_dir() and any(f.what == "images" for f in _files(location))
    except OSError:
        return False


def read(location: Path, columns: Columns) -> Dataset:
    """Read one set of idx files: the folder's only one, or that of the file that is named.

    Gzipped ones are decompressed once.

    Raises
    ------
    DataError
        A file is damaged, pictures and labels do not match, or the folder holds several sets.
    """
    refuse_columns(columns, "idx files")
    folder = location if location.is_dir() else location.parent
    found, name = _files(folder), ""
    if location.is_dir():
        name = _only_set(location, found)
    else:
        name = next(f.set for f in found if f.file.name == location.name)
    chosen = [f for f in found if f.set == name]
    pictures: dict[str, Stretch] = {}
    labels: dict[str, Any] = {}
    sources: dict[str, str] = {}
    changed, used = 0, set[str]()
    for _, part, what, _, file in chosen:
        if part in (pictures if what == "images" else labels):  # the same once more, gzipped
            continue
        used.add(file.name)
        changed = max(changed, file.stat().st_mtime_ns)
        where = open_idx(file)
        if what == "images":
            pictures[part] = where
            sources[part] = file.name
        else:
            labels[part] = where.read(0, where.shape[0])
    if not pictures:
        raise DataError(
            expected="idx files of pictures",
            received=f"'{location}', whose set has labels alone",
            hint="put the images-idx3 file beside it",
        )
    dataset = from_arrays(
        pictures,
        labels,
        name=name or folder.resolve().name,
        kind="idx",
        location=str(location),
        changed=changed,
        ignored=sorted(f.name for f in folder.iterdir() if f.name not in used),
    )
    splits = tuple((part, sources[part]) for part in pictures if part in SPLIT_NAMES.values())
    reading = replace(dataset.reading, layout="idx files", labels_from="idx files", splits_from=splits)
    return replace(dataset, reading=reading)


def _only_set(location: Path, found: list[Found]) -> str:
    """Return the name of the only set of pictures in a folder.

    Refuse several, whose labels mean different things.
    """
    first = {f.set: f.file.name for f in reversed(found) if f.what == "images"}
    if len(first) > 1:
        raise DataError(
            expected="one set of idx files",
            received=f"'{location}' with {len(first)}: {', '.join(repr(name) for name in sorted(first))}",
            hint=f"name a file of the one that is meant, such as '{location / first[min(first)]}'",
        )
    return next(iter(first))


def open_idx(file: Path) -> Stretch:
    """Return where the numbers of an idx file are.

    Raises
    ------
    DataError
        It is damaged or cut short, or a decompression bomb.
    """
    expected = "an idx file of pictures or labels"
    try:
        plain = file
        if file.suffix.lower() == ".gz":
            plain = temporary_folder() / file.stem
            with gzip.open(file) as packed:
                unpack(packed, plain, packed=file.stat().st_size, location=str(file), expected=expected)
        with plain.open("rb") as stream:
            magic = stream.read(4)
            if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not magic[3]:
                raise ValueError("its magic number is not that of an idx file")
            header = stream.read(4 * magic[3])
            shape = tuple(int.from_bytes(header[i : i + 4], "big") for i in range(0, len(header), 4))
        if len(shape) < magic[3]:
            raise ValueError("its header is cut short")
        return Stretch(str(plain.absolute()), 4 + 4 * magic[3], TYPES[magic[2]], shape).refuse_short()
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            expected=expected,
            received=f"'{file}', which cannot be read ({' '.join(str(error).split())[:100]})",
            hint="download it again",
        ) from None
