"""Classes whose pictures differ between splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from auditor.checks.shift_pairs import (
    Distance,
    Pair,
    advice,
    class_codes,
    compare,
    detectable,
    exhibit,
    in_words,
    pairs,
    undecided_because,
)
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, Severity, grade
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES

#: Leading columns of the descriptor that are compared in every class, beside the properties.
COLUMNS = 8
#: Classes named beside the worst, and images shown as evidence.
SHOWN, EXHIBITS = 3, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassContentShift:
    """Classes that look different in two splits, whatever their shares."""

    code: ClassVar[str] = "class-content-shift"
    needs: ClassVar[frozenset[str]] = frozenset({"labels", "splits"})
    about_splits: ClassVar[bool] = True

    #: As for properties: a Kolmogorov-Smirnov distance below 0.05 is found everywhere and changes nothing.
    warn_distance: float = 0.05
    #: Half of a class in one split is unlike anything of it in the other.
    error_distance: float = 0.5

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per pair of splits with classes, about the class that differs most."""
        compared = False
        for pair in pairs(evidence, labelled=True):
            compared = True
            yield self._compare(evidence, pair)
        if not compared:
            yield Finding(
                code=self.code,
                title="Class content was not compared",
                summary="There are not two splits with classes.",
            )

    def _compare(self, evidence: Evidence, pair: Pair) -> Finding:
        classes, codes, other = class_codes(evidence, pair)
        numbers = _numbers(evidence)
        shared = np.intersect1d(codes, other)
        inside = {str(classes[k]): _within(pair, codes == k, other == k) for k in shared}
        ready = {name: part for name, part in inside.items() if part.decidable}
        small = len(classes) - len(ready)
        if not ready:
            return Finding(
                code=self.code,
                scope=pair.scope,
                title=f"Too few images to compare classes between {pair.first} and {pair.second}",
                summary="No class has ten independent groups of images in both.",
                total=len(other),
                effect=Effect(
                    name="largest Kolmogorov-Smirnov distance within a class",
                    value=0,
                    low=0,
                    high=1,
                    warn_at=self.warn_distance,
                ),
                splits=(pair.first, pair.second),
            )
        alpha = pair.alpha / len(ready) / len(numbers)
        found: list[tuple[Distance, str, str]] = []
        for name, part in ready.items():
            compared = [
                (compare(part, values[part.rows], values[part.other_rows], alpha), name, title)
                for title, values in numbers.items()
            ]
            found.append(max(compared, key=lambda c: (c[0].low, c[0].value)))
        found.sort(key=lambda c: (-c[0].low, -c[0].value, c[1]))
        worst, name, title = found[0]
        effect = Effect(
            name=f"largest Kolmogorov-Smirnov distance within a class ({name})",
            value=worst.value, low=worst.low, high=max(d.high for d, _, _ in found),
            warn_at=self.warn_distance, error_at=self.error_distance,
            detectable=detectable(self.warn_distance, worst.half_width, *worst.sizes),
        )  # fmt: skip
        severity = grade(effect)
        shifted = [f for f in found if f[0].low > self.warn_distance]
        between = f"between {pair.first} and {pair.second}"
        titles = {
            Severity.PASS: f"Each class looks alike {between}",
            Severity.UNDECIDED: f"Too few images to say whether classes look alike {between}",
        }
        summary = (
            f"{name} differs most, by {title}: Kolmogorov-Smirnov distance {worst.value:.2f} ({in_words(worst.low, worst.high)}; "
            f"{len(ready[name].rows):,} and {len(ready[name].other_rows):,} images)."
        )
        if shifted[1:]:
            summary += (
                f" Also {', '.join(f'{n} by {t} ({d.value:.2f})' for d, n, t in shifted[1 : 1 + SHOWN])}"
            )
            summary += f" and {len(shifted) - 1 - SHOWN} more classes." if len(shifted) > 1 + SHOWN else "."
        if small:
            summary += (
                f" {small} classes have fewer than ten independent groups on one side and were not compared."
            )
        if severity is Severity.UNDECIDED:
            summary += undecided_because(effect, pair)
        values, part = numbers[title], ready[name]
        toward = values[part.other_rows] if worst.rises else -values[part.other_rows]
        return Finding(
            code=self.code,
            scope=pair.scope,
            title=titles.get(
                severity,
                f"{len(shifted)} {'class looks' if len(shifted) == 1 else 'classes look'} different {between}",
            ),
            summary=summary,
            why="The class is learned from one kind of picture and measured on another: its recall there is not what the field will see.",
            affected=sum(round(d.value * len(ready[n].other_rows)) for d, n, _ in shifted),
            total=len(other),
            effect=effect,
            fix=advice(
                effect,
                pair,
                worst.sizes,
                Fix(
                    text=f"Find out how the images of {name} in {pair.second} were made; split again, or collect more of both kinds.",
                    command="auditor split DATA --replace",
                ),
            ),
            examples=exhibit(evidence, part.other_rows, _to_unit(toward), pair.second, pair.first).head(
                EXHIBITS
            )
            if shifted
            else None,
            classes=tuple(n for _, n, _ in shifted),
            splits=(pair.first, pair.second),
            details={
                "classes": {
                    n: {"distance": d.value, "low": d.low, "high": d.high, "by": t} for d, n, t in found
                },
                "not_compared": small,
                "p_value": min(min(d.p_value for d, _, _ in found) * len(ready) * len(numbers), 1.0),
            },
        )


def _numbers(evidence: Evidence) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """What is compared, by its title: the properties and the leading columns of the descriptor; a value per image of the scan."""
    measures = [m for m in (*MEASURES, *SHAPE_MEASURES) if m.name in evidence.images.columns]
    columns = min(COLUMNS, evidence.descriptor.shape[1])
    return {
        **{m.title.lower(): evidence.images[m.name].to_numpy(dtype=float) for m in measures},
        **{
            f"direction {k + 1} of the descriptor": evidence.descriptor[:, k].astype(float)
            for k in range(columns)
        },
    }


def _within(
    pair: Pair,
    mine: np.ndarray[tuple[int], np.dtype[np.bool_]],
    theirs: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Pair:
    """Return the pair restricted to some of its images."""
    return replace(
        pair,
        rows=pair.rows[mine],
        other_rows=pair.other_rows[theirs],
        groups=pair.groups[mine],
        other_groups=pair.other_groups[theirs],
    )


def _to_unit(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Ranks in (0, 1]."""
    return (np.argsort(np.argsort(values, kind="stable"), kind="stable") + 1) / max(len(values), 1)
