"""Held-out splits that are too small to measure a class by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent
from auditor.scanning.schema import MEASURES
from auditor.stats.clusters import design_effect, intraclass_correlation
from auditor.stats.intervals import images_needed, wilson_half_width

#: Classes named in the summary.
SHOWN = 4
#: The recall at which a measurement is hardest.
WORST_RECALL = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TestTooSmall:
    """Classes whose recall the test split cannot measure closely."""

    code: ClassVar[str] = "test-too-small"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    about_splits: ClassVar[bool] = True
    __test__: ClassVar[bool] = False  # not a test, whatever its name says to a test runner

    #: A recall known to no better than ten points cannot tell two models apart that anyone would choose
    #: between.
    warn_half_width: float = 0.1
    #: What the number of images asked for would bring.
    target_half_width: float = 0.05
    #: The recall that is assumed of a class until a trained model has measured it.
    recall: float = 0.9

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding for the test split, or for the validation split where there is no test."""
        split = next((s for s in ("test", "val") if s in evidence.split_names), None)
        if split is None:
            yield Finding(
                code=self.code, title="No test split to judge", summary="The data has no test or validation split yet.",
                fix=Fix(text="Plan one; it is checked as soon as it is planned.", command="auditor split DATA"),
            )  # fmt: skip
            return
        used = evidence.unique & (evidence.splits == split) & (evidence.labels != "")
        groups = evidence.groups[used]
        correlation = _correlation(evidence, used)
        half: dict[str, float] = {}
        worst_case: dict[str, float] = {}
        present: dict[str, int] = {}
        effects: dict[str, float] = {}
        measured = evidence.model_recalls.get(split, {})
        recalls = {name: measured.get(name, self.recall) for name in evidence.single_classes}
        for name in evidence.single_classes:
            sizes = np.unique(groups[evidence.with_labels([name], used)[used]], return_counts=True)[1]
            present[name] = int(sizes.sum())
            effects[name] = design_effect(sizes, correlation)
            n = present[name] / effects[name]
            half[name] = wilson_half_width(recalls[name], n)
            worst_case[name] = wilson_half_width(WORST_RECALL, n)
        order = sorted(half, key=lambda c: (-half[c], c))
        loose = [c for c in order if half[c] > self.warn_half_width]
        enough = {c: images_needed(recalls[c], self.target_half_width) for c in order}
        enough_at_worst = images_needed(WORST_RECALL, self.target_half_width)
        needed = {c: int(np.ceil(enough[c] * effects[c])) for c in order}
        missing = sum(max(needed[c] - present[c], 0) for c in order)
        first = order[0]
        listed = ", ".join(
            f"{c} {f'{percent(measured[c])} ' if c in measured else ''}±{percent(half[c])} ({present[c]:,})"
            for c in (loose or order)[:SHOWN]
        )
        premise = (
            "Recall of the trained model is" if measured else f"If recall is {percent(self.recall)}, it is"
        )
        least, most = min(enough.values()), max(enough.values())
        grouped = max(effects.values()) > 1
        note = (
            f" Images of a group are alike (intraclass correlation {correlation:.2f}), so they count for up to "
            f"{max(effects.values()):.1f} times fewer."
            if grouped
            else ""
        )
        yield Finding(
            code=self.code,
            scope=split,
            title=f"The {split} split is too small to measure some classes" if loose else f"The {split} split can measure every class",
            summary=(
                f"{premise} known only to within these margins (95 %, images in brackets): {listed}"
                f"{', ...' if len(loose or order) > SHOWN else ''}; at worst (recall 50 %) {first} ±{percent(worst_case[first])}. "
                f"For ±{percent(self.target_half_width)} a class needs {f'{least} to {most}' if least < most else least} images "
                f"({enough_at_worst} at worst): {missing:,} more in all.{note}"
            ),
            why="Two models whose scores differ by less than the margin cannot be told apart, so the choice between them is chance.",
            affected=sum(present[c] for c in loose),
            total=int(used.sum()),
            effect=Effect.counted("half-width of a class's recall", half[first], warn_at=self.warn_half_width, unit="share"),
            fix=Fix(
                text="Hold out more images of these classes, or collect them; else cross-validate and quote intervals, not scores. "
                f"{first} needs {needed[first]:,} in {split}.",
                command="auditor split DATA --folds 5",
            )
            if loose
            else None,
            classes=tuple(loose),
            splits=(split,),
            details={
                "images": present, "half_width": half, "half_width_at_worst": worst_case, "needed": needed,
                "needed_at_worst": {c: int(np.ceil(enough_at_worst * effects[c])) for c in order},
                "design_effect": effects, "intraclass_correlation": correlation, "recall": recalls,
                "measured": sorted(measured),
            },
        )  # fmt: skip


def _correlation(evidence: Evidence, used: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """How alike images of one group are: the largest intraclass correlation of a measure.

    It stands in for the correlation of hits and misses, which nobody knows before a model is trained.
    """
    groups = evidence.groups[used]
    if len(np.unique(groups)) == len(groups):
        return 0.0
    found = []
    for measure in MEASURES:
        if measure.name in evidence.images.columns:
            values = evidence.images[measure.name].to_numpy(dtype=float)[used]
            finite = np.isfinite(values)
            found.append(intraclass_correlation(values[finite], groups[finite]))
    return max(found, default=0.0)
