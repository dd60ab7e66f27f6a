"""Signatures of many images: an array whose memory is given back between uses, so that a process is not as large as all thumbnails."""

from __future__ import annotations

import mmap
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.scanning.schema import SIGNATURE_BYTES

#: Images from which signatures are kept in a file: 300 MB of them.
IN_FILE_FROM = 200_000
#: Bytes of signatures that a sweep touches before it gives their memory back.
HELD = 64 << 20
#: Rows of that many bytes.
SWEEP = HELD // SIGNATURE_BYTES
#: Rows here and there that are read before the memory of their surroundings is given back: each brings 64 kB
#: of the file along (Linux).
SCATTERED = 1000


def signature_array(n: int, folder: Path | None = None) -> npt.NDArray[np.uint8]:
    """Return zeros of shape ``(n, SIGNATURE_BYTES)``; many are mapped from a nameless file that goes with the array.

    Parameters
    ----------
    n : int
    folder : Path, optional
        Where the file has its blocks; the system's folder for temporary files by default. Where it has no
        room, memory is taken.
    """
    if n < IN_FILE_FROM or not hasattr(os, "posix_fallocate"):
        return np.zeros((n, SIGNATURE_BYTES), dtype=np.uint8)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            # Blocks that are missing when a page is written would end the process: ask for all of them now.
            os.posix_fallocate(file.fileno(), 0, n * SIGNATURE_BYTES)
            mapped = mmap.mmap(file.fileno(), n * SIGNATURE_BYTES)
    except OSError:
        return np.zeros((n, SIGNATURE_BYTES), dtype=np.uint8)
    return np.frombuffer(mapped, dtype=np.uint8).reshape(n, SIGNATURE_BYTES)


def give_back(signatures: npt.NDArray[np.uint8]) -> None:
    """Let go of the memory of an array of `signature_array`; the values stay in its file. Any other array is left as it is."""
    owner: Any = signatures
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    if isinstance(owner, mmap.mmap):
        owner.madvise(mmap.MADV_DONTNEED)


def gathered(signatures: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Return the signatures of some rows; of those of `signature_array` no more than these stay in memory."""
    found = np.empty((len(rows), signatures.shape[1]), dtype=np.uint8)
    for start in range(0, len(rows), SCATTERED):
        part = slice(start, start + SCATTERED)
        found[part] = signatures[rows[part]]
        give_back(signatures)
    return found
