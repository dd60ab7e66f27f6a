"""Archives: zip and tar files that hold what a folder would hold, never unpacked.

All but compressed tars are read in place.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import math
import re
import stat as stat_module
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.dataset import Dataset, FileStat, Source, shown_name
from auditor.errors import DataError
from auditor.readers.label_clues import find_label_clues, needs_labels
from auditor.readers.layout import arrange, is_image, refuse_columns, with_left_out
from auditor.readers.temporary import BOMB_RATIO, SMALL, temporary_folder, unpack
from auditor.reading import EXAMPLES, LeftOut

if TYPE_CHECKING:
    from auditor.readers import Columns

#: Endings of archives, and of tars that must be decompressed from their beginning to reach any member.
TARS, COMPRESSED_TARS = (".tar",), (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
ARCHIVES = (".zip", *TARS, *COMPRESSED_TARS, ".rar", ".7z")
#: What decompresses them; Zstandard is not in Python's library before 3.14.
OPENERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("gz", "tgz"): gzip.open,
    ("bz2", "tbz2"): bz2.open,
    ("xz", "txz"): lzma.open,
}


class Member(NamedTuple):
    """Where a member of a tar is, in bytes.

    Of a sparse one the parts that are stored: (place in the file, size).
    """

    offset: int
    size: int
    mtime: int
    parts: tuple[tuple[int, int], ...] | None = None

    @property
    def stored(self) -> int:
        """Bytes that the archive holds of it."""
        return self.size if self.parts is None else sum(size for _, size in self.parts)

    def read(self, file: str) -> bytes:
        """Return its bytes; raises OSError where the archive is cut short inside them."""
        with Path(file).open("rb", buffering=0) as stream:
            stream.seek(self.offset)
            data = stream.read(self.stored)
        if len(data) < self.stored:
            raise OSError("the archive is cut short inside this file")
        if self.parts is None:
            return data
        whole, at = bytearray(self.size), 0
        for place, size in self.parts:
            whole[place : place + size] = data[at : at + size]
            at += size
        return bytes(whole)


def member_of(info: tarfile.TarInfo) -> Member:
    """Return where a regular member of an uncompressed tar is; holes of a sparse one are not stored."""
    holes: Any = info.sparse  # None, or pairs of a place and a size
    parts = None if holes is None else tuple((int(place), int(size)) for place, size in holes)
    return Member(
        info.offset_data, info.size, int(info.mtime * 1e9) if math.isfinite(info.mtime) else -1, parts
    )


def refused_member(info: tarfile.TarInfo, archive_size: int, what: str = "archive") -> str:
    """Return why a member of a tar is not read, or ""."""
    if why := refusal(info.name):
        return why
    if not info.isreg():
        return (
            "refused: a link"
            if info.issym() or info.islnk()
            else "refused: no file, but a folder or a device"
        )
    member = member_of(info)
    if member.size > SMALL and member.size > BOMB_RATIO * max(member.stored, 1):
        return (
            f"refused: a decompression bomb of {member.size / 1e6:,.0f} MB in {member.stored / 1e6:,.1f} MB"
        )
    if any(place < 0 or size < 0 or place + size > member.size for place, size in member.parts or ()):
        return "refused: its sparse map is damaged"
    return f"the {what} is cut short inside this file" if member.offset + member.stored > archive_size else ""


def refusal(name: str) -> str:
    """Return why a member's name is refused, or "".

    Examples
    --------
    >>> refusal("a/../../b.png"), refusal("a/b..png")
    ('refused: its name leaves the archive', '')
    >>> refusal("/etc/b.png"), refusal("C:\\\\b.png")
    ('refused: its name is absolute', 'refused: its name is absolute')
    """
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[\\/]", name):
        return "refused: its name is absolute"
    return "refused: its name leaves the archive" if ".." in re.split(r"[\\/]", name) else ""


@dataclass(frozen=True, slots=True, eq=False)
class ArchiveFiles:
    """Members of an archive, their paths as `plain_name` gives them.

    Attributes
    ----------
    file : str
        The archive.
    members : dict
        What is known of each image: a `FileStat` in a zip, a `Member` of a tar.
    refused : dict
        Images that are not read, and why.
    names : dict
        Paths that are named otherwise in the archive.
    """

    file: str
    members: dict[str, Any]
    refused: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    _open: dict[int, Any] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.file, self.members, self.refused, self.names)

    def _here(self, path: str) -> Any:
        if path in self.refused:
            raise OSError(self.refused[path])
        if path not in self.members:
            raise FileNotFoundError(path)
        return self.members[path]


class TarFiles(ArchiveFiles):
    """Images in an uncompressed tar: each is a stretch of the file."""

    def stat(self, path: str) -> FileStat:
        """Return size and time of modification, as the archive says."""
        member = self._here(path)
        return FileStat(member.size, member.mtime)

    def read(self, path: str) -> bytes:
        """Return the bytes of one member."""
        member: Member = self._here(path)
        return member.read(self.file)


class ZipFiles(ArchiveFiles):
    """Images in a zip; each thread keeps the archive open."""

    def stat(self, path: str) -> FileStat:
        """Return size and, in place of a time, the checksum that the archive gives."""
        found: FileStat = self._here(path)
        return found

    def read(self, path: str) -> bytes:
        """Return the bytes of one member."""
        size = self.stat(path).size
        archive = self._open.get(threading.get_ident())
        try:
            if archive is None:
                archive = self._open[threading.get_ident()] = zipfile.ZipFile(self.file)
            with archive.open(self.names.get(path, path)) as stream:
                data: bytes = stream.read(size + 1)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
            raise OSError(
                f"the archive cannot give it: {' '.join(str(error).split()) or type(error).__name__}"
            ) from None
        except OSError:
            raise
        except Exception as error:  # zlib.error, lzma.LZMAError
            raise OSError(f"its compressed data is damaged ({error})") from None
        if len(data) != size:
            raise OSError("it is not of the size that the archive says")
        return data


def reads(location: Path) -> bool:
    """Whether this is a file with the ending of an archive."""
    return location.is_file() and location.name.lower().endswith((".zip", *TARS, *COMPRESSED_TARS))


def read(location: Path, columns: Columns) -> Dataset:
    """Read an archive; its folders mean what they would mean on disk.

    A single folder around everything means nothing.

    Raises
    ------
    DataError
        It is damaged as a whole, grows beyond all measure when decompressed, or holds no image.
    """
    refuse_columns(columns, "an archive")
    name = location.name.lower()
    try:
        plain = _decompressed(location) if name.endswith(COMPRESSED_TARS) else location
        source, found = _zip(location) if name.endswith(".zip") else _tar(plain)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
    ) as error:
        raise DataError(
            expected="an archive of images",
            received=f"'{location}', which cannot be read "
            f"({' '.join(str(error).split())[:120] or type(error).__name__})",
            hint="test it with 'unzip -t' or 'tar -tf'",
        ) from None
    images = [*source.members, *source.refused]
    return archived(location, source, images, sorted(found.folders), found.others, found.twice)


def _decompressed(location: Path) -> Path:
    """Return a temporary tar with what a compressed one holds.

    Nothing in it can be reached without decompressing all before it.

    It goes when this process ends. Of one that is cut short, what there is.
    """
    name = location.name.lower()
    opener = next((o for endings, o in OPENERS.items() if name.endswith(endings)), None)
    if opener is None:
        raise DataError(
            expected="a zip, or a tar that is plain or compressed by gzip, bzip2 or xz",
            received=f"'{location}'",
            hint="decompress it to a .tar: images are compressed already",
        )
    plain = temporary_folder() / "archive.tar"
    with opener(location, "rb") as source:
        unpack(
            _Available(source),
            plain,
            packed=location.stat().st_size,
            location=str(location),
            expected="an archive of images",
        )
    return plain


class _Available:
    """A stream that gives what there is, also of a file that ends early."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        found: bytes = self._stream.read1(size)
        return found


