"""Classes and splits without an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.examples import list_examples, name_some
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyClass(Check):
    """Classes with no image at all, splits with none, and images of a class that no split has.

    Parameters
    ----------
    warn_classes : int
        Classes or splits without an image over which it is a warning: any at all.
    """

    code = "empty-class"
    family = "Classes and sufficiency"
    needs = frozenset({"labels"})
    measured = (
        "Graded is the number of classes that a folder or another split names and that have no readable "
        "image, and of splits without any."
    )
    limits = "It knows a class only by its folder or by another split."
    words = Wording(
        found="Some classes or splits have no image",
        fine="Every class has an image",
        why="A class without images is in the model's list of answers and never the right one.",
        fix="Fill the folder, or take the class off the list. A failed copy may have emptied it.",
    )

    warn_classes: int = 0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        readable = set(evidence.labels[evidence.readable]) - {""}
        folders = {label for _, label in evidence.empty if label} - readable
        broken = set(evidence.classes) - readable - set(evidence.labels[~evidence.measured])
        splits = {split for split, label in evidence.empty if split and not label} - set(evidence.split_names)
        in_split = set(evidence.labels[evidence.readable & (evidence.splits != "")])
        splitless = readable - in_split if evidence.split_names else set()
        reasons = {
            "no image in the folder of": folders,
            "no readable image of": broken,
            "no image in the split": splits,
            "no split with an image of": splitless,
        }
        parts = [f"{reason} {name_some(sorted(names), 6)}" for reason, names in reasons.items() if names]
        classes = plural(len(evidence.classes), "class has", "classes have")
        summary = f"There is {'; '.join(parts)}." if parts else f"{classes} images that can be read."
        labels = evidence.labels.astype(str)
        lost = (~evidence.readable & np.isin(labels, sorted(broken))) | np.isin(labels, sorted(splitless))
        rows = np.flatnonzero(lost)
        empty = sorted(folders | broken)
        yield self.make_finding(
            summary,
            Effect.counted(
                "classes or splits without an image",
                len(empty) + len(splits) + len(splitless),
                warn_at=self.warn_classes,
            ),
            affected=len(rows),
            total=len(labels),
            examples=list_examples(evidence, rows),
            classes=tuple(empty),
            splits=tuple(sorted(splits)),
            details={"empty": empty, "empty_splits": sorted(splits), "in_no_split": sorted(splitless)},
        )
