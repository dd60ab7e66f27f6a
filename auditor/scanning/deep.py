"""16-bit pictures in 8 bits: those of one data set share one white, which no hot pixel sets.

Detectors of 10, 12 or 14 bits write files of 16: taken at their word such pictures are black, and scaled one by one
they do not compare.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from auditor.dataset import Dataset, Source, is_native
from auditor.readers import apart
from auditor.readers.boxes import Crops

#: Endings of files that usually hold 16 bits, where any do.
ENDINGS = (".png", ".tif", ".tiff")
#: Files that tell a data set's white: their share beyond a level is good to a few hundredths.
SAMPLE = 64
#: Share of a picture's pixels that may be brighter than its level: hot pixels are about one in 10,000.
HOT = 1e-3
#: Quantile of the levels that is white: a few pictures of another exposure do not set it.
TYPICAL = 0.9
#: Steps of white per doubling, so that some more pictures seldom change it.
STEPS = 4
#: The largest values of 8 and of 16 bits.
LEAST, MOST = 255, 65535
#: Depths of detectors, for a picture whose data set is not known.
CAMERA_BITS = (8, 12, 16)


def from_deep(pixels: npt.NDArray[np.uint16], white: int = 0) -> npt.NDArray[np.uint8]:
    """Return 16-bit pixels in 8 bits.

    Parameters
    ----------
    pixels : ndarray of uint16
    white : int
        The value that becomes 255, as those above it do; 0: that of the smallest of `CAMERA_BITS` that holds the
        picture's `level`.

    Examples
    --------
    >>> from_deep(np.array([0, 2048, 4095, 65535], np.uint16), 4095).tolist()
    [0, 128, 255, 255]
    """
    if not white:
        top = level(pixels)
        white = (1 << next(bits for bits in CAMERA_BITS if top < 1 << bits)) - 1
    return np.asarray(_table(white)[pixels], dtype=np.uint8)


@lru_cache(maxsize=4)
def _table(white: int) -> npt.NDArray[np.uint8]:
    """Return what each of 65,536 values becomes: of 4,095 the upper 8 of 12 bits."""
    return np.minimum(np.arange(MOST + 1, dtype=np.int64) * 256 // (white + 1), 255).astype(np.uint8)


def level(pixels: npt.NDArray[np.uint16]) -> int:
    """Return the value that all but `HOT` of the pixels, and all but one, stay at or below.

    Examples
    --------
    >>> level(np.array([7] * 9 + [60000], np.uint16)), level(np.array([], np.uint16))
    (7, 0)
    """
    values = pixels.ravel()
    if values.size < 2:
        return int(values.max(initial=0))
    place = values.size - 1 - max(1, int(HOT * values.size))
    return int(np.partition(values, place)[place])


def white_of(levels: Sequence[int]) -> int:
    """Return the white of pictures with these levels, in `STEPS` per doubling; 0 of none.

    Examples
    --------
    >>> white_of([4000, 4095, 3000]), white_of([4100, 4300]), white_of([200]), white_of([65535]), white_of([])
    (4095, 4869, 255, 65535, 0)
    """
    if not levels:
        return 0
    typical = float(np.quantile(np.array(levels), TYPICAL, method="higher"))
    step = math.ceil(STEPS * math.log2(max(typical, LEAST) + 1) - 1e-9)
    return min(int(2 ** (step / STEPS)) - 1, MOST)


def common_white(dataset: Dataset) -> int:
    """Return the white that the 16-bit pictures of a data set share.

    By a sample of its files, the same for any engine; 0 where it holds none.
    """
    source: Source = dataset.source
    names: Iterable[str] = dataset.samples["path"]
    if isinstance(source, Crops):  # whole images: making a crop would decode one for nothing
        names, source = source.boxes, source.images
    paths = sorted(path for path in names if path.lower().endswith(ENDINGS))
    if not paths:
        return 0
    places = np.unique(np.linspace(0, len(paths) - 1, SAMPLE).round().astype(int))
    some = [paths[place] for place in places]
    if not is_native(source):
        return white_of(levels(source, some))
    found: list[int] = []
    for path in some:  # one by one: a file may end the process that decodes it
        try:
            found.extend(apart.call(f"{__name__}:levels", source, [path]))
        except (OSError, ValueError):
            continue
    apart.end()
    return white_of(found)


def levels(source: Source, paths: Sequence[str]) -> list[int]:
    """Return the `level` of each of some files that is of 16 bits."""
    found = []
    read = getattr(source, "whole", source.read)  # a source of crops decodes in `read`
    for path in paths:
        try:
            pixels = _deep_pixels(read(path))
        except (OSError, ValueError, MemoryError):
            continue
        if pixels is not None:
            found.append(level(pixels))
    return found


def _deep_pixels(data: bytes) -> npt.NDArray[np.uint16] | None:
    """Return the pixels of a picture of 16 bits without alpha; ``None`` of any other."""
    import cv2

    from auditor.scanning.probe import probe

    header = probe(data)
    if header is not None and (header.bits != 16 or not header.usual):
        return None
    if header is None and data[:4] not in (b"II*\0", b"MM\0*"):
        return None
    try:
        pixels = cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error:
        return None
    if pixels is None or pixels.dtype != np.uint16:
        return None
    return np.asarray(pixels[..., :3] if pixels.ndim == 3 else pixels, dtype=np.uint16)
