"""An encoder: a model that makes the vectors by which content is judged, run over a data set and kept."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from auditor.baseline.encoder_models import BATCH, Model
from auditor.baseline.pixels import decode_small
from auditor.dataset import Source
from auditor.errors import DataError, OutputError
from auditor.outputs import replacing
from auditor.readers.temporary import temporary_folder
from auditor.scanning.pixels import Unreadable

if TYPE_CHECKING:
    import pandas as pd

#: Images between two writes; what a kill loses at most, about ten seconds of a small network.
CHUNK = 512
#: Decoding threads, and the batches that they are ahead of the model.
DECODERS, AHEAD = 2, 4

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


class _Table:
    """Vectors in a temporary file, filled in as they come."""

    def __init__(self, count: int) -> None:
        self.filled = np.zeros(count, dtype=bool)
        self.values: Vectors = np.empty((count, 0), dtype=np.float32)

    def fill(self, where: Rows, vectors: Vectors) -> None:
        """Write some vectors; they are as long as those before."""
        if not self.filled.any():
            file, shape = temporary_folder() / "encoded.npy", (len(self.filled), vectors.shape[1])
            self.values = np.lib.format.open_memmap(file, "w+", np.float32, shape)
        if vectors.shape[1] != self.values.shape[1]:
            raise DataError(
                expected="vectors of one length",
                received=f"an encoder that makes {self.values.shape[1]} and {vectors.shape[1]} numbers",
                hint="choose a model whose output does not depend on the size of the picture",
            )
        self.values[where], self.filled[where] = vectors, True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoder:
    """A model that makes vectors of pictures.

    Attributes
    ----------
    name : str
        In words: ``"'lite0_160.keras'"``.
    digest : str
        SHA-256 of the model and of how its pictures are made.
    model : Model
    facts : mapping
        What it is, plain JSON.
    """

    name: str
    digest: str
    model: Model
    facts: dict[str, Any]

    def encode(
        self,
        source: Source,
        images: pd.DataFrame,
        store: Path | None,
        on_images: Callable[[int, int], None] | None = None,
    ) -> tuple[Vectors, Rows]:
        """Return a vector for each distinct file, and the row of each image among them.

        The row of an unreadable image is -1; the vectors, shape ``(n_files, n_columns)``, are in a file.

        What ``store`` holds of an earlier or an interrupted run is used again.

        Raises
        ------
        DataError
            An image cannot be decoded any more, or the model fails.
        OutputError
            The store cannot be written.
        """
        folder = None if store is None else store / f"encoder-{self.digest[:16]}"
        readable = np.flatnonzero((images["status"] == "ok").to_numpy())
        digests = images["sha256"].to_numpy(dtype=object)[readable].astype(str)
        unique, first, place = np.unique(digests, return_index=True, return_inverse=True)
        rows = np.full(len(images), -1, dtype=np.int64)
        rows[readable] = place
        paths = images["path"].to_numpy(dtype=object)[readable[first]]
        table = _Table(len(unique))
        for where, vectors in _kept(folder, unique):
            table.fill(where, vectors)
        todo = np.flatnonzero(~table.filled)
        todo = todo[
            np.argsort(first[todo], kind="stable")
        ]  # in the order of rows: files lie beside each other
        for start in range(0, len(todo), CHUNK):
            where = todo[start : start + CHUNK]
            vectors = self._run(source, paths[where].tolist())
            table.fill(where, vectors)
            _keep(folder, unique[where], vectors)
            if on_images is not None:
                on_images(int(table.filled.sum()), len(unique))
        return table.values, rows

    def _run(self, source: Source, paths: Sequence[str]) -> Vectors:
        """Return the vectors of some pictures; the next are decoded while the model works."""
        return np.concatenate([self.model(batch) for batch in _batches(source, paths, self.model.size)])


def _batches(source: Source, paths: Sequence[str], size: tuple[int, int]) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield decoded and resized pictures, each once."""

    def decode(some: Sequence[str]) -> npt.NDArray[np.uint8]:
        return np.stack([_decoded(source, path, size) for path in some])

    parts = [paths[i : i + BATCH] for i in range(0, len(paths), BATCH)]
    with ThreadPoolExecutor(DECODERS) as pool:
        waiting: deque[Future[npt.NDArray[np.uint8]]] = deque()
        for part in parts:
            waiting.append(pool.submit(decode, part))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _decoded(source: Source, path: str, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    try:
        return decode_small(source.read(path), size)
    except (OSError, Unreadable, cv2.error) as error:
        raise DataError(
            expected="the pictures that were scanned",
            received=f"'{path}', which cannot be read any more ({' '.join(str(error).split())[:100]})",
            hint="scan again",
        ) from None


def _kept(folder: Path | None, unique: npt.NDArray[np.str_]) -> Iterator[tuple[Rows, Vectors]]:
    """Yield what an earlier run has kept of these images: places in ``unique``, and vectors."""
    if folder is None or not folder.is_dir():
        return
    seen = np.zeros(len(unique), dtype=bool)
    for file in sorted(folder.glob("*.npz")):
        try:
            with np.load(file, allow_pickle=False) as part:
                digests, vectors = part["sha256"].astype(str), part["x"]
        except (OSError, ValueError, KeyError, EOFError):  # it is made again
            continue
        where = np.minimum(np.searchsorted(unique, digests), len(unique) - 1)
        ours = (unique[where] == digests) & ~seen[where]
        seen[where[ours]] = True
        if ours.any():
            yield where[ours], vectors[ours]


def _keep(folder: Path | None, digests: npt.NDArray[np.str_], vectors: Vectors) -> None:
    """Write a part, named by what is in it, so that it is there whole or not at all."""
    if folder is None:
        return
    name = hashlib.sha256("".join(digests.tolist()).encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.npz").unlink(missing_ok=True)  # one that could not be read
        with replacing(folder / f"{name}.npz") as target, target.open("wb") as stream:
            np.savez(stream, sha256=digests, x=vectors)
    except OSError as error:
        raise OutputError(
            expected=f"room for vectors in '{folder}'",
            received=error.strerror or str(error),
            hint="choose another --output, or make room; what was encoded so far is kept",
        ) from None
