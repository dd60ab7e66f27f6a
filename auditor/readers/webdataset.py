"""WebDataset shards: tars in which ``key.jpg`` and ``key.cls`` or ``key.json`` are one sample.

They are read in place.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.dataset import Dataset, FileStat, joined_labels, shown_name
from auditor.errors import DataError
from auditor.readers.archive import COMPRESSED_TARS, TARS, Member, member_of, refused_member
from auditor.readers.boxes import by_reason
from auditor.readers.layout import is_image, refuse_columns
from auditor.readers.split_names import SPLIT_WORDS, split_of
from auditor.reading import Reading

if TYPE_CHECKING:
    from auditor.readers import Columns

#: Entries of a folder, and members of a shard, that are looked at to tell what they are.
FIRST = 100
#: Shards that are looked at for that.
LOOKED_AT = 3
#: Fields that hold the class, and keys of it in a ``json`` field; the first that is there counts.
FIELDS, KEYS = ("cls", "label", "class"), ("label", "cls", "class", "class_name", "category", "target")
#: Bytes of a field that may hold a class.
SMALL = 1 << 20
#: Files that name classes by number, a line each, as the CLIP benchmark lays them out.
NAMES = ("classnames.txt", "classes.txt")


class Place(NamedTuple):
    """Where an image is: the number of its shard, and its place there."""

    shard: int
    member: Member


@dataclass(frozen=True, slots=True, eq=False)
class ShardFiles:
    """Images in shards; the path ``train-000.tar/key.jpg`` is that member of that shard.

    Attributes
    ----------
    shards : tuple of str
        The files.
    changed : tuple of int
        When they were modified, in nanoseconds.
    members : dict of str to Place
    refused : dict of str to str
        What is not read, and why.
    """

    shards: tuple[str, ...]
    changed: tuple[int, ...]
    members: dict[str, Place]
    refused: dict[str, str] = field(default_factory=dict)

    def _here(self, path: str) -> Place:
        if path in self.refused:
            raise OSError(self.refused[path])
        if path not in self.members:
            raise FileNotFoundError(path)
        return self.members[path]

    def stat(self, path: str) -> FileStat:
        """Return the size of a member, and when its shard was modified."""
        place = self._here(path)
        return FileStat(place.member.size, self.changed[place.shard])

    def read(self, path: str) -> bytes:
        """Return the bytes of one member."""
        place = self._here(path)
        return place.member.read(self.shards[place.shard])


def _key(name: str) -> tuple[str, str]:
    """Return key and field of a member.

    They part at the first dot of its base name (WebDataset, "file format").

    Examples
    --------
    >>> _key("a/b.1.Seg.png"), _key("x.jpg")
    (('a/b', '1.seg.png'), ('x', 'jpg'))
    """
    folder, slash, base = name.rpartition("/")
    key, _, extension = base.partition(".")
    return folder + slash + key, extension.lower()


def _shards(location: Path) -> list[Path]:
    """Return the tars of a folder, and of the folders of splits in it."""
    if location.is_file():
        return [location]
    folders = [
        location,
        *(p for p in sorted(location.iterdir()) if p.is_dir() and split_of(p.name)),
    ]
    return sorted(
        f
        for folder in folders
        for f in folder.iterdir()
        if f.name.lower().endswith((*TARS, *COMPRESSED_TARS)) and f.is_file()
    )


def _paired(shard: Path) -> bool | None:
    """Whether an image among the first members has a field that may hold a class.

    None where no member can be read.
    """
    keys: list[tuple[str, str]] = []
    try:
        with tarfile.open(shard, "r:") as archive:
            keys.extend(_key(member.name) for member in islice(archive, FIRST))
    except (tarfile.TarError, OSError):
        if not keys:
            return None
    if not keys:
        return None
    fields = {key for key, extension in keys if extension in (*FIELDS, "json")}
    return any(key in fields and is_image(f"x.{extension}") for key, extension in keys)


def reads(location: Path) -> bool:
    """Whether this is a shard, or a folder of shards."""
    try:
        if location.is_file():
            return location.name.lower().endswith(TARS) and _paired(location) is True
        with os.scandir(location) as entries:
            near = [
                e
                for e in islice(entries, FIRST)
                if e.name.lower().endswith((*TARS, *COMPRESSED_TARS)) or split_of(e.name)
            ]
        if not near:
            return False
        found = _shards(location)
        packed = any(shard.name.lower().endswith(COMPRESSED_TARS) for shard in found[:LOOKED_AT])
        return _any_paired(found) or (packed and not _holds_images(location))
    except OSError:
        return False


def _holds_images(location: Path) -> bool:
    """Whether images lie beside archives, which are then what they were unpacked from."""
    places = (location, *(p for p in islice(location.iterdir(), FIRST) if p.is_dir()))
    return any(is_image(entry.name) for place in places for entry in islice(place.iterdir(), FIRST))


def _any_paired(shards: list[Path]) -> bool:
    """Whether one of the first shards that can be read has pairs; those that are damaged say nothing."""
    looked_at = 0
    for shard in shards:
        paired = _paired(shard)
        if paired:
            return True
        looked_at += paired is False
        if looked_at == LOOKED_AT:
            return False
    return False


@dataclass(slots=True)
class _Listing:
    """What the shards list: ``rows`` holds class and split of each image."""

    names: list[str]
    rows: dict[str, tuple[str, str]] = field(default_factory=dict)
    members: dict[str, Place] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    beyond: set[str] = field(default_factory=set)

    def add(self, shard: Path, number: int, prefix: str, split: str) -> None:
        for path, place, label in _members(shard, number, prefix, self.refused, self.ignored):
            if path in self.rows:
                self.ignored.append(f"{path} (once more)")
                continue
            named = label.isdigit() and int(label) < len(self.names)
            if self.names and label.isdigit() and not named:
                self.beyond.add(label)
            self.rows[path] = (self.names[int(label)] if named else label, split)
            if place is not None:
                self.members[path] = place

    def notes(self) -> tuple[str, ...]:
        if not self.beyond:
            return ()
        first = ", ".join(sorted(self.beyond, key=int)[:5])
        return (f"Class numbers beyond the {len(self.names):,} names keep their numbers: {first}.",)


def read(location: Path, columns: Columns) -> Dataset:
    """Read the listings of shards.

    Images stay where they are. A shard that is cut short keeps what is whole, and the rest is reported.

    Raises
    ------
    DataError
        No shard can be read.
    """
    import pandas as pd

    refuse_columns(columns, "shards")
    found = [s for s in _shards(location) if s.name.lower().endswith(TARS)]
    packed = [s for s in _shards(location) if s not in found]
    if not found:
        raise DataError(
            expected="shards whose images can be read in any order",
            received=f"'{location}' with {packed[0].name}, compressed as a whole",
            hint="images are compressed already: decompress the shards to .tar (gunzip)",
        )
    root = location if location.is_dir() else location.parent
    listing = _Listing(_class_names(root))
    listing.ignored += [
        f"{s.relative_to(root).as_posix()} (compressed as a whole: decompress it)" for s in packed
    ]
    for number, shard in enumerate(found):
        prefix = shown_name(f"{shard.relative_to(root).as_posix()}/") if location.is_dir() else ""
        split = _split_of(shard.relative_to(root) if location.is_dir() else Path(shard.name))
        listing.add(shard, number, prefix, split)
    rows = listing.rows
    if not rows:
        raise DataError(
            expected="shards with images",
            received=f"'{location}' with none",
            hint="a sample is key.jpg with key.cls or key.json",
        )
    samples = pd.DataFrame(
        {
            "path": list(rows),
            "label": [r[0] for r in rows.values()],
            "split": [r[1] for r in rows.values()],
            "group": "",
        }
    )
    return Dataset(
        name=location.resolve().name.removesuffix(".tar"),
        kind="WebDataset",
        location=str(location),
        samples=samples.astype(str).sort_values("path", ignore_index=True),
        source=ShardFiles(
            tuple(str(s.absolute()) for s in found),
            tuple(s.stat().st_mtime_ns for s in found),
            listing.members,
            listing.refused,
        ),
        ignored=(left_out := tuple(sorted(listing.ignored))),
        reading=Reading(
            layout="WebDataset shards",
            labels_from=f"{' and '.join((*FIELDS[:1], 'json'))} files of the samples",
            left_out=by_reason(left_out),
            notes=listing.notes(),
        ),
    )


def _class_names(root: Path) -> list[str]:
    listed = next((root / name for name in NAMES if (root / name).is_file()), None)
    return (
        [shown_name(line) for line in listed.read_text("utf-8", "surrogateescape").splitlines()]
        if listed
        else []
    )


def _split_of(shard: Path) -> str:
    words = [w for part in shard.parts for w in re.findall(r"[a-z]+", part.lower())]
    return next((SPLIT_WORDS[w] for w in words if w in SPLIT_WORDS), "")


def _members(
    shard: Path, number: int, prefix: str, refused: dict[str, str], ignored: list[str]
) -> Iterator[tuple[str, Place | None, str]]:
    """Yield path, place (none where it is refused) and label of each image of a shard."""
    images: dict[str, tuple[str, Place | None]] = {}
    labels: dict[str, str] = {}
    size, cut = shard.stat().st_size, ""
    try:
        with tarfile.open(shard, "r:") as archive:
            for info in archive:
                archive.members = []  # type: ignore[attr-defined]  # or a million of them are kept in memory
                if info.isdir():
                    continue
                key, extension = _key(info.name)
                path = shown_name(f"{prefix}{info.name.removeprefix('./')}")
                why = refused_member(info, size, "shard")
                if is_image(f"x.{extension}") and "." not in extension and key not in images:
                    if why:
                        refused[path] = why
                    images[key] = (path, None if why else Place(number, member_of(info)))
                elif extension in (*FIELDS, "json") and not why and info.size <= SMALL:
                    stream = archive.extractfile(info)
                    label = _label(stream.read() if stream else b"", extension)
                    if label and (extension != "json" or key not in labels):
                        labels[key] = label
                else:
                    ignored.append(path)
            cut = _end(shard, archive.offset)
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        cut = f"the shard is damaged: {' '.join(str(error).split())[:80]}"
    for key, (path, place) in images.items():
        yield path, place, labels.get(key, "")
    if cut:
        beyond = shown_name(f"{prefix}{shard.name} from here on" if not prefix else f"{prefix}from here on")
        refused[beyond] = cut
        yield beyond, None, ""


def _end(shard: Path, offset: int) -> str:
    """Return what is wrong with the end of a shard.

    There must be a block of zeros (POSIX.1-2001, pax, "ustar Interchange Format").
    """
    with shard.open("rb") as stream:
        stream.seek(offset)
        block = stream.read(tarfile.BLOCKSIZE)
    return (
        ""
        if len(block) == tarfile.BLOCKSIZE and not any(block)
        else "the shard is cut short: it has no end marker"
    )


def _label(data: bytes, extension: str) -> str:
    text = data.decode("utf-8", "backslashreplace").strip()
    if extension != "json":
        return text
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    found = next((content[k] for k in KEYS if k in content), "") if isinstance(content, dict) else ""
    if isinstance(found, list):
        found = joined_labels(str(v) for v in found if isinstance(v, (str, int, float)))
    return (
        str(found).encode("utf-8", "backslashreplace").decode()
        if isinstance(found, (str, int, float))
        else ""
    )
