"""A data set: the table of its samples, and where their bytes are."""

from __future__ import annotations

import os
import re
import stat as stat_module
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from auditor.reading import Reading, listed
from auditor.record import SPLITS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

#: Columns that every sample table starts with; blank ("") where unknown. More columns may follow (metadata of
#: a table).
SAMPLE_COLUMNS = ("path", "label", "split", "group")
#: Column of what a reviewer decided about an image: ``keep``, ``relabel``, ``drop``, or blank.
DECISION = "auditor_decision"
#: Column of what that says about the label as it stands: ``right``, ``wrong``, ``unclear``, or blank.
LABEL_ANSWER = "auditor_label_answer"


#: Between the labels of an image that has several: a sign that names of classes do not hold.
AND = " ∧ "


#: Notes about how data was understood that are shown at once.
NOTES_SHOWN = 5


def joined_labels(labels: Iterable[str]) -> str:
    """Return the labels of one image as one: sorted, each once.

    Examples
    --------
    >>> joined_labels(["dog", "cat", "dog"]), joined_labels([]), separate_labels("cat ∧ dog")
    ('cat ∧ dog', '', ('cat', 'dog'))
    """
    return AND.join(sorted({label.replace("∧", "^").strip() for label in labels} - {""}))


def separate_labels(label: str) -> tuple[str, ...]:
    """Return the labels that an image has: one, none where it is blank, or those that `joined_labels`
    joined."""
    return tuple(label.split(AND)) if label else ()


class FileStat(NamedTuple):
    """What tells whether a file has changed: its size in bytes and its time of modification in
    nanoseconds."""

    size: int
    mtime_ns: int


class Source(Protocol):
    """Where the bytes of a data set are. Sources are picklable: scan workers get a copy."""

    def read(self, path: str) -> bytes:
        """Return the bytes of one image; raises OSError where that cannot be done."""

    def stat(self, path: str) -> FileStat:
        """Return size and time of modification; raises OSError."""


def is_native(source: Source) -> bool:
    """Whether reading from a source runs native code on what it holds, so that damage may end the process."""
    return bool(getattr(source, "native", False))


#: Bytes that are read at once of a file that did not come whole.
READ_AT_ONCE = 1 << 24


