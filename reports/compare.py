"""Two audits of two versions of a data set: what changed, and whether anything got worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.finding import Effect, Finding, Severity
from auditor.record import Record
from auditor.reports.changes import ImageChanges, compare_images
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES
from auditor.stats.clusters import effective_size_of_values
from auditor.stats.distance import dkw_half_width, kolmogorov_smirnov

Values: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.int64]

#: What became of a finding, in the order in which it is reported.
OUTCOMES = ("new", "worse", "not checked any more", "resolved", "better", "newly checked", "unchanged")
#: Outcomes that mean that the data got worse.
WORSE = ("new", "worse", "not checked any more")
#: Normal quantile of a 95 % interval.
Z = 1.959964


@dataclass(frozen=True, slots=True)
class FindingChange:
    """What became of a finding; ``old`` or ``new`` is ``None`` where there was none."""

    id: str
    outcome: str
    old: Finding | None
    new: Finding | None


@dataclass(frozen=True, slots=True)
class MeasureChange:
    """A measure before and after: means with 95 % intervals, and the Kolmogorov-Smirnov distance."""

    name: str
    title: str
    unit: str
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    distance: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What changed from one audit to another.

    Attributes
    ----------
    old, new : Record
    images : ImageChanges
    measures : tuple of MeasureChange
        Those that changed most come first.
    findings : tuple of FindingChange
        In the order of `OUTCOMES`, then as in the audits.
    """

    old: Record
    new: Record
    images: ImageChanges
    measures: tuple[MeasureChange, ...]
    findings: tuple[FindingChange, ...]

    @property
    def same_data(self) -> bool:
        """Whether both audits looked at the same paths, labels and bytes."""
        return self.old.dataset.fingerprint == self.new.dataset.fingerprint

    @property
    def got_worse(self) -> bool:
        """Whether a finding is new, worse, or open before and no longer checked."""
        return any(change.outcome in WORSE for change in self.findings)

    def of(self, outcome: str) -> tuple[FindingChange, ...]:
        """Return the findings with an outcome."""
        return tuple(change for change in self.findings if change.outcome == outcome)


def compare_records(old: Record, new: Record) -> Comparison:
    """Compare two audits.

    A finding is *worse* where its severity is, or, at the same severity, where a counted effect is larger or
    an estimated one lies wholly beyond its former interval. A counted share is larger where more images have
    the fault: not where others were removed. A waived finding counts as closed. Time is linear
    in the number of images.
    """
    return Comparison(
        old,
        new,
        compare_images(old.images, new.images),
        _measures(old, new),
        compare_findings(old.findings, new.findings),
    )


def compare_findings(old: Sequence[Finding], new: Sequence[Finding]) -> tuple[FindingChange, ...]:
    """Say what became of each finding that is open in either audit."""
    before, after = {f.id: f for f in old}, {f.id: f for f in new}
    made = {f.code for f in new if f.severity is not Severity.SKIPPED}
    former = {f.code for f in old if f.severity is not Severity.SKIPPED}
    changes = [
        FindingChange(
            key, _judge(before.get(key), after.get(key), former, made), before.get(key), after.get(key)
        )
        for key in dict.fromkeys([*after, *before])
    ]
    reported = [c for c in changes if c.outcome]
    return tuple(sorted(reported, key=lambda c: OUTCOMES.index(c.outcome)))


def _outcome(old: Finding | None, new: Finding | None, former: set[str], made: set[str]) -> str:
    if old is None or not old.is_open:
        if new is None or not new.is_open:
            return ""
        return "new" if new.code in former else "newly checked"
    if new is None or new.severity is Severity.SKIPPED:
        return "resolved" if new is None and old.code in made else "not checked any more"
    if not new.is_open:
        return "resolved"
    if new.severity is not old.severity:
        return "worse" if new.severity.rank < old.severity.rank else "better"
    return _effect_outcome(old.effect, new.effect)


