"""Held-out splits that are too small to measure a class by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.checks.base import Check, Wording, skipped
from auditor.checks.examples import name_some
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent, plural
from auditor.scanning.schema import MEASURES
from auditor.stats.clusters import design_effect, intraclass_correlation
from auditor.stats.intervals import images_needed, wilson_half_width

#: The recall at which a measurement is hardest.
WORST_RECALL = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How closely a split can measure the recall of one class.

    Attributes
    ----------
    images : int
    design_effect : float
        By how many times fewer they count, for images of a group are alike.
    recall : float
        Measured by a trained model, or else assumed.
    half_width, at_worst : float
        Half the 95 % interval, at that recall and at 50 %.
    needed, needed_at_worst : int
        Images for the margin wanted, at that recall and at 50 %.
    """

    images: int
    design_effect: float
    recall: float
    half_width: float
    at_worst: float
    needed: int
    needed_at_worst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TestTooSmall(Check):
    """Classes whose recall the test split cannot measure closely.

    Parameters
    ----------
    warn_half_width : float
        Half of a recall's interval over which it is a warning: a recall known to no better than ten points
        cannot tell two models apart that anyone would choose between.
    target_half_width : float
        What the number of images asked for would bring.
    recall : float
        The recall that is assumed of a class until a trained model has measured it.
    """

    code = "test-too-small"
    family = "Classes and sufficiency"
    needs = frozenset({"labels"})
    about_splits = True
    measured = (
        "Half the width of Wilson's 95 % interval of a class's recall, at the recall that a trained model "
        "has measured or else at the one assumed, with the images of that class divided by the design effect "
        "of their groups. Graded is the widest."
    )
    limits = "The half-width holds for images drawn at random; groups are allowed for by a design effect."
    words = Wording(
        found="Too few {0} images in some classes",
        fine="Enough {0} images in every class",
        why="If two models differ by less than the margin, the choice between them is chance.",
        fix=(
            "Hold out more images of these classes, or collect them; else cross-validate, and quote "
            "intervals with the scores."
        ),
        command="auditor split DATA --folds 5 -o OUT",
    )
    __test__ = False  # not a test, whatever its name says to a test runner

    warn_half_width: float = 0.1
    target_half_width: float = 0.05
    recall: float = 0.9

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding for the test split, or for the validation split where there is no test."""
        split = next((s for s in ("test", "val") if s in evidence.split_names), None)
        if split is None:
            plan = Fix(
                text="Plan one; it is checked as soon as it is planned.", command="auditor split DATA -o OUT"
            )
            yield skipped(self, "The data has no test or validation split yet.", fix=plan)
            return
        used = evidence.unique & (evidence.splits == split) & (evidence.labels != "")
        correlation = _correlate_groups(evidence, used)
        measured = evidence.model_recalls.get(split, {})
        margins = {
            name: self._measure(evidence, used, name, measured.get(name, self.recall), correlation)
            for name in evidence.single_classes
        }
        order = sorted(margins, key=lambda name: (-margins[name].half_width, name))
        margins = {name: margins[name] for name in order}
        loose = [name for name, m in margins.items() if m.half_width > self.warn_half_width]
        yield self.make_finding(
            self._summarise(margins, loose, sorted(measured)),
            Effect.counted(
                "half-width of a class's recall",
                margins[order[0]].half_width,
                warn_at=self.warn_half_width,
                unit="share",
            ),
            scope=split,
            affected=sum(margins[name].images for name in loose),
            total=int(used.sum()),
            classes=tuple(loose),
            splits=(split,),
            details={
                "images": {name: m.images for name, m in margins.items()},
                "half_width": {name: m.half_width for name, m in margins.items()},
                "half_width_at_worst": {name: m.at_worst for name, m in margins.items()},
                "needed": {name: m.needed for name, m in margins.items()},
                "needed_at_worst": {name: m.needed_at_worst for name, m in margins.items()},
                "design_effect": {name: m.design_effect for name, m in margins.items()},
                "recall": {name: m.recall for name, m in margins.items()},
                "intraclass_correlation": correlation,
                "measured": sorted(measured),
            },
        )

    def _measure(
        self, evidence: Evidence, used: npt.NDArray[np.bool_], name: str, recall: float, correlation: float
    ) -> Margin:
        sizes = np.unique(evidence.groups[evidence.with_labels([name], used)], return_counts=True)[1]
        effect = design_effect(sizes, correlation)
        images = int(sizes.sum())
        return Margin(
            images=images,
            design_effect=effect,
            recall=recall,
            half_width=wilson_half_width(recall, images / effect),
            at_worst=wilson_half_width(WORST_RECALL, images / effect),
            needed=int(np.ceil(images_needed(recall, self.target_half_width) * effect)),
            needed_at_worst=int(np.ceil(images_needed(WORST_RECALL, self.target_half_width) * effect)),
        )

    def _summarise(self, margins: dict[str, Margin], loose: list[str], measured: list[str]) -> str:
        shown = [
            f"{name} {f'{percent(m.recall)} ' if name in measured else ''}±{percent(m.half_width)} "
            f"({m.images:,})"
            for name, m in margins.items()
            if not loose or name in loose
        ]
        premise = (
            "The trained model's recall is" if measured else f"A recall of {percent(self.recall)} would be"
        )
        missing = sum(max(m.needed - m.images, 0) for m in margins.values())
        summary = f"{premise} known only to within these margins (images in brackets): {name_some(shown)}."
        if missing:
            more = plural(missing, "more image", "more images")
            summary += f" Margins of {percent(self.target_half_width)} take {more} in all."
        largest = max(m.design_effect for m in margins.values())
        if largest > 1:
            summary += f" Images of a group are alike, so they count for up to {largest:.1f} times fewer."
        return summary


def _correlate_groups(evidence: Evidence, used: npt.NDArray[np.bool_]) -> float:
    """Return how alike images of one group are: the largest intraclass correlation of a measure.

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
