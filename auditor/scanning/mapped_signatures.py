"""Signatures of many images, mapped from a file: the process never holds all thumbnails in memory."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.scanning.schema import SIGNATURE_BYTES

#: Images from which signatures are kept in a file: 300 MB of them.
IN_FILE_FROM = 200_000
#: Bytes of the file that may stay in memory before they are given back.
MOST_RESIDENT = 64 << 20
#: Bytes of the file that one scattered row brings into memory: Linux maps 16 pages around it.
FAULT_BYTES = 64 << 10
#: Rows that are read from the file at once: as many scattered ones as may stay in memory.
ROWS_AT_ONCE = MOST_RESIDENT // FAULT_BYTES
#: Pictures in a block: their floats fit into a processor's cache.
BLOCK_ROWS = 256
#: Side of the luma thumbnail and of the two chroma planes, in pixels; they follow each other in a signature.
LUMA_SIDE, CHROMA_SIDE = 32, 16

Bytes = npt.NDArray[np.uint8]


class Signatures:
    """Signatures of images, row by row; those in a file give their memory back by themselves.

    Parameters
    ----------
    array : ndarray of uint8, shape (n_images, SIGNATURE_BYTES)
    file : mmap, optional
        What the array is a view of.
    """

    def __init__(self, array: Bytes, file: mmap.mmap | None = None) -> None:
        self.array, self._file, self._resident = array, file, 0

    @classmethod
    def zeros(cls, n: int, folder: Path | None = None) -> Signatures:
        """Return n signatures of zeros; many are mapped from a nameless file that goes with them.

        Parameters
        ----------
        n : int
        folder : Path, optional
            Where the file lies; the system's folder for temporary files by default. Memory is taken where it
            has no room.
        """
        if n < IN_FILE_FROM or not hasattr(os, "posix_fallocate"):
            return cls(np.zeros((n, SIGNATURE_BYTES), dtype=np.uint8))
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                # A block that is missing when a page is written would end the process: ask for all now.
                os.posix_fallocate(file.fileno(), 0, n * SIGNATURE_BYTES)
                mapped = mmap.mmap(file.fileno(), n * SIGNATURE_BYTES)
        except OSError:
            return cls(np.zeros((n, SIGNATURE_BYTES), dtype=np.uint8))
        return cls(np.frombuffer(mapped, dtype=np.uint8).reshape(n, SIGNATURE_BYTES), mapped)

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: npt.ArrayLike) -> Signatures:
        """Return a copy of some rows, in memory."""
        wanted = np.asarray(rows)
        if self._file is None:
            return Signatures(self.array[wanted])
        found = np.empty((len(wanted), SIGNATURE_BYTES), dtype=np.uint8)
        for start in range(0, len(wanted), ROWS_AT_ONCE):
            part = wanted[start : start + ROWS_AT_ONCE]
            found[start : start + ROWS_AT_ONCE] = self.array[part]
            self._count(part)
        return Signatures(found)

    def __setitem__(self, rows: npt.NDArray[np.integer[Any]], values: npt.ArrayLike) -> None:
        self.array[rows] = values
        self._count(rows)

    def _count(self, rows: npt.NDArray[np.integer[Any]]) -> None:
        """Count the bytes that some rows brought into memory; release them once they are many."""
        if self._file is not None and len(rows):
            span = (int(rows.max()) - int(rows.min()) + 1) * SIGNATURE_BYTES
            self._resident += min(span, len(rows) * FAULT_BYTES)
            if self._resident >= MOST_RESIDENT:
                self.release_memory()

    def release_memory(self) -> None:
        """Give back the memory of signatures in a file, which keeps their values; others stay as they are."""
        self._resident = 0
        if self._file is not None:
            self._file.madvise(mmap.MADV_DONTNEED)

    def blocks(self, rows: npt.NDArray[np.integer[Any]]) -> Iterator[tuple[slice, Signatures]]:
        """Yield some rows, `BLOCK_ROWS` at a time, each block with its place among them."""
        for start in range(0, len(rows), BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            yield part, self[rows[part]]
        self.release_memory()

    def luma(self) -> Bytes:
        """Return the luma thumbnails, shape ``(n, 32, 32)``."""
        return self.array[:, : LUMA_SIDE**2].reshape(-1, LUMA_SIDE, LUMA_SIDE)

    def chroma(self) -> Bytes:
        """Return the planes of Cr and Cb, shape ``(n, 2, 16, 16)``."""
        return self.array[:, LUMA_SIDE**2 :].reshape(-1, 2, CHROMA_SIDE, CHROMA_SIDE)

    def rgb(self) -> Bytes:
        """Return RGB thumbnails, shape ``(n, 16, 16, 3)``."""
        grey = self.luma()
        y = sum(grey[:, i::2, j::2].astype(np.float32) for i in range(2) for j in range(2)) / np.float32(4)
        cr, cb = (self.chroma()[:, plane].astype(np.float32) - 128 for plane in range(2))
        # ITU-R BT.601, the inverse of OpenCV's RGB -> YCrCb.
        rgb = np.stack([y + 1.403 * cr, y - 0.714 * cr - 0.344 * cb, y + 1.773 * cb], axis=-1)
        return np.asarray(np.clip(np.rint(rgb), 0, 255), dtype=np.uint8)
