"""Pictures whose neighbours in the order of file names are alike: bursts, film frames, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.checks.base import skipped
from auditor.evidence import Evidence
from auditor.evidence.inferred_groups import natural_key
from auditor.finding import Effect, Finding, Fix
from auditor.scanning.schema import MEASURES
from auditor.stats.nearest import scale_to_unit

#: Consecutive images that make a block of the interval: longer than most bursts, so that blocks are nearly
#: independent.
BLOCK = 25
#: Blocks needed: with fewer, nothing is decided (DESIGN.md).
FEWEST_BLOCKS = 10
#: Columns of the descriptor that are compared: the few that hold most of the looks. With all 128 the
#: correlation of pictures from one session drops to a third, for most columns are detail.
COLUMNS = 16
#: Cosine from which two pictures are shown as look-alikes.
ALIKE = 0.9

Rows = npt.NDArray[np.int64]


def path_key(path: str) -> str:
    """Return a text that sorts the files of a folder as people count, and folders by name.

    Examples
    --------
    >>> sorted(["b/10.png", "b/2.png", "a/3.png"], key=path_key)
    ['a/3.png', 'b/2.png', 'b/10.png']
    """
    folder, _, name = path.rpartition("/")
    return f"{folder}\0{natural_key(name)}\0{name}"


def consecutive(evidence: Evidence) -> tuple[Rows, Rows]:
    """Return pairs of rows that follow each other by name, of one folder, class and split, and of different groups."""
    rows = np.flatnonzero(evidence.readable)
    paths = evidence.images["path"].to_numpy(dtype=object)
    by_name = np.array(sorted(rows.tolist(), key=lambda r: path_key(str(paths[r]))), dtype=np.int64)
    labels, splits = (
        np.unique(column.astype(str), return_inverse=True)[1] for column in (evidence.labels, evidence.splits)
    )
    order = by_name[np.lexsort((labels[by_name], splits[by_name]))]
    first, second = order[:-1], order[1:]
    folders = pd.factorize(np.array([p.rpartition("/")[0] for p in paths], dtype=object))[0][order]
    same = (
        (evidence.labels[first] == evidence.labels[second])
        & (evidence.splits[first] == evidence.splits[second])
        & (folders[:-1] == folders[1:])
    )
    same &= evidence.groups[first] != evidence.groups[second]
    return first[same], second[same]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionOrder:
    """Pictures whose neighbours in the order of file names are alike."""

    code: ClassVar[str] = "collection-order"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Correlation of consecutive pictures beyond that of any two of their class. 0.00 +- 0.01 on
    #: Fashion-MNIST and on photos of clothing, whose names are random; 0.19 on blood cells numbered by slide,
    #: 0.23 on handwritten digits in the order of their writers.
    warn_at: float = 0.1
    #: Serial correlation of a measure within classes: at most 0.04 on photos of clothing, 0.47 on the blood
    #: cells.
    warn_measure: float = 0.3

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        first, second = consecutive(evidence)
        if len(first) < FEWEST_BLOCKS * BLOCK // 5:
            yield skipped(
                self,
                f"{len(first)} pairs of consecutive file names of one class are too few to judge their order.",
            )
            return
        unit = scale_to_unit(evidence.descriptor[:, :COLUMNS])
        alike = np.einsum("ij,ij->i", unit[first], unit[second]).astype(float)
        expected = _expected(evidence, unit, first)
        drifts = _drifts(evidence, first, second)
        candidates = [
            ("look", alike - expected, self.warn_at),
            *((title, series, self.warn_measure) for title, series in drifts.items()),
        ]
        # All candidates are tried, so their intervals hold together (Bonferroni); the one furthest beyond its
        # threshold is graded.
        intervals = [_interval(series, 0.05 / len(candidates)) for _, series, _ in candidates]
        best = max(range(len(candidates)), key=lambda i: intervals[i][1] / candidates[i][2])
        graded, _, warn_at = candidates[best]
        value, low, high = intervals[best]
        property_name, serial = max(
            ((t, float(x.mean())) for t, x in drifts.items()),
            key=lambda d: d[1],
            default=("nothing measured", 0.0),
        )
        bursts = alike > ALIKE
        cause = (
            f"{int(bursts.sum()):,} of {len(first):,} consecutive pairs are look-alikes (bursts or film frames)"
            if bursts.mean() > 0.05
            else f"{property_name} drifts along the order (serial correlation {serial:.2f})"
        )
        order = np.lexsort((second, first, -alike))[: max(int(bursts.sum()), 20)]
        paths = evidence.images["path"].to_numpy(dtype=object)
        over = low > warn_at
        yield Finding(
            code=self.code,
            title=(
                "Pictures that follow each other by name look alike" if over else "The order of file names says little about the pictures"
            ),
            summary=(
                (
                    f"Consecutive pictures of one class correlate by {value:.3f} more than any two of that class"
                    if graded == "look"
                    else f"Within classes, {graded} of consecutive pictures correlates by {value:.2f}"
                )
                + f" (95 % interval {low:.3f} to {high:.3f}; {len(first):,} pairs, known groups and duplicates aside)."
                + (f" The named cause: {cause}." if high > warn_at else "")
            ),
            why=(
                "Images taken together are not independent: a random split puts neighbours into training and test, and test accuracy "
                "flatters."
            ),
            affected=len(np.unique(np.concatenate([first[bursts], second[bursts]]))) if high > warn_at else 0,
            total=int(evidence.readable.sum()),
            effect=Effect(
                name="excess correlation of consecutive pictures" if graded == "look" else f"serial correlation of {graded}",
                value=value, low=low, high=high, warn_at=warn_at,
                detectable=min(1.0, warn_at + value - low),
            ),
            fix=Fix(
                text="Name what was taken together (session, slide, film) in a group column, and split by it.",
                command="auditor split DATA --group session -o OUT",
            ),
            examples=pd.DataFrame(
                {
                    "path": paths[first[order]],
                    "other_path": paths[second[order]],
                    "label": evidence.labels[first[order]],
                    "split": evidence.splits[first[order]],
                    "other_split": evidence.splits[second[order]],
                    "score": alike[order].round(6),
                }
            )
            if high > warn_at
            else None,
            details={"pairs": len(first), "look_alikes": int(bursts.sum()), "property": property_name, "serial_correlation": serial},
        )  # fmt: skip


def _expected(evidence: Evidence, unit: npt.NDArray[np.float32], first: Rows) -> npt.NDArray[np.float64]:
    """Return the mean cosine of any two pictures of each row's class and split, from their sum alone."""
    kinds, kind = np.unique(
        [f"{s}\0{c}" for s, c in zip(evidence.splits[first], evidence.labels[first], strict=True)],
        return_inverse=True,
    )
    mean = np.empty(len(kinds))
    for k in range(len(kinds)):
        part = unit[first[kind == k]].astype(float)
        n = len(part)
        mean[k] = ((part.sum(axis=0) ** 2).sum() - (part**2).sum()) / (n * (n - 1)) if n > 1 else 0.0
    return np.asarray(mean[kind])