def archived(
    location: Path, source: Source, images: list[str], folders: list[str], others: list[str], twice: list[str]
) -> Dataset:
    """Return the data set of paths that are arranged as a folder would be."""
    from auditor.readers.scientific import scientific

    layout = arrange(images, folders, location=str(location), ignored=others, hint=_hint(others))
    reading = with_left_out(layout.reading, others, {})
    if twice:
        again = LeftOut(
            reason="named twice in the archive: the last counts",
            count=len(twice),
            examples=tuple(sorted(twice)[:EXAMPLES]),
            what="images",
        )
        reading = replace(reading, left_out=(*reading.left_out, again))
    if needs_labels(layout.samples):
        reading = replace(reading, label_clues=find_label_clues(layout.samples, others))
    return Dataset(
        name=location.name,
        kind=layout.kind,
        location=str(location),
        samples=layout.samples,
        source=scientific(source, images),
        ignored=tuple(sorted([*others, *layout.left_out, *(f"{path} (once more)" for path in twice)])),
        empty=layout.empty,
        reading=reading,
    )


def _hint(others: list[str]) -> str:
    """Return what to do about an archive without images that holds archives."""
    inner = next((name for name in sorted(others) if name.lower().endswith(ARCHIVES)), None)
    return f"it holds the archive '{inner}': unpack that, and name what comes out" if inner else ""


