"""Folders, archives and tables behind an address: cloud buckets, web servers; whatever fsspec opens.

Images are never copied to disk.
"""

from __future__ import annotations

import hashlib
import importlib
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from auditor.dataset import Dataset, FileStat
from auditor.errors import DataError, MissingExtraError
from auditor.readers import table
from auditor.readers.label_clues import find_label_clues, needs_labels
from auditor.readers.layout import arrange, is_image, refuse_columns, with_left_out
from auditor.readers.scientific import scientific
from auditor.readers.table import SUFFIXES
from auditor.record import MARKER

if TYPE_CHECKING:
    from auditor.readers import Columns

#: What fsspec calls archives by ending; their images are fetched one by one where the server gives pieces of
#: files.
CHAINED = {".zip": "zip://", ".tar": "tar://"}
#: What file systems call the time of modification.
TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified", "date_time", "created")
#: What they call a digest or version of the content, where they have no time.
VERSIONS = ("ETag", "etag", "checksum", "md5Hash", "CRC")


def _fsspec() -> Any:
    try:
        return importlib.import_module("fsspec")
    except ImportError:
        raise MissingExtraError.of("fsspec", "remote") from None


def file_stat(info: dict[str, Any]) -> FileStat:
    """Return size and time of modification from what a file system says of a file.

    (-1, -1) where it says too little to know a change by.

    Examples
    --------
    >>> file_stat({"size": 5, "mtime": 1.5}), file_stat({"size": 5})
    (FileStat(size=5, mtime_ns=1500000000), FileStat(size=-1, mtime_ns=-1))
    """
    size = int(info.get("size") or 0)
    for name in TIMES:
        value = info.get(name)
        if isinstance(value, (int, float)):
            return FileStat(size, int(value * 1e9))
        if isinstance(value, datetime):
            return FileStat(size, int(value.timestamp() * 1e9))
        if value:
            return FileStat(size, _number(str(value)))
    for name in VERSIONS:
        if info.get(name):
            return FileStat(size, _number(str(info[name])))
    return FileStat(-1, -1)


def _number(text: str) -> int:
    """Return a number that stands for a version.

    Below 2^60, which as a time is in 2006, so never "just now".
    """
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 4


@dataclass(frozen=True, slots=True, eq=False)
class RemoteFiles:
    """Files behind an fsspec address, their paths relative to it.

    Attributes
    ----------
    root : str
        The address of the folder.
    listed : dict
        Size and time of each file, from the listing: asking again would cost a request per file. It stays
        behind when the source is sent to a worker, which only reads.
    names : dict
        Paths that are named otherwise there.
    """

    root: str
    listed: dict[str, FileStat] = field(default_factory=dict, repr=False)
    names: dict[str, str] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        return RemoteFiles, (self.root, {}, self.names)

    def stat(self, path: str) -> FileStat:
        """Return size and time of modification, as listed."""
        if path not in self.listed:
            raise FileNotFoundError(path)
        return self.listed[path]

    def read(self, path: str) -> bytes:
        """Return the bytes of one file."""
        name = self.names.get(path, path)
        system, root = _fsspec().core.url_to_fs(name if "://" in name else self.root)
        inside = root if "://" in name else f"{root.rstrip('/')}/{name}" if root.rstrip("/") else name
        try:
            return bytes(system.cat_file(inside))
        except OSError:
            raise
        except Exception as error:  # each file system has its own
            raise OSError(" ".join(str(error).split()) or type(error).__name__) from None


def read(address: str, columns: Columns) -> Dataset:
    """Read a tree of images behind an address; its folders mean what they would mean on this machine.

    Raises
    ------
    DataError
        The address cannot be opened, or there is no image.
    MissingExtraError
        fsspec, or the package for this kind of address, is not installed.
    """
    ending = PurePosixPath(address.lower()).suffix
    if ending in SUFFIXES:
        return _table(address, columns)
    refuse_columns(columns, "an address")
    expected = "the address of a folder of images, of a zip or tar, or of a table"
    where = f"{CHAINED[ending]}::{address}" if ending in CHAINED and "::" not in address else address
    try:
        system, root = _fsspec().core.url_to_fs(where)
        found = system.find(root, withdirs=True, detail=True)
    except MissingExtraError:
        raise
    except ImportError as error:
        raise MissingExtraError(
            expected=expected, received=f"'{address}' ({error})", hint="install the package that it names"
        ) from None
    except Exception as error:  # each file system has its own
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataError(
            expected=expected,
            received=f"'{address}', which cannot be opened ({reason})",
            hint="check address and access",
        ) from None
    start = root.rstrip("/")
    inside = {name.rstrip("/")[len(start) :].lstrip("/"): info for name, info in found.items()}
    folders = sorted(path for path, info in inside.items() if path and info.get("type") == "directory")
    files = {path: info for path, info in inside.items() if path and info.get("type") != "directory"}
    if MARKER in files:
        raise DataError(
            expected="a folder of images",
            received=f"'{address}', which auditor wrote",
            hint="name the data, not the output folder",
        )
    images = sorted(path for path in files if is_image(path))
    ignored = sorted(set(files) - set(images))
    layout = arrange(images, folders, location=address, ignored=ignored)
    reading = with_left_out(layout.reading, ignored, {})
    if needs_labels(layout.samples):
        reading = replace(reading, label_clues=find_label_clues(layout.samples, ignored))
    return Dataset(
        name=start.rsplit("/", 1)[-1] or address.rsplit("/", 1)[-1],
        kind=layout.kind,
        location=address,
        samples=layout.samples,
        source=scientific(RemoteFiles(where, {path: file_stat(files[path]) for path in images}), images),
        ignored=tuple(sorted([*ignored, *layout.left_out])),
        empty=layout.empty,
        reading=reading,
    )


def _table(address: str, columns: Columns) -> Dataset:
    """Read a table behind an address: it alone is fetched.

    Paths in it are relative to its folder, or addresses of their own.
    """
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        file = Path(folder) / PurePosixPath(address).name
        try:
            system, name = _fsspec().core.url_to_fs(address)
            file.write_bytes(system.cat_file(name))
            found = table.read(file, columns)
        except MissingExtraError:
            raise
        except DataError as error:
            raise DataError(
                expected=error.expected.replace(str(file), address),
                received=error.received.replace(str(file), address),
                hint=error.hint,
            ) from None
        except Exception as error:  # each file system has its own
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise DataError(
                expected="the address of a table",
                received=f"'{address}', which cannot be opened ({reason})",
                hint="check address and access",
            ) from None
    names = getattr(found.source, "names", {})
    source = scientific(RemoteFiles(address.rpartition("/")[0], {}, names), found.samples["path"])
    return replace(found, location=address, source=source)
