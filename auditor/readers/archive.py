"""Archives: zip and tar files that hold what a folder would hold, never unpacked; all but compressed tars are read in place."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat as stat_module
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.dataset import Dataset, FileStat, Source, shown_name
from auditor.errors import DataError
from auditor.readers.arrays import temporary_folder
from auditor.readers.label_clues import find_label_clues, needs_labels
from auditor.readers.layout import arrange, is_image, refuse_columns, with_left_out

if TYPE_CHECKING:
    from auditor.readers import Columns

#: Endings of archives, and of tars that must be decompressed from their beginning to reach any member.
TARS, COMPRESSED_TARS = (".tar",), (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
#: What decompresses them; Zstandard is not in Python's library before 3.14.
OPENERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("gz", "tgz"): gzip.open,
    ("bz2", "tbz2"): bz2.open,
    ("xz", "txz"): lzma.open,
}
#: A member that grows more than this often when it is decompressed, beyond `SMALL`, is a bomb: deflate
#: reaches 1,032 on constant bytes, and image formats are compressed already; a blank uncompressed BMP of 1 MB
#: is below `SMALL`.
BOMB_RATIO, SMALL = 200, 64 << 20


class Member(NamedTuple):
    """Where a member of a tar is, in bytes."""

    offset: int
    size: int
    mtime: int


def refusal(name: str) -> str:
    """Return why a member's name is refused, or "".

    Examples
    --------
    >>> refusal("a/../../b.png"), refusal("/etc/b.png"), refusal("C:\\\\b.png"), refusal("a/b..png")
    ('refused: its name leaves the archive', 'refused: its name is absolute', 'refused: its name is absolute',
    '')
    """
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[\\/]", name):
        return "refused: its name is absolute"
    return "refused: its name leaves the archive" if ".." in re.split(r"[\\/]", name) else ""


@dataclass(frozen=True, slots=True, eq=False)
class ArchiveFiles:
    """Members of an archive, their paths as they are named in it.

    Attributes
    ----------
    file : str
        The archive.
    members : dict
        What is known of each image: a `FileStat` in a zip, a `Member` of a tar.
    refused : dict
        Images that are not read, and why.
    """

    file: str
    members: dict[str, Any]
    refused: dict[str, str] = field(default_factory=dict)
    _open: dict[int, Any] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.file, self.members, self.refused)

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
        member = self._here(path)
        with Path(self.file).open("rb", buffering=0) as stream:
            stream.seek(member.offset)
            data = stream.read(member.size)
        if len(data) < member.size:
            raise OSError("the archive is cut short inside this file")
        return data


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
            with archive.open(path) as stream:
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
    """Read an archive; its folders mean what they would mean on disk, and a single folder around everything means nothing.

    Raises
    ------
    DataError
        It is damaged as a whole, grows beyond all measure when decompressed, or holds no image.
    """
    refuse_columns(columns, "an archive")
    name = location.name.lower()
    try:
        plain = _decompressed(location) if name.endswith(COMPRESSED_TARS) else location
        source, others, folders = _zip(location) if name.endswith(".zip") else _tar(plain)
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
            received=f"'{location}', which cannot be read ({' '.join(str(error).split())[:120] or type(error).__name__})",
            hint="test it with 'unzip -t' or 'tar -tf'",
        ) from None
    return archived(location, source, [*source.members, *source.refused], folders, others)


def _decompressed(location: Path) -> Path:
    """Return a temporary tar with what a compressed one holds: nothing in it can be reached without decompressing all before it.

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
    plain, packed, written = temporary_folder() / "archive.tar", location.stat().st_size, 0
    with opener(location, "rb") as source, plain.open("wb") as target:
        try:
            while piece := source.read1(1 << 16):  # what there is, also of a file that ends early
                written += target.write(piece)
                if written > SMALL and written > BOMB_RATIO * packed:
                    raise DataError(
                        expected="an archive of images",
                        received=f"'{location}', a decompression bomb: {packed / 1e6:,.1f} MB that grow beyond {written / 1e6:,.0f} MB",
                        hint="do not open it",
                    )
        except EOFError:
            if not written:
                raise
    return plain


def archived(
    location: Path, source: Source, images: list[str], folders: list[str], others: list[str]
) -> Dataset:
    """Return the data set of paths that are arranged as a folder would be."""
    from auditor.readers.scientific import scientific

    layout = arrange(images, folders, location=str(location), ignored=others)
    reading = with_left_out(layout.reading, others, {})
    if needs_labels(layout.samples):
        reading = replace(reading, label_clues=find_label_clues(layout.samples, others))
    return Dataset(
        name=location.name,
        kind=layout.kind,
        location=str(location),
        samples=layout.samples,
        source=scientific(source, images),
        ignored=tuple(sorted([*others, *layout.left_out])),
        empty=layout.empty,
        reading=reading,
    )


def _folders(names: list[str]) -> list[str]:
    """Return every folder that a listing names or implies."""
    found = {n.rstrip("/") for n in names if n.endswith("/")}
    for name in names:
        parts = name.rstrip("/").split("/")[:-1]
        found.update("/".join(parts[:k]) for k in range(1, len(parts) + 1))
    return sorted(found - {""})


def _zip(location: Path) -> tuple[ZipFiles, list[str], list[str]]:
    members: dict[str, Any] = {}
    refused: dict[str, str] = {}
    others: list[str] = []
    with zipfile.ZipFile(location) as archive:
        listing = archive.infolist()
    for info in listing:
        if info.is_dir():
            continue
        if not is_image(info.filename):
            others.append(info.filename)
            continue
        why = refusal(info.filename)
        if stat_module.S_ISLNK(info.external_attr >> 16):
            why = "refused: a link"
        elif info.flag_bits & 1:
            why = "refused: encrypted"
        elif info.file_size > SMALL and info.file_size > BOMB_RATIO * max(info.compress_size, 1):
            why = f"refused: a decompression bomb of {info.file_size / 1e6:,.0f} MB in {info.compress_size / 1e6:,.1f} MB"
        if why:
            refused[info.filename] = why
        else:
            members[info.filename] = FileStat(info.file_size, info.CRC)
    return (
        ZipFiles(str(location.absolute()), members, refused),
        others,
        _folders([i.filename for i in listing if not refusal(i.filename)]),
    )


def _tar(location: Path) -> tuple[TarFiles, list[str], list[str]]:
    members: dict[str, Any] = {}
    refused: dict[str, str] = {}
    others: list[str] = []
    folders: list[str] = []
    size = location.stat().st_size
    with tarfile.open(location, "r:") as archive:
        try:
            for info in archive:
                archive.members = []  # type: ignore[attr-defined]  # or a million of them are kept in memory
                name = shown_name(info.name.removeprefix("./"))
                if info.isdir():
                    folders.append(name + "/")
                elif not is_image(name):
                    others.append(name)
                elif why := refusal(name) or (
                    ""
                    if info.isreg()
                    else "refused: a link"
                    if info.issym() or info.islnk()
                    else "refused: no file"
                ):
                    refused[name] = why
                elif info.offset_data + info.size > size:
                    refused[name] = "the archive is cut short inside this file"
                else:
                    members[name] = Member(info.offset_data, info.size, int(info.mtime * 1e9))
        except tarfile.ReadError as error:
            if not members:
                raise
            refused.setdefault(f"{location.name} from here on", f"the archive is damaged: {error}")
    return (
        TarFiles(str(location.absolute()), members, refused),
        others,
        _folders([*folders, *(n for n in members)]),
    )