def plain_name(name: str, *, windows: bool) -> str:
    """Return the name of a member without ``./`` and doubled slashes.

    ``windows``: with slashes for backslashes.

    Examples
    --------
    >>> plain_name("./a//b/./c.png", windows=False), plain_name("data\\\\cat\\\\1.png", windows=True)
    ('a/b/c.png', 'data/cat/1.png')
    """
    if windows:
        name = name.replace("\\", "/")
    end = "/" if name.endswith("/") else ""
    return "/".join(part for part in name.split("/") if part not in ("", ".")) + end


def _are_windows(names: list[str]) -> bool:
    """Whether names have backslashes between their parts: some do, and none has a slash."""
    return any("\\" in name for name in names) and not any("/" in name for name in names)


class _Listing(NamedTuple):
    """What an archive holds, as it is collected."""

    members: dict[str, Any]
    refused: dict[str, str]
    names: dict[str, str]
    others: list[str]
    twice: list[str]
    folders: set[str]

    def add(self, name: str, shown: str, why: str, member: Any) -> None:
        """Take in a file: its name, the name it is shown by, why it is refused (or ""), and where it is."""
        if not is_image(shown):
            self.others.append(shown)
            return
        if (
            shown in self.members or shown in self.refused
        ):  # the last one counts, as it does when it is unpacked
            self.twice.append(shown)
            self.members.pop(shown, None)
            self.refused.pop(shown, None)
        if why:
            self.refused[shown] = why
            return
        self.members[shown] = member
        self.names.pop(shown, None)
        if name != shown:
            self.names[shown] = name


def _implied(names: Iterable[str]) -> set[str]:
    """Return every folder that a listing names or implies."""
    found = {n.rstrip("/") for n in names if n.endswith("/")}
    for name in names:
        parts = name.rstrip("/").split("/")[:-1]
        found.update("/".join(parts[:k]) for k in range(1, len(parts) + 1))
    return found - {""}


def _zip(location: Path) -> tuple[ZipFiles, _Listing]:
    found = _Listing({}, {}, {}, [], [], set())
    with zipfile.ZipFile(location) as archive:
        listing = archive.infolist()
    windows = _are_windows([info.filename for info in listing])
    inside = []
    for info in listing:
        shown = plain_name(info.filename, windows=windows)
        why = refusal(info.filename)
        if not why:
            inside.append(shown)
        if shown.endswith("/"):
            continue
        if stat_module.S_ISLNK(info.external_attr >> 16):
            why = "refused: a link"
        elif info.flag_bits & 1:
            why = "refused: encrypted"
        elif info.file_size > SMALL and info.file_size > BOMB_RATIO * max(info.compress_size, 1):
            why = (
                f"refused: a decompression bomb of {info.file_size / 1e6:,.0f} MB in "
                f"{info.compress_size / 1e6:,.1f} MB"
            )
        found.add(
            info.filename,
            info.filename if refusal(info.filename) else shown,
            why,
            FileStat(info.file_size, info.CRC),
        )
    found.folders.update(_implied(inside))
    return ZipFiles(str(location.absolute()), found.members, found.refused, found.names), found


def _tar(location: Path) -> tuple[TarFiles, _Listing]:
    found = _Listing({}, {}, {}, [], [], set())
    size, folders = location.stat().st_size, list[str]()
    with tarfile.open(location, "r:") as archive:
        try:
            for info in archive:
                archive.members = []  # type: ignore[attr-defined]  # or a million of them are kept in memory
                name = shown_name(info.name)
                shown = name if refusal(name) else plain_name(name, windows=_are_windows([name]))
                if info.isdir():
                    folders.append(shown + "/")
                    continue
                why = refused_member(info, size)
                found.add(shown, shown, why, None if why else member_of(info))
        except tarfile.ReadError as error:
            if not found.members:
                raise
            found.refused.setdefault(f"{location.name} from here on", f"the archive is damaged: {error}")
    found.folders.update(_implied([*folders, *found.members]))
    return TarFiles(str(location.absolute()), found.members, found.refused), found
