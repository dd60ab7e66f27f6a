"""Pictures whose neighbours in the order of file names are alike: bursts, film frames, sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from auditor.checks.base import skipped
from auditor.evidence import Scan
from auditor.evidence.neighbours import unit_rows
from auditor.finding import Effect, Finding, Fix
from auditor.scanning.schema import MEASURES

#: Consecutive images that make a block of the interval: longer than most bursts, so that blocks are nearly independent.
BLOCK = 25
#: Blocks needed: with fewer, nothing is decided (DESIGN.md).
FEWEST_BLOCKS = 10
#: Columns of the descriptor that are compared: the few that hold most of the looks. With all 128 the correlation of pictures from one
#: session drops to a third, for most columns are detail.
COLUMNS = 16
#: Cosine from which two pictures are shown as look-alikes.
ALIKE = 0.9

Rows = npt.NDArray[np.int64]


def natural_key(path: str) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    """Return a key that sorts a folder's files as people count: 2 before 10.

    Examples
    --------
    >>> sorted(["b/10.png", "b/2.png", "a/3.png"], key=natural_key)
    ['a/3.png', 'b/2.png', 'b/10.png']
    """
    folder, _, name = path.rpartition("/")
    parts = re.split(r"([0-9]+)", name)
    return folder, tuple((0, int(p), p) if p.isdecimal() and p.isascii() else (1, 0, p) for p in parts if p)


def consecutive(scan: Scan) -> tuple[Rows, Rows]:
    """Return pairs of rows that follow each other by name, of one folder, class and split, and of different groups."""
    rows = np.flatnonzero(scan.readable)
    paths = scan.images["path"].to_numpy(dtype=object)
    order = np.array(sorted(rows.tolist(), key=lambda r: (scan.splits[r], scan.labels[r], natural_key(str(paths[r])))), dtype=np.int64)
    first, second = order[:-1], order[1:]
    folders = np.array([p.rpartition("/")[0] for p in paths[order]], dtype=object)
    same = (scan.labels[first] == scan.labels[second]) & (scan.splits[first] == scan.splits[second]) & (folders[:-1] == folders[1:])
    same &= scan.groups[first] != scan.groups[second]
    return first[same], second[same]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionOrder:
    """Pictures whose neighbours in the order of file names are alike."""

    code: ClassVar[str] = "collection-order"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Correlation of consecutive pictures beyond that of any two of their class. 0.00 +- 0.01 on Fashion-MNIST and on photos of
    #: clothing, whose names are random; 0.19 on blood cells numbered by slide, 0.23 on handwritten digits in the order of their writers.
    warn_at: float = 0.1

    def __call__(self, scan: Scan) -> Iterator[Finding]:
        """Yield one finding."""
        first, second = consecutive(scan)
        if len(first) < FEWEST_BLOCKS * BLOCK // 5:
            yield skipped(self, f"{len(first)} pairs of consecutive file names of one class are too few to judge their order.")
            return
        unit = unit_rows(scan.descriptor[:, :COLUMNS])
        alike = np.einsum("ij,ij->i", unit[first], unit[second]).astype(float)
        expected = _expected(scan, unit, first)
        excess = alike - expected
        value = float(excess.mean())
        blocks = np.array_split(excess, max(len(excess) // BLOCK, FEWEST_BLOCKS))
        means = np.array([b.mean() for b in blocks])
        half = float(stdtrit(len(means) - 1, 0.975) * means.std(ddof=1) / np.sqrt(len(means)))
        low, high = max(value - half, -1.0), min(value + half, 1.0)
        bursts = alike > ALIKE
        property_name, serial = _drift(scan, first, second)
        cause = (
            f"{int(bursts.sum()):,} of {len(first):,} consecutive pairs are look-alikes (bursts or film frames)"
            if bursts.mean() > 0.05
            else f"{property_name} drifts along the order (serial correlation {serial:.2f})"
        )
        order = np.lexsort((second, first, -alike))[: max(int(bursts.sum()), 20)]
        paths = scan.images["path"].to_numpy(dtype=object)
        over = low > self.warn_at
        yield Finding(
            code=self.code,
            title=(
                "Pictures that follow each other by name look alike" if over else "The order of file names says little about the "
                "pictures"
            ),
            summary=(
                f"Consecutive pictures of one class correlate by {value:.3f} more than any two of that class (95 % interval {low:.3f} "
                f"to {high:.3f}; "
                f"{len(first):,} pairs, known groups and duplicates aside)."
                + (f" The named cause: {cause}." if high > self.warn_at else "")
            ),
            why=(
                "Images taken together are not independent: a random split puts neighbours into training and test, and test accuracy "
                "flatters."
            ),
            affected=len(np.unique(np.concatenate([first[bursts], second[bursts]]))) if high > self.warn_at else 0,
            total=int(scan.readable.sum()),
            effect=Effect(
                name="excess correlation of consecutive pictures", value=value, low=low, high=high, warn_at=self.warn_at,
                detectable=self.warn_at + half,
            ),
            fix=Fix(
                text="Name what was taken together (session, slide, film) in a group column, and split by it.",
                command="auditor split DATA --group session -o OUT",
            ),
            evidence=pd.DataFrame(
                {
                    "path": paths[first[order]],
                    "other_path": paths[second[order]],
                    "label": scan.labels[first[order]],
                    "split": scan.splits[first[order]],
                    "other_split": scan.splits[second[order]],
                    "score": alike[order].round(6),
                }
            )
            if high > self.warn_at
            else None,
            details={"pairs": len(first), "look_alikes": int(bursts.sum()), "property": property_name, "serial_correlation": serial},
        )  # fmt: skip


def _expected(scan: Scan, unit: npt.NDArray[np.float32], first: Rows) -> npt.NDArray[np.float64]:
    """Return the mean cosine of any two pictures of each row's class and split, from their sum alone."""
    kinds, kind = np.unique([f"{s}\0{c}" for s, c in zip(scan.splits[first], scan.labels[first], strict=True)], return_inverse=True)
    mean = np.empty(len(kinds))
    for k in range(len(kinds)):
        part = unit[first[kind == k]].astype(float)
        n = len(part)
        mean[k] = ((part.sum(axis=0) ** 2).sum() - (part**2).sum()) / (n * (n - 1)) if n > 1 else 0.0
    return np.asarray(mean[kind])


def _drift(scan: Scan, first: Rows, second: Rows) -> tuple[str, float]:
    """Return the measure with the largest serial correlation within classes, and that correlation."""
    kinds = np.unique([f"{s}\0{c}" for s, c in zip(scan.splits[first], scan.labels[first], strict=True)], return_inverse=True)[1]
    best = ("nothing that is measured", 0.0)
    for measure in MEASURES:
        x = scan.images[measure.name].to_numpy(dtype=float)
        centre = np.bincount(kinds, x[first]) / np.maximum(np.bincount(kinds), 1)
        a, b = x[first] - centre[kinds], x[second] - centre[kinds]
        scale = float(np.sqrt((a**2).mean() * (b**2).mean()))
        serial = float((a * b).mean() / scale) if scale > 0 else 0.0
        if serial > best[1]:
            best = (measure.title.lower(), round(serial, 4))
    return best