def _judge(old: Finding | None, new: Finding | None, former: set[str], made: set[str]) -> str:
    """Return what became of a finding; a counted share that grew because the whole shrank is no worse."""
    outcome = _outcome(old, new, former, made)
    if old is None or new is None or old.waiver is not None or outcome not in ("new", "worse"):
        return outcome
    effects = [f.effect for f in (old, new) if f.effect is not None and f.effect.unit == "share"]
    shares = len(effects) == 2 and all(e.low == e.high for e in effects)
    return "unchanged" if shares and 0 < new.affected <= old.affected else outcome


def _effect_outcome(old: Effect | None, new: Effect | None) -> str:
    if old is None or new is None:
        return "unchanged"
    sign = 1 if new.worse == "higher" else -1
    before, after = sorted((sign * old.low, sign * old.high)), sorted((sign * new.low, sign * new.high))
    if after[0] > before[1]:
        return "worse"
    return "better" if after[1] < before[0] else "unchanged"


def _measures(old: Record, new: Record) -> tuple[MeasureChange, ...]:
    changes = []
    old_groups, new_groups = _groups(old), _groups(new)
    for measure in (*MEASURES, *SHAPE_MEASURES):
        if measure.name not in old.images or measure.name not in new.images:
            continue
        before, groups = _known(old.images[measure.name], old_groups)
        after, other_groups = _known(new.images[measure.name], new_groups)
        if len(before) < 2 or len(after) < 2:
            continue
        distance = abs(kolmogorov_smirnov(before, after)[0])
        half = dkw_half_width(_worth(before, groups), _worth(after, other_groups), 0.05)
        changes.append(
            MeasureChange(
                measure.name,
                measure.title,
                measure.unit,
                mean_interval(before, groups),
                mean_interval(after, other_groups),
                (distance, max(distance - half, 0.0), min(distance + half, 1.0)),
            )
        )
    return tuple(sorted(changes, key=lambda c: -round(c.distance[0], 6)))


def _groups(record: Record) -> Codes | None:
    """Number the groups of images, an image without one being its own; ``None`` where no image has one."""
    if "group" not in record.images or not (record.images["group"] != "").any():
        return None
    names = record.images["group"].to_numpy(dtype=object)
    codes = pd.factorize(names)[0].astype(np.int64)
    alone = names == ""
    codes[alone] = len(names) + np.arange(alone.sum())
    return codes


def _known(column: pd.Series, groups: Codes | None) -> tuple[Values, Codes | None]:
    """Return the numbers of a column that are known, and their groups."""
    values = column.to_numpy(dtype=float)
    known = np.isfinite(values)
    return values[known], None if groups is None else groups[known]


def _worth(values: Values, groups: Codes | None) -> float:
    """How many independent images a sample is worth."""
    return len(values) if groups is None else effective_size_of_values(values, groups, 0.05)


def mean_interval(values: Values, groups: Codes | None = None) -> tuple[float, float, float]:
    """Return a mean with its 95 % interval; images of one group do not count as independent.

    With groups the variance is that between them (ultimate clusters), and Student's quantile has one degree
    of freedom less than there are groups. A single group has no interval.

    Parameters
    ----------
    values : ndarray of float, shape (n_images,)
    groups : ndarray of int, shape (n_images,), optional

    References
    ----------
    Cochran, "Sampling Techniques", 3rd edition, 1977, section 6.3 (the ratio of two totals over clusters).
    """
    middle = float(values.mean())
    if groups is None:
        half = Z * float(values.std(ddof=1)) / math.sqrt(len(values))
        return middle, middle - half, middle + half
    present, numbers = np.unique(groups, return_inverse=True)
    count = len(present)
    if count < 2:
        return middle, -math.inf, math.inf
    from scipy.special import stdtrit

    totals = np.bincount(numbers, weights=values - middle)
    half = (
        float(stdtrit(count - 1, 0.975))
        * math.sqrt(float((totals**2).sum()) * count / (count - 1))
        / len(values)
    )
    return middle, middle - half, middle + half
