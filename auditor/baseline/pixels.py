"""The pixel cache: every image decoded and resized once, on disk, read back by row.

The cache is one flat file with a record per image: a byte that says whether the image could be decoded, then
``height * width * 3`` bytes of RGB. It is read with plain reads, not mapped, so that the memory of the
process does not grow with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from auditor.dataset import Source
from auditor.errors import OutputError
from auditor.scanning.deep import from_deep
from auditor.scanning.pixels import Unreadable, decode

#: Images decoded between two writes; what a kill loses at most.
CHUNK = 256
#: Images in memory at once while the cache is streamed.
STREAM = 1024


@dataclass(frozen=True, slots=True)
class PixelCache:
    """Resized images on disk.

    Attributes
    ----------
    file : Path
        The flat file.
    size : int
        Side of the square images, in pixels.
    length : int
        Number of images.
    """

    file: Path
    size: int
    length: int

    @property
    def record_bytes(self) -> int:
        """Bytes per image: one flag and the RGB values."""
        return 1 + self.size * self.size * 3

    def records(self, rows: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Return raw records ``(n, record_bytes)``."""
        rows = np.asarray(rows, dtype=np.int64)
        out = np.empty((len(rows), self.record_bytes), dtype=np.uint8)
        with self.file.open("rb", buffering=0) as stream:
            for record, row in zip(out, rows.tolist(), strict=True):
                stream.seek(row * self.record_bytes)
                stream.readinto(record.data)
        return out

    def images(self, rows: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Return images ``(n, size, size, 3)`` RGB ``uint8``; black where they could not be decoded."""
        return self.records(rows)[:, 1:].reshape(-1, self.size, self.size, 3)

    def readable(self) -> npt.NDArray[np.bool_]:
        """Return the mask of decoded images, shape ``(length,)``."""
        flags = np.empty(self.length, dtype=bool)
        with self.file.open("rb", buffering=0) as stream:
            for row in range(self.length):
                stream.seek(row * self.record_bytes)
                flags[row] = stream.read(1) == b"\x01"
        return flags

    def stream(self, rows: npt.ArrayLike) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield the images of some rows in pieces of at most `STREAM`."""
        rows = np.asarray(rows, dtype=np.int64)
        for start in range(0, len(rows), STREAM):
            yield self.images(rows[start : start + STREAM])


def decode_small(data: bytes, size: int | tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Decode and squash to a side, or a height and a width, in RGB ``uint8``; raises `Unreadable`.

    EXIF orientation is applied.
    """
    picture = None
    if data:
        try:
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
            if picture is not None and picture.dtype == np.uint16:
                picture = from_deep(picture)
            elif picture is not None and picture.dtype != np.uint8:
                picture = None
        except cv2.error:
            picture = None
    # Where OpenCV cannot read a format or refuses the file, the scan's own decoder decides.
    rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) if picture is not None else decode(data).rgb
    height, width = (size, size) if isinstance(size, int) else size
    method = cv2.INTER_AREA if min(rgb.shape[:2]) >= max(height, width) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=method), dtype=np.uint8)


def _key(source: Source, paths: Sequence[str], size: int) -> str:
    digest = hashlib.sha256(f"1 {size} {len(paths)}".encode())
    for path in paths:
        try:
            digest.update(f"{path}\0{source.stat(path)}\0".encode("utf-8", "surrogateescape"))
        except OSError:
            digest.update(f"{path}\0absent\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def build_cache(
    source: Source,
    paths: Sequence[str],
    size: int,
    folder: Path,
    *,
    jobs: int = 2,
    on_progress: Callable[[int, int], None] | None = None,
) -> PixelCache:
    """Decode images into a cache in ``folder``, or take up the one that is there, finished or not.

    Parameters
    ----------
    source : Source
    paths : sequence of str
        The images; row ``i`` of the cache is ``paths[i]``.
    size : int
        Side in pixels.
    folder : Path
        Where the cache file is kept.
    jobs : int
        Decoding threads (OpenCV releases the GIL).

    Raises
    ------
    OutputError
        The folder cannot be written, or the disk is full; what was decoded so far is kept.
    """
    cache = PixelCache(folder / f"pixels-{_key(source, paths, size)}.bin", size, len(paths))
    if cache.file.exists() and cache.file.stat().st_size == cache.record_bytes * len(paths):
        return cache
    part = cache.file.with_suffix(".part")

    def record(path: str) -> bytes:
        try:
            return b"\x01" + decode_small(source.read(path), size).tobytes()
        except (OSError, Unreadable, cv2.error):
            return bytes(cache.record_bytes)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        done = part.stat().st_size // cache.record_bytes if part.exists() else 0
        with part.open("r+b" if done else "wb") as stream, ThreadPoolExecutor(jobs) as pool:
            stream.truncate(done * cache.record_bytes)
            stream.seek(done * cache.record_bytes)
            for start in range(done, len(paths), CHUNK):
                for data in pool.map(record, paths[start : start + CHUNK]):
                    stream.write(data)
                stream.flush()
                if on_progress:
                    on_progress(min(start + CHUNK, len(paths)), len(paths))
        part.replace(cache.file)
    except OSError as error:
        raise OutputError(
            expected=f"room for {cache.record_bytes * len(paths) / 1e6:.0f} MB of resized images in "
            f"'{folder}'",
            received=error.strerror or str(error),
            hint="free some space or choose another output folder",
        ) from None
    return cache