def _interval(series: npt.NDArray[np.float64], alpha: float) -> tuple[float, float, float]:
    """Return the mean of a series and its interval, from the means of blocks of neighbours, which are nearly independent."""
    from scipy.special import stdtrit

    means = np.array(
        [block.mean() for block in np.array_split(series, max(len(series) // BLOCK, FEWEST_BLOCKS))]
    )
    value = float(series.mean())
    half = float(stdtrit(len(means) - 1, 1 - alpha / 2) * means.std(ddof=1) / np.sqrt(len(means)))
    return value, min(max(value - half, -1.0), value), max(min(value + half, 1.0), value)


def _drifts(evidence: Evidence, first: Rows, second: Rows) -> dict[str, npt.NDArray[np.float64]]:
    """Return for each measure the products whose mean is its serial correlation within classes and splits."""
    kinds = np.unique(
        [f"{s}\0{c}" for s, c in zip(evidence.splits[first], evidence.labels[first], strict=True)],
        return_inverse=True,
    )[1]
    size = np.maximum(np.bincount(kinds), 1)
    found = {}
    for measure in MEASURES:
        x = evidence.images[measure.name].to_numpy(dtype=float)
        a, b = (v - (np.bincount(kinds, v) / size)[kinds] for v in (x[first], x[second]))
        scale = float(np.sqrt((a**2).mean() * (b**2).mean()))
        if scale > 1e-6:
            found[measure.title.lower()] = np.clip(a * b / scale, -100, 100)
    return found
