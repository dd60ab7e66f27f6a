"""Classes whose pictures differ between splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from auditor.checks.base import Check, Wording, skipped
from auditor.checks.examples import list_examples, name_some
from auditor.checks.shift_pairs import (
    Distance,
    Pair,
    advice,
    class_codes,
    compare,
    conclude,
    detectable,
    pairs,
)
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, percent, plural
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES
from auditor.stats.bands import bonferroni_quantile
from auditor.stats.clusters import FEWEST_GROUPS

#: Leading columns of the descriptor that are compared in every class, beside the properties.
COLUMNS = 8
#: Classes named beside the worst, and images shown.
SHOWN, EXAMPLES = 3, 100

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClassDistance:
    """By what one class differs most between two splits.

    Attributes
    ----------
    name, by : str
        The class, and what it differs by.
    distance : Distance
    pair : Pair
        The images of the class alone.
    """

    name: str
    by: str
    distance: Distance
    pair: Pair

    @property
    def kind(self) -> str:
        """What it differs by, in plain words."""
        return "look" if self.by.startswith("direction ") else self.by


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassContentShift(Check):
    """Classes that look different in two splits, whatever their shares.

    Parameters
    ----------
    warn_distance : float
        Kolmogorov-Smirnov distance within a class over which it is a warning: below 0.05 it is found
        everywhere and changes nothing.
    error_distance : float
        The same distance over which it is an error: half of a class in one split is unlike anything of it in
        the other.
    accept_distance : float
        The largest distance that may remain unproven in a pass. Deepchecks' default condition calls a
        property drifted above 0.2; this stays below it.
    """

    code = "class-content-shift"
    family = "Mismatch between splits"
    needs = frozenset({"labels", "splits"})
    about_splits = True
    measured = (
        "As `property-shift` and `content-shift`, within each class of at least ten independent groups a "
        "side. Graded is the largest distance."
    )
    limits = "Small classes have wide intervals and stay undecided."
    words = Wording(
        found="Some classes look different in {0} and {1}",
        fine="Each class looks alike in {0} and {1}",
        undecided="Too few images to compare within classes",
        why=(
            "The class is learned from one kind of picture and measured on another: its recall there is not "
            "what the field will see."
        ),
        fix=(
            "Find out how the images of these classes were made in either split; split again, or collect "
            "more of both kinds."
        ),
        command="auditor split DATA --replace -o OUT",
    )

    warn_distance: float = 0.05
    error_distance: float = 0.5
    accept_distance: float = 0.15

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per pair of splits with classes, about the class that differs most."""
        found = [self._compare(evidence, pair) for pair in pairs(evidence, self.code, labelled=True)]
        yield from found or [skipped(self, "There are not two splits with classes.")]

    def _compare(self, evidence: Evidence, pair: Pair) -> Finding:
        numbers = _numbers(evidence)
        found, left_out = find_distances(pair, numbers, *class_codes(evidence, pair))
        if not found:
            return self._undecidable(pair)
        worst = found[0]
        d = worst.distance
        effect = Effect(
            name=f"largest Kolmogorov-Smirnov distance within a class ({worst.name})",
            value=d.value, low=d.low, high=max(f.distance.high for f in found),
            warn_at=self.warn_distance, error_at=self.error_distance,
            detectable=detectable(self.warn_distance, d.half_width, *d.sizes),
            accept_at=self.accept_distance,
        )  # fmt: skip
        shifted = [f for f in found if f.distance.low > self.warn_distance]
        examples = None
        if shifted:
            toward = numbers[worst.by][worst.pair.other_rows] * (1 if d.rises else -1)
            examples = list_examples(evidence, worst.pair.other_rows, _ranks(toward), other_split=pair.first)
        return self.make_finding(
            conclude(_summarise(found, shifted, left_out, pair), effect, pair, "No class differs"),
            effect,
            scope=pair.scope,
            title="One class looks different in {0} and {1}" if len(shifted) == 1 else "",
            fix=advice(effect, pair, d.sizes, self.words.make_fix()),
            affected=sum(round(f.distance.value * len(f.pair.other_rows)) for f in shifted),
            total=len(pair.other_rows),
            examples=None if examples is None else examples.head(EXAMPLES),
            classes=tuple(f.name for f in shifted),
            splits=(pair.first, pair.second),
            details={
                "classes": {
                    f.name: {
                        "distance": f.distance.value,
                        "low": f.distance.low,
                        "high": f.distance.high,
                        "by": f.by,
                    }
                    for f in found
                },
                "not_compared": left_out,
                "p_value": min(min(f.distance.p_value for f in found) * len(found) * len(numbers), 1.0),
            },
        )

    def _undecidable(self, pair: Pair) -> Finding:
        effect = Effect(
            name="largest Kolmogorov-Smirnov distance within a class",
            value=0,
            low=0,
            high=1,
            warn_at=self.warn_distance,
        )
        return self.make_finding(
            f"No class has {FEWEST_GROUPS} independent groups of images in both splits.",
            effect,
            scope=pair.scope,
            fix=advice(effect, pair, (0, 0), self.words.make_fix()),
            total=len(pair.other_rows),
            splits=(pair.first, pair.second),
        )


