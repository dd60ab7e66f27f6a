"""The most similar two images in different parts, by perceptual hash."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.record import SPLITS

#: Up to how many distinct hashes all pairs are compared: 20,000 take about 2 CPU seconds.
ALL_PAIRS = 20_000
#: Above that, only pairs within this many bits are found (exactly: 4 differing bits leave two of six bands
#: equal).
RADIUS = 4
#: Rows of a block of all pairs: 16 MB at a time.
BLOCK = 100
#: A bucket longer than this holds pictures without structure; its members are compared with that many
#: successors only.
STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestPair:
    """Two images in different parts, and how many of their 64 hash bits differ.

    Without paths, the least that they differ by.
    """

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


def _bands(hashes: npt.NDArray[np.uint64]) -> list[npt.NDArray[np.uint64]]:
    edges = (0, 11, 22, 33, 44, 54, 64)
    return [(hashes >> np.uint64(a)) & np.uint64((1 << (b - a)) - 1) for a, b in pairwise(edges)]


def _by_blocks(hashes: npt.NDArray[np.uint64], part: npt.NDArray[np.int64]) -> tuple[int, int, int] | None:
    best: tuple[int, int, int] | None = None
    for start in range(0, len(hashes), BLOCK):
        rows = slice(start, start + BLOCK)
        bits = np.bitwise_count(hashes[rows, None] ^ hashes[None, start:])
        bits[part[rows, None] == part[None, start:]] = 255
        k = int(bits.argmin())
        lowest = int(bits.ravel()[k])
        if lowest < 255 and (best is None or lowest < best[0]):
            best = (lowest, start + k // bits.shape[1], start + k % bits.shape[1])
    return best


def _by_bands(hashes: npt.NDArray[np.uint64], part: npt.NDArray[np.int64]) -> tuple[int, int, int] | None:
    bands = _bands(hashes)
    best: tuple[int, int, int] | None = None
    for first, second in combinations(range(6), 2):
        key = (bands[first] << np.uint64(11)) | bands[second]
        order = np.argsort(key, kind="stable")
        ranked = key[order]
        for step in range(1, STEPS):
            same = np.flatnonzero(ranked[step:] == ranked[:-step])
            if not len(same):
                break
            i, j = np.minimum(order[same], order[same + step]), np.maximum(order[same], order[same + step])
            apart = part[i] != part[j]
            i, j = i[apart], j[apart]
            bits = np.bitwise_count(hashes[i] ^ hashes[j])
            if len(bits):
                k = np.lexsort((j, i, bits))[0]
                found = (int(bits[k]), int(i[k]), int(j[k]))
                if found[0] <= RADIUS and (best is None or found < best):
                    best = found
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
    distinct = np.sort(
        np.unique(np.stack([hashes, code.astype(np.uint64)], axis=1), axis=0, return_index=True)[1]
    )
    hashes, code, used = hashes[distinct], code[distinct], used[distinct]
    small = len(hashes) <= ALL_PAIRS
    found = _by_blocks(hashes, code) if small else _by_bands(hashes, code)
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
