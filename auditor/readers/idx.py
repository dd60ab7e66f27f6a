"""Folders of idx files, as MNIST and its descendants are published, gzipped or not."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from auditor.dataset import Dataset
from auditor.errors import DataError
from auditor.readers.arrays import Stretch, from_arrays, temporary_folder
from auditor.readers.layout import SPLIT_NAMES, refuse_columns

if TYPE_CHECKING:
    from auditor.readers import Columns

#: Types of numbers by the third byte of the magic (LeCun, "The MNIST database of handwritten digits", file
#: formats); big-endian.
TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
#: ``train-images-idx3-ubyte.gz``, ``t10k-labels.idx1-ubyte``, ``emnist-letters-train-images-idx3-ubyte.gz``.
NAME = re.compile(
    r"(?:.*[-_.])?(?P<part>[a-z0-9]+)[-_.](?P<what>images|labels)[-_.]idx\d[-_.]ubyte(?:\.gz)?", re.IGNORECASE
)
#: What MNIST calls its test part.
PARTS = {**SPLIT_NAMES, "t10k": "test"}


class Found(NamedTuple):
    """A file by its name."""

    part: str
    what: str
    file: Path


def _files(location: Path) -> list[Found]:
    found = []
    for file in sorted(location.iterdir()):
        named = NAME.fullmatch(file.name)
        if named and file.is_file():
            found.append(
                Found(PARTS.get(named["part"].lower(), named["part"].lower()), named["what"].lower(), file)
            )
    return found


def reads(location: Path) -> bool:
    """Whether this is a folder with idx files of pictures."""
    try:
        return location.is_dir() and any(f.what == "images" for f in _files(location))
    except OSError:
        return False


def read(location: Path, columns: Columns) -> Dataset:
    """Read idx files; gzipped ones are decompressed once, into temporary files.

    Raises
    ------
    DataError
        A file is damaged, or pictures and labels do not match.
    """
    refuse_columns(columns, "idx files")
    pictures: dict[str, Stretch] = {}
    labels = {}
    changed = 0
    for part, what, file in _files(location):
        changed = max(changed, file.stat().st_mtime_ns)
        where = open_idx(file)
        if what == "images":
            pictures[part] = where
        else:
            labels[part] = where.open()
    return from_arrays(
        pictures, labels, name=location.resolve().name, kind="idx", location=str(location), changed=changed
    )


def open_idx(file: Path) -> Stretch:
    """Return where the numbers of an idx file are.

    Raises
    ------
    DataError
        It is damaged or cut short.
    """
    try:
        if file.suffix == ".gz":
            plain = temporary_folder() / file.stem
            with gzip.open(file) as packed, plain.open("wb") as unpacked:
                while piece := packed.read(1 << 20):
                    unpacked.write(piece)
        else:
            plain = file
        with plain.open("rb") as stream:
            magic = stream.read(4)
            if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not magic[3]:
                raise ValueError("its magic number is not that of an idx file")
            header = stream.read(4 * magic[3])
            shape = tuple(int.from_bytes(header[i : i + 4], "big") for i in range(0, len(header), 4))
        where = Stretch(str(plain.absolute()), 4 + 4 * magic[3], TYPES[magic[2]], shape)
        where.open()  # fails where the file is too short
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            expected="an idx file of pictures or labels",
            received=f"'{file}', which cannot be read ({' '.join(str(error).split())[:100]})",
            hint="download it again",
        ) from None
    return where
