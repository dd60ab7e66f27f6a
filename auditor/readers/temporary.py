"""Temporary files: they go with this process, however it ends, and what is unpacked into them is bounded."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import signal
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Protocol

from auditor.errors import DataError

#: What grows more than this often when it is decompressed, beyond `SMALL`, is a bomb: deflate reaches 1,032
#: on
#: constant bytes, and image formats are compressed already; a blank uncompressed BMP of 1 MB is below
#: `SMALL`.
BOMB_RATIO, SMALL = 200, 64 << 20
#: Bytes that are decompressed at once.
PIECE = 1 << 16
PREFIX, LOCK = "auditor-", ".lock"
#: Seconds in which the process that makes a folder surely locks it.
YOUNG = 60.0
#: The folders of this process, each with the descriptor that holds its lock.
_mine: dict[Path, int] = {}


class Stream(Protocol):
    """What decompresses."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most ``size``."""


def temporary_folder() -> Path:
    """Return a new folder that goes when this process ends; those of processes that were killed go now."""
    if not _mine:
        _remove_orphans()
        atexit.register(_remove_mine)
        _remove_on_termination()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    _mine[folder] = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(_mine[folder], fcntl.LOCK_EX | fcntl.LOCK_NB)
    return folder


def unpack(source: Stream, target: Path, *, packed: int, location: str, expected: str) -> int:
    """Write what a stream decompresses to, and return its number of bytes.

    Parameters
    ----------
    packed : int
        Bytes that it was compressed to.
    location, expected : str
        Of the error.

    Raises
    ------
    DataError
        It is a decompression bomb. Nothing of it is kept.
    """
    written = 0
    with target.open("wb") as unpacked:
        try:
            while piece := source.read(PIECE):
                written += unpacked.write(piece)
                if written > SMALL and written > BOMB_RATIO * packed:
                    unpacked.truncate(0)
                    raise DataError(
                        expected=expected,
                        received=f"'{location}', a decompression bomb: {packed / 1e6:,.1f} "
                        f"MB that grow beyond "
                        f"{written / 1e6:,.0f} MB",
                        hint="do not open it; where it is sound, store it uncompressed",
                    )
        except EOFError:  # cut short: what there is counts
            if not written:
                raise
    return written


def _remove_mine() -> None:
    for folder, lock in list(_mine.items()):
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            os.close(lock)
        del _mine[folder]


def _remove_on_termination() -> None:
    """Remove the folders on SIGTERM too, unless the program has its own way of ending."""
    if (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    ):
        signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, _: FrameType | None) -> None:
    _remove_mine()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _remove_orphans() -> None:
    """Remove folders whose process was killed: nobody holds their lock."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        with suppress(OSError):
            about = lock.lstat()
            if about.st_uid != os.getuid() or time.time() - about.st_mtime < YOUNG:
                continue
            descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
            finally:
                os.close(descriptor)
