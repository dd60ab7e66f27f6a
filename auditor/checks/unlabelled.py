"""Images without a label to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent
from auditor.reading import LabelClue, listed


class Missing(NamedTuple):
    """Images without a label to learn from: all such rows, those whose label was likely meant, and splits without any label."""

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
class Unlabelled:
    """Images without a label, and data of one class alone: nothing that a classifier can be trained on."""

    code: ClassVar[str] = "unlabelled"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Any at all. A split without any label, and images beside which nothing hints at labels, may be meant so: they are
    #: undecided, for only you know.
    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        missing = find_missing(evidence)
        if evidence.reading.unlabelled:
            yield self._finding(
                missing,
                title="No labels are meant",
                summary=f"{missing.total:,} images are audited without labels, as --unlabelled says.",
                rows=missing.rows[:0],
                meant=0,
            )
        elif missing.classes < 2:
            yield self._without_classes(evidence, missing)
        else:
            yield self._in_part(evidence, missing)

    def _finding(
        self, missing: Missing, *, title: str, summary: str, rows: npt.NDArray[np.int64], meant: int,
        fix: Fix | None = None, examples: pd.DataFrame | None = None, splits: tuple[str, ...] = (),
    ) -> Finding:  # fmt: skip
        total = max(missing.total, 1)
        return Finding(
            code=self.code,
            title=title,
            summary=summary,
            why="A classifier learns from labels alone: an image without one teaches it nothing and tests nothing.",
            affected=len(rows),
            total=missing.total,
            effect=Effect(
                name="share of images whose labels were likely missed",
                value=meant / total,
                low=meant / total,
                high=len(rows) / total,
                warn_at=self.warn_share,
                unit="share",
            ),
            fix=fix,
            examples=examples,
            splits=splits,
            details={"classes": missing.classes, "looked_at": [clue.found for clue in missing.clues]},
        )

    def _without_classes(self, evidence: Evidence, missing: Missing) -> Finding:
        clues = missing.clues
        what = "No image has a label" if not missing.classes else "There is one class alone"
        if clues:
            found = "; ".join(clue.found for clue in clues)
            advice = next((clue.advice for clue in clues if clue.advice), "")
            typed = any(clue.type for clue in clues)
            more = f" {advice[0].upper()}{advice[1:]}." if advice and not typed else ""
            summary = f"{what}, though labels were likely meant: {found}.{more}"
            title = "Labels were not found" if not missing.classes else "One class alone"
        else:
            where = evidence.reading.layout or "the data"
            summary = f"{what}: {missing.total:,} images ({where}); no table, annotation or class name was found with them."
            title = "No labels, meant or not"
        return self._finding(
            missing,
            title=title,
            summary=summary,
            rows=missing.rows,
            meant=len(missing.meant),
            fix=_fix(clues),
        )

    def _in_part(self, evidence: Evidence, missing: Missing) -> Finding:
        rows = missing.rows
        if not len(rows):
            return self._finding(
                missing,
                title="Every image has a label",
                summary=f"All {missing.total:,} images have a label.",
                rows=rows,
                meant=0,
            )
        parts = []
        if len(missing.meant):
            share = percent(len(missing.meant) / missing.total, 1)
            parts.append(f"{len(missing.meant):,} of {missing.total:,} images ({share}) have no label")
        if missing.splits:
            parts.append(
                f"no image of {listed(missing.splits)} has a label ({len(rows) - len(missing.meant):,} images)"
            )
        examples = pd.DataFrame(
            {
                "path": evidence.images["path"].to_numpy(dtype=object)[rows],
                "label": "",
                "split": evidence.splits[rows],
                "score": 1.0,
            }
        )
        return self._finding(
            missing,
            title="Some images have no label" if len(missing.meant) else "A split has no labels",
            summary=f"{'; '.join(parts)}.".replace("no image", "No image", not len(missing.meant)),
            rows=rows,
            meant=len(missing.meant),
            fix=Fix(
                text="Give these images their labels. A split without labels can test nothing: use it for predictions alone, and split the rest anew."
            ),
            examples=examples,
            splits=missing.splits,
        )


def _fix(clues: tuple[LabelClue, ...]) -> Fix:
    """Return what to type for the first clue that can be typed, or what to do."""
    typed = next((clue.type for clue in clues if clue.type), "")
    advice = next((clue.advice for clue in clues if clue.advice), "")
    if typed:
        command = typed if typed.startswith("auditor ") else f"auditor scan DATA {typed}"
        return Fix(
            text="Read the labels from there. If no labels are meant, add --unlabelled.", command=command
        )
    if advice:
        return Fix(text=f"{advice[0].upper()}{advice[1:]}. If no labels are meant, add --unlabelled.")
    return Fix(
        text="If labels are meant, put the images of each class into a folder of its own, or write a table. If not, say so:",
        command="auditor scan DATA --unlabelled",
    )
