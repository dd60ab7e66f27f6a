"""The most similar two images in different parts, by perceptual hash."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.duplicates.hashes import find_close_pairs
from auditor.record import SPLITS

#: Distinct hashes up to which all pairs are compared: 20,000 take about 2 CPU seconds.
ALL_PAIRS = 20_000
#: Above that, bits within which pairs are found: with more, tables of bands find most pairs of strangers too.
RADIUS = 4
#: Hashes of a bucket that each is compared with: larger ones hold pictures without structure.
BUCKET = 200
#: Rows of all pairs that are compared at once (16 MB).
ROWS_AT_ONCE = 100

Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestPair:
    """Two images in different parts, and how many of their 64 hash bits differ (at least, without paths)."""

    path: str
    other_path: str
    part: str
    other_part: str
    bits: int

    @property
    def sentence(self) -> str:
        """The pair in words."""
        if not self.path:
            return f"No two images in different parts are within {self.bits - 1} of 64 pHash bits."
        return (
            f"The most similar images in different parts differ in {self.bits} of 64 pHash bits: "
            f"'{self.path}' ({self.part}) and '{self.other_path}' ({self.other_part})."
        )


def _find_nearest_of_all(hashes: Hashes, part: Rows) -> tuple[int, int, int] | None:
    """Return the bits and the two rows of the nearest pair in different parts, every pair compared."""
    best: tuple[int, int, int] | None = None
    for start in range(0, len(hashes), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        bits = np.bitwise_count(hashes[rows, None] ^ hashes[None, start:])
        bits[part[rows, None] == part[None, start:]] = 255
        k = int(bits.argmin())
        lowest = int(bits.ravel()[k])
        if lowest < 255 and (best is None or lowest < best[0]):
            best = (lowest, start + k // bits.shape[1], start + k % bits.shape[1])
    return best


def _find_nearest_of_close(hashes: Hashes, part: Rows) -> tuple[int, int, int] | None:
    """Return the same of the pairs within `RADIUS`; ``None`` where there are none."""
    best: tuple[int, int, int] | None = None
    for number in range(int(part.max())):
        ours, others = np.flatnonzero(part == number), np.flatnonzero(part > number)
        _, query, base = find_close_pairs(hashes[None, ours], hashes[others], RADIUS, BUCKET)
        i, j = ours[query], others[base]
        bits = np.bitwise_count(hashes[i] ^ hashes[j])
        i, j = np.minimum(i, j), np.maximum(i, j)
        if len(bits):
            k = np.lexsort((j, i, bits))[0]
            found = (int(bits[k]), int(i[k]), int(j[k]))
            best = found if best is None else min(best, found)
    return best


def nearest_across(paths: pd.Series, phash: pd.Series, part: pd.Series) -> NearestPair | None:
    """Return the most similar two images in different parts.

    ``None`` where there are not two parts with hashes.

    Parameters
    ----------
    paths, phash, part : Series of str, shape (n_images,)
        ``phash`` is 16 hexadecimal digits, blank where unreadable; images without a part do not count.
    """
    used = np.flatnonzero(((phash != "") & (part != "")).to_numpy(dtype=bool))
    if not len(used):
        return None
    hashes = np.array([int(h, 16) for h in phash.to_numpy()[used]], dtype=np.uint64)
    present = set(part.to_numpy()[used])
    names = [*(s for s in SPLITS if s in present), *sorted(present - set(SPLITS))]
    code = part.iloc[used].map({name: i for i, name in enumerate(names)}).to_numpy(dtype=np.int64)
    if len(names) < 2:
        return None
    both = np.stack([hashes, code.astype(np.uint64)], axis=1)
    distinct = np.sort(np.unique(both, axis=0, return_index=True)[1])
    hashes, code, used = hashes[distinct], code[distinct], used[distinct]
    find = _find_nearest_of_all if len(hashes) <= ALL_PAIRS else _find_nearest_of_close
    found = find(hashes, code)
    if found is None:
        return NearestPair(path="", other_path="", part="", other_part="", bits=RADIUS + 1)
    bits, i, j = found
    if code[j] < code[i]:
        i, j = j, i
    return NearestPair(
        path=str(paths.iloc[used[i]]),
        other_path=str(paths.iloc[used[j]]),
        part=names[code[i]],
        other_part=names[code[j]],
        bits=bits,
    )
