"""Pictures whose neighbours in the order of file names are alike: bursts, film frames, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.checks.base import Check, Wording, skipped
from auditor.checks.examples import list_examples
from auditor.evidence import Evidence
from auditor.evidence.inferred_groups import natural_key
from auditor.finding import Effect, Finding, Severity, grade
from auditor.scanning.schema import MEASURES
from auditor.stats.nearest import scale_to_unit

#: Images in a block of the interval: longer than most bursts, so blocks are nearly independent.
BLOCK = 25
#: Fewest blocks that decide anything: fewer cannot show how much blocks vary.
FEWEST_BLOCKS = 10
#: Columns of the descriptor: with all 128, most of them detail, the correlation drops to a third.
COLUMNS = 16
#: Cosine from which two pictures are shown as look-alikes.
ALIKE = 0.9
#: Share of look-alike pairs above which bursts, rather than a drift, are named as the cause.
BURSTS = 0.05
#: Pairs that are shown at least.
FEWEST_SHOWN = 20

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


def find_consecutive(evidence: Evidence) -> tuple[Rows, Rows]:
    """Return pairs of rows that follow each other by name in one folder, class and split."""
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


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """How alike files are that follow each other by name.

    Attributes
    ----------
    first, second : ndarray of int64
        Rows of the pairs.
    alike : ndarray of float
        Cosine of the two pictures of each pair.
    graded : str
        "look", or the property whose correlation is furthest beyond its threshold.
    value, low, high : float
        That correlation with its interval.
    warn_at : float
    drifting : str
        The property with the highest serial correlation.
    serial : float
        Its serial correlation.
    """

    first: Rows
    second: Rows
    alike: npt.NDArray[np.float64]
    graded: str
    value: float
    low: float
    high: float
    warn_at: float
    drifting: str
    serial: float

    @property
    def bursts(self) -> npt.NDArray[np.bool_]:
        """Which pairs are look-alikes."""
        return self.alike > ALIKE


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionOrder(Check):
    """Pictures whose neighbours in the order of file names are alike.

    Parameters
    ----------
    warn_at : float
        Correlation of consecutive pictures, beyond that of any two of their class, over which it is a
        warning. It is 0.00 +- 0.01 on Fashion-MNIST and on photos of clothing, whose names are random; 0.19
        on blood cells numbered by slide, 0.23 on handwritten digits in the order of their writers.
    warn_measure : float
        Serial correlation of a measure within classes over which it is a warning: at most 0.04 on photos of
        clothing, 0.47 on the blood cells.
    """

    code = "collection-order"
    family = "Labels, outliers, shortcuts"
    measured = (
        "Correlation of consecutive pictures, and serial correlation of measures, in the order of file names "
        "and within classes, with intervals over blocks of neighbours. Graded is the one that is furthest "
        "beyond its threshold."
    )
    limits = "It goes by file names: where these are random, bursts are seen only by `near-duplicate`."
    words = Wording(
        found="Neighbouring files look alike",
        fine="Neighbouring files are hardly alike",
        undecided="Neighbouring files may look alike",
        why=(
            "Images taken together are not independent: a random split puts neighbours into training and "
            "test, and test accuracy is too good."
        ),
        fix=(
            "Name what was taken together (session, slide, film) in a column of a table, and split by it "
            "with `--group` and the column's name."
        ),
    )

    warn_at: float = 0.1
    warn_measure: float = 0.3

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        first, second = find_consecutive(evidence)
        if len(first) < FEWEST_BLOCKS * BLOCK // 5:
            yield skipped(
                self,
                f"{len(first)} pairs of consecutive file names of one class are too few to judge their "
                "order.",
            )
            return
        found = self._measure(evidence, first, second)
        effect = Effect(
            name="excess correlation of consecutive pictures"
            if found.graded == "look"
            else f"serial correlation of {found.graded}",
            value=found.value, low=found.low, high=found.high, warn_at=found.warn_at,
            detectable=min(1.0, found.warn_at + found.value - found.low),
        )  # fmt: skip
        doubtful = grade(effect) is not Severity.PASS
        bursts = found.bursts
        worst = np.lexsort((second, first, -found.alike))[: max(int(bursts.sum()), FEWEST_SHOWN)]
        yield self.make_finding(
            _summarise(found, grade(effect)),
            effect,
            affected=len(np.unique([first[bursts], second[bursts]])) if doubtful else 0,
            total=int(evidence.readable.sum()),
            examples=list_examples(evidence, first[worst], found.alike[worst], others=second[worst])
            if doubtful
            else None,
            details={
                "pairs": len(first),
                "look_alikes": int(bursts.sum()),
                "property": found.drifting,
                "serial_correlation": found.serial,
            },
        )

    def _measure(self, evidence: Evidence, first: Rows, second: Rows) -> Order:
        unit = scale_to_unit(evidence.descriptor[:, :COLUMNS])
        alike = np.einsum("ij,ij->i", unit[first], unit[second]).astype(float)
        drifts = _drifts(evidence, first, second)
        candidates = [
            ("look", alike - _expected(evidence, unit, first), self.warn_at),
            *((title, series, self.warn_measure) for title, series in drifts.items()),
        ]
        # All candidates are tried, so their intervals hold together (Bonferroni); the one furthest beyond its
        # threshold is graded.
        intervals = [_interval(series, 0.05 / len(candidates)) for _, series, _ in candidates]
        best = max(range(len(candidates)), key=lambda i: intervals[i][1] / candidates[i][2])
        serial = {title: float(series.mean()) for title, series in drifts.items()}
        drifting = max(serial, key=lambda title: serial[title], default="nothing measured")
        graded, _, warn_at = candidates[best]
        return Order(
            first, second, alike, graded, *intervals[best], warn_at, drifting, serial.get(drifting, 0.0)
        )


def _summarise(found: Order, severity: Severity) -> str:
    size = f"correlation {found.value:+.2f}"
    if severity is Severity.PASS:
        return f"Neighbouring files are hardly more alike than any two images of their class ({size})."
    if severity is Severity.UNDECIDED:
        return f"Neighbouring files may come from one session, but too few images are there to say ({size})."
    summary = f"Neighbouring files look alike; they may come from one session ({size})."
    if found.bursts.mean() > BURSTS:
        number = f"{int(found.bursts.sum()):,} of {len(found.first):,}"
        return f"{summary} {number} neighbouring pairs look like bursts or film frames."
    return f"{summary} The {found.drifting} drifts along the file names."


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
    """Return the mean of a series and its interval, from the means of blocks of neighbours."""
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