def find_distances(
    pair: Pair,
    numbers: dict[str, Floats],
    classes: npt.NDArray[np.str_],
    codes: npt.NDArray[np.int64],
    other: npt.NDArray[np.int64],
) -> tuple[list[ClassDistance], int]:
    """Return by what each class differs most, worst first, and how many classes have too few groups."""
    inside = {str(classes[k]): _within(pair, codes == k, other == k) for k in np.intersect1d(codes, other)}
    ready = {name: part for name, part in inside.items() if part.decidable}
    found = []
    band = bonferroni_quantile(len(ready) * len(numbers), pair.alpha)
    for name, part in ready.items():
        compared = [
            ClassDistance(name, by, compare(part, values[part.rows], values[part.other_rows], band), part)
            for by, values in numbers.items()
        ]
        found.append(max(compared, key=lambda f: (f.distance.low, f.distance.value)))
    found.sort(key=lambda f: (-f.distance.low, -f.distance.value, f.name))
    return found, len(classes) - len(ready)


def _summarise(found: list[ClassDistance], shifted: list[ClassDistance], left_out: int, pair: Pair) -> str:
    worst = found[0]
    d = worst.distance
    mine, theirs = (percent(share) for share in d.shares)
    above = (
        "share one trait"
        if worst.kind == "look"
        else f"are above {d.at:,.0f}"
        if abs(d.at) >= 1000
        else f"are above {d.at:.3g}"
    )
    summary = (
        f"{worst.name} differs most, by {'its look' if worst.kind == 'look' else worst.kind}: {theirs} of "
        f"its {pair.second} images and {mine} of its {pair.first} "
        f"images {above}."
    )
    if shifted[1:]:
        others = [f"{f.name} by {f.kind}" for f in shifted[1:]]
        summary += f" Also {name_some(others, SHOWN)}."
    if left_out:
        few = plural(left_out, "class has", "classes have")
        summary += f" Not compared: {few} too few independent groups in a split."
    return summary


def _numbers(evidence: Evidence) -> dict[str, Floats]:
    """Return what is compared, a value per image: properties and leading columns of the descriptor."""
    measures = [m for m in (*MEASURES, *SHAPE_MEASURES) if m.name in evidence.images.columns]
    columns = evidence.descriptor[:, :COLUMNS].astype(float).T
    return {
        **{m.title.lower(): evidence.images[m.name].to_numpy(dtype=float) for m in measures},
        **{f"direction {k} of the descriptor": column for k, column in enumerate(columns, 1)},
    }


def _within(pair: Pair, mine: npt.NDArray[np.bool_], theirs: npt.NDArray[np.bool_]) -> Pair:
    """Return the pair restricted to some of its images."""
    return replace(
        pair,
        rows=pair.rows[mine],
        other_rows=pair.other_rows[theirs],
        groups=pair.groups[mine],
        other_groups=pair.other_groups[theirs],
    )


def _ranks(values: Floats) -> Floats:
    """Ranks in (0, 1]."""
    return (np.argsort(np.argsort(values, kind="stable"), kind="stable") + 1) / max(len(values), 1)