def _regular(found: os.stat_result) -> os.stat_result:
    if not stat_module.S_ISREG(found.st_mode):
        raise OSError("not a regular file")
    return found


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """Files on this machine, their paths relative to ``root`` or absolute.

    ``names`` maps a path to the name on disk where the two differ: names that are not UTF-8 appear
    with their odd bytes written as ``\\xff`` in every table.
    """

    root: str
    names: dict[str, str] = field(default_factory=dict)

    def _name(self, path: str) -> str:
        return os.path.join(self.root, self.names.get(path, path))  # noqa: PTH118 - twice as fast, asked often

    def locate(self, path: str) -> Path:
        """Return the file's place on disk."""
        return Path(self._name(path))

    def stat(self, path: str) -> FileStat:
        """Return size and time of modification; a FIFO, device or folder raises OSError instead of
        blocking."""
        found = _regular(os.stat(self._name(path)))  # noqa: PTH116
        return FileStat(found.st_size, found.st_mtime_ns)

    def read(self, path: str) -> bytes:
        """Return the bytes of one file."""
        name = self._name(path)
        size = _regular(os.stat(name)).st_size  # noqa: PTH116 - before it is opened: opening a device may set something going
        handle = os.open(name, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            # One byte less than was asked for is the end of the file, so that most take one call.
            data = os.read(handle, size + 1)
            if len(data) == size:
                return data
            parts = [data]
            while part := os.read(handle, READ_AT_ONCE):
                parts.append(part)
            return b"".join(parts)
        finally:
            os.close(handle)


def shown_name(name: str) -> str:
    """Return a file name as it is written in tables: UTF-8, with undecodable bytes escaped.

    Examples
    --------
    >>> shown_name(os.fsdecode(b"caf\\xe9.png"))
    'caf\\\\xe9.png'
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def name_on_disk(shown: str) -> str:
    """Return the file name that `shown_name` wrote as a text; a name without escaped bytes is itself.

    Examples
    --------
    >>> os.fsencode(name_on_disk("caf\\\\xe9.png"))
    b'caf\\xe9.png'
    """
    plain = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes.fromhex(m[1].decode()), os.fsencode(shown))
    return os.fsdecode(plain)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """An image data set.

    Parameters
    ----------
    name : str
        Short name, shown in the report.
    kind : str
        The layout that was recognised: ``"class folders"``, ``"split folders"``, ``"images"`` (no classes),
        ``"table"``, ...
    location : str
        The data as the user named it, for the commands in fixes.
    samples : DataFrame
        A row per image with `SAMPLE_COLUMNS` first, all of them ``str`` and blank where unknown; sorted by
        path, index 0..n-1. Splits have their standard names (``train``, ``val``, ``test``, ``field``).
    source : Source
        Gives the bytes of a path.
    ignored : tuple of str
        Files that are no images and were passed over.
    empty : tuple of (split, label)
        Folders of classes (or of splits, with a blank label) in which there is no image.
    group_column : str or None
        The column of a table that named the groups.
    reading : Reading
        How the data was understood, in words.
    order : ndarray of int64, shape (n_images,), or None
        The row of the table that each sample came from; ``None`` without a table.
    """

    name: str
    kind: str
    location: str
    samples: pd.DataFrame
    source: Source
    ignored: tuple[str, ...] = ()
    empty: tuple[tuple[str, str], ...] = ()
    group_column: str | None = None
    reading: Reading = field(default_factory=Reading)
    order: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def labelled(self) -> bool:
        """Whether any image has a class."""
        return any(self.samples["label"].tolist())

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, sorted; those without an image included."""
        return tuple(sorted({*self.samples["label"], *(label for _, label in self.empty)} - {""}))

    def with_samples(self, samples: pd.DataFrame) -> Dataset:
        """Return the same data with another sample table."""
        return replace(self, samples=samples)

    def __str__(self) -> str:
        return "\n".join(self.understood())

    __repr__ = __str__

    def understood(self) -> list[str]:
        """Return how the data was understood, in two or three lines and the first notes."""
        reading, counts = self.reading, self.samples["split"].value_counts(sort=False)
        where = dict(reading.splits_from)
        splits = [
            f"{split} {counts[split]:,}"
            + (f" (from {where[split]})" if where.get(split, split) != split else "")
            for split in sorted(set(counts.index) - {""}, key=_split_order)
        ]
        if "" in counts.index and splits:
            splits.append(f"in no split {counts['']:,}")
        blank = int((self.samples["label"] == "").sum())
        classes = self.classes
        labels = "no labels"
        if classes:
            noun = "class" if len(classes) == 1 else "classes"
            labels = (
                f"{len(classes):,} {noun} from {reading.labels_from or self.kind}: {listed(classes, shown=6)}"
            )
            labels += f"; {blank:,} images without a label" if blank else ""
        groups = set(self.samples["group"]) - {""}
        lines = [
            f"{self.name}: {reading.layout or self.kind}, {len(self):,} images; "
            f"{', '.join(splits) or 'no splits'}",
            labels + (f"; {len(groups):,} groups from {reading.groups_from or 'group'}" if groups else ""),
        ]
        if reading.left_out:
            lines.append(f"left out: {'; '.join(map(str, reading.left_out))}")
        more = len(reading.notes) - NOTES_SHOWN
        lines += [f"note: {note}" for note in reading.notes[:NOTES_SHOWN]]
        return [*lines, f"{more} more notes are in audit.json (dataset.reading.notes)"] if more > 0 else lines


def _split_order(split: str) -> tuple[int, str]:
    return (SPLITS.index(split) if split in SPLITS else len(SPLITS), split)
