"""Images without a label to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from auditor.checks.base import Check, Wording
from auditor.checks.examples import list_examples, say_share
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, plural
from auditor.reading import LabelClue, listed


class Missing(NamedTuple):
    """Images without a label: all such rows, those whose label was likely meant, and splits without any."""

    total: int
    rows: npt.NDArray[np.int64]
    meant: npt.NDArray[np.int64]
    splits: tuple[str, ...]
    classes: int
    clues: tuple[LabelClue, ...]


def find_missing(evidence: Evidence) -> Missing:
    """Return which images have no label to learn from; images of the field need none."""
    asked = evidence.splits != "field"
    blank = asked & (evidence.labels == "")
    classes, reading = len(evidence.classes), evidence.reading
    if classes < 2:
        clues = reading.label_clues
        if classes and not clues:
            clues = (LabelClue(found=f"all labelled images are of one class, '{evidence.classes[0]}'"),)
        rows = np.flatnonzero(asked)
        return Missing(int(asked.sum()), rows, rows if clues else rows[:0], (), classes, clues)
    without = tuple(
        name for name in evidence.split_names if name != "field" and blank[evidence.splits == name].all()
    )
    meant = blank & ~np.isin(evidence.splits.astype(str), without)
    return Missing(int(asked.sum()), np.flatnonzero(blank), np.flatnonzero(meant), without, classes, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlabelled(Check):
    """Images without a label, and data of one class alone: nothing that a classifier can be trained on.

    Parameters
    ----------
    warn_share : float
        Share of images without a label over which it is a warning: any at all. A split without any label, and
        images beside which nothing hints at labels, may be meant so: they are undecided, for only you know.
    """

    code = "unlabelled"
    family = "Classes and sufficiency"
    measured = (
        "Graded is the share of images without a label. Where something hints at labels (other columns, "
        "files "
        "beside the images, class names in file names, one class alone) they were likely missed; where "
        "nothing "
        "does, the share lies between none and all, and so is undecided."
    )
    limits = "It cannot know whether labels exist elsewhere; `--unlabelled` says that none are meant."
    words = Wording(
        found="Some images have no label",
        fine="Every image has a label",
        undecided="A split has no labels",
        why="A classifier learns from labels alone: an image without one teaches and tests nothing.",
        fix=(
            "Give these images their labels. A split without labels can test nothing: use it for predictions "
            "alone, and split the rest anew."
        ),
    )

    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        missing = find_missing(evidence)
        if evidence.reading.unlabelled:
            images = plural(missing.total, "image is", "images are")
            yield self._judge(
                evidence,
                missing._replace(rows=missing.rows[:0], meant=missing.meant[:0]),
                f"{images} audited without labels, as --unlabelled says.",
                title="No labels are meant",
            )
        elif missing.classes < 2:
            yield self._judge_all(evidence, missing)
        else:
            yield self._judge_part(evidence, missing)

    def _judge(
        self, evidence: Evidence, missing: Missing, summary: str, *, title: str = "", fix: Fix | None = None
    ) -> Finding:
        total, several = max(missing.total, 1), missing.classes > 1
        return self.make_finding(
            summary,
            Effect(
                name="share of images whose labels were likely missed",
                value=len(missing.meant) / total,
                low=len(missing.meant) / total,
                high=len(missing.rows) / total,
                warn_at=self.warn_share,
                unit="share",
            ),
            title=title,
            fix=fix,
            affected=len(missing.rows),
            total=missing.total,
            examples=list_examples(evidence, missing.rows) if several else None,
            splits=missing.splits,
            details={"classes": missing.classes, "looked_at": [clue.found for clue in missing.clues]},
        )

    def _judge_all(self, evidence: Evidence, missing: Missing) -> Finding:
        what = "There is one class alone" if missing.classes else "No image has a label"
        if missing.clues:
            found = "; ".join(clue.found for clue in missing.clues)
            summary = f"{what}, though labels were likely meant: {found}."
            title = "There is one class alone" if missing.classes else "Labels were not found"
        else:
            where = evidence.reading.layout or "the data"
            images = plural(missing.total, "image")
            summary = f"{what}: {images} ({where}), and no table, annotation or class name with them."
            title = "No labels were found, meant or not"
        return self._judge(evidence, missing, summary, title=title, fix=_fix(missing.clues))

    def _judge_part(self, evidence: Evidence, missing: Missing) -> Finding:
        if not len(missing.rows):
            return self._judge(
                evidence, missing, f"{plural(missing.total, 'image has', 'images have')} a label."
            )
        parts = []
        if len(missing.meant):
            parts.append(say_share(len(missing.meant), missing.total, "has no label", "have no label"))
        if missing.splits:
            images = plural(len(missing.rows) - len(missing.meant), "image")
            parts.append(f"no image of {listed(missing.splits)} has a label ({images})")
        summary = "; ".join(parts)
        return self._judge(evidence, missing, f"{summary[0].upper()}{summary[1:]}.")


def _fix(clues: tuple[LabelClue, ...]) -> Fix:
    """Return what to type for the first clue that can be typed, or what to do."""
    typed = next((clue.type for clue in clues if clue.type), "")
    advice = next((clue.advice for clue in clues if clue.advice), "")
    if typed:
        command = typed if typed.startswith("auditor ") else f"auditor scan DATA {typed} -o OUT"
        return Fix(
            text="Read the labels from there. If no labels are meant, add --unlabelled.", command=command
        )
    if advice:
        return Fix(text=f"{advice[0].upper()}{advice[1:]}. If no labels are meant, add --unlabelled.")
    return Fix(
        text="If labels are meant, put the images of each class into a folder of its own, or write a table. "
        "If not, say so:",
        command="auditor scan DATA --unlabelled -o OUT",
    )
