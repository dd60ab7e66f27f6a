"""Classes and splits without an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyClass:
    """Classes with no image at all, splits with none, and images of a class that no split has."""

    code: ClassVar[str] = "empty-class"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    about_splits: ClassVar[bool] = False

    #: Any at all.
    warn_classes: int = 0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        readable = set(evidence.labels[evidence.readable]) - {""}
        folders = {label for _, label in evidence.empty if label} - readable
        broken = set(evidence.classes) - readable - set(evidence.labels[~evidence.measured])
        empty = sorted(folders | broken)
        splits = sorted(
            {split for split, label in evidence.empty if split and not label} - set(evidence.split_names)
        )
        in_split = set(evidence.labels[evidence.readable & (evidence.splits != "")])
        splitless = sorted(readable - in_split) if evidence.split_names else []
        parts = []
        if folders:
            parts.append(f"no image in the folder of {_listed(sorted(folders))}")
        if broken:
            parts.append(f"no image that can be read in {_listed(sorted(broken))}")
        if splits:
            parts.append(f"no image in the split {_listed(splits)}")
        if splitless:
            parts.append(f"no split has an image of {_listed(splitless)}")
        count = len(empty) + len(splits) + len(splitless)
        lost = (~evidence.readable & pd.Series(evidence.labels).isin(broken)) | pd.Series(
            evidence.labels
        ).isin(splitless)
        images = evidence.images
        examples = pd.DataFrame(
            {
                "path": images["path"][lost],
                "label": images["label"][lost],
                "split": images["split"][lost],
                "score": 1.0,
            }
        ).reset_index(drop=True)
        yield Finding(
            code=self.code,
            title="Some classes or splits have no image" if count else "Every class has an image",
            summary=f"{'; '.join(parts)}.".capitalize()
            if parts
            else f"All {len(evidence.classes)} classes have images that can be read.",
            why="A class without images is a promise the model cannot keep: it is in the list of answers and never the right one.",
            affected=int(lost.sum()),
            total=len(images),
            effect=Effect.counted("classes or splits without an image", count, warn_at=self.warn_classes),
            fix=Fix(
                text="Fill the folder, or take the class off the list. A folder may also have been emptied by a failed copy."
            )
            if count
            else None,
            examples=examples if len(examples) else None,
            classes=tuple(empty),
            splits=tuple(splits),
            details={"empty": empty, "empty_splits": splits, "in_no_split": splitless},
        )


def _listed(names: list[str], shown: int = 6) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")
