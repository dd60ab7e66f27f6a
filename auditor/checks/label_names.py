"""Class names that look like one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from auditor.checks.alike import alike, placeholders
from auditor.checks.alike import appearance as appearance
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix

#: Sets of names shown in the summary.
SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNames:
    """Classes that differ only by case, blanks or look-alike characters."""

    code: ClassVar[str] = "label-names"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    about_splits: ClassVar[bool] = False

    #: Any at all: two spellings of one class teach the model a difference that is not there.
    warn_classes: int = 0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding, and one more where a class is called "unknown" or the like."""
        names = tuple(sorted({*evidence.classes, *(label for _, label in evidence.empty)} - {""}))
        sets = alike(names)
        counts = {name: int((evidence.labels == name).sum()) for s in sets for name in s}
        suggested = {name: max(s, key=lambda n: (counts[n], n)) for s in sets for name in s}
        minor = sorted(name for name, other in suggested.items() if name != other)
        rows = np.flatnonzero(pd.Series(evidence.labels).isin(minor).to_numpy())
        listed = "; ".join(" and ".join(f"{n!r} ({counts[n]:,})" for n in s) for s in sets[:SHOWN]) + (
            "; ..." if len(sets) > SHOWN else ""
        )
        yield Finding(
            code=self.code,
            title="Class names that look alike" if sets else "Class names are distinct",
            summary=(
                f"{len(minor)} of {len(names)} class names differ from another only by case, blanks, hyphens or look-alike characters "
                f"(images in brackets): {listed}."
                if sets
                else f"No two of {len(names)} class names differ by case, blanks, hyphens or look-alike characters alone."
            ),
            why="Two spellings of one class become two classes: the model is taught a difference that is not there.",
            affected=len(rows),
            total=len(evidence.labels),
            effect=Effect.counted("look-alike class names", len(minor), warn_at=self.warn_classes),
            fix=Fix(
                text="If they are one class, give its images one label (the suggested one is the more frequent). If not, rename them apart."
            )
            if sets
            else None,
            examples=(
                pd.DataFrame(
                    {
                        "path": evidence.images["path"].to_numpy(dtype=object)[rows],
                        "label": evidence.labels[rows],
                        "suggested_label": [suggested[n] for n in evidence.labels[rows]],
                        "split": evidence.splits[rows],
                        "score": 1.0,
                    }
                )
                if len(rows)
                else None
            ),
            classes=tuple(sorted(counts)),
            details={"alike": [list(s) for s in sets]},
        )
        unknown = placeholders(names)
        if unknown:
            yield self._placeholders(evidence, unknown)

    def _placeholders(self, evidence: Evidence, unknown: tuple[str, ...]) -> Finding:
        rows = np.flatnonzero(pd.Series(evidence.labels).isin(unknown).to_numpy())
        listed = ", ".join(f"{name!r} ({int((evidence.labels == name).sum()):,})" for name in unknown[:SHOWN])
        return Finding(
            code=self.code,
            scope="placeholders",
            title="A class may stand for labels that are not known",
            summary=f'Names that likely mean "not known" (images in brackets): {listed}. They are read as classes.',
            why='A model learns "not known" as if it were a kind of picture.',
            affected=len(rows),
            total=len(evidence.labels),
            effect=Effect.counted("class names that mean not known", len(unknown), warn_at=self.warn_classes),
            fix=Fix(
                text="Leave the label of these images blank, or drop them; rename the class if it is meant."
            ),
            examples=pd.DataFrame(
                {
                    "path": evidence.images["path"].to_numpy(dtype=object)[rows],
                    "label": evidence.labels[rows],
                    "split": evidence.splits[rows],
                    "score": 1.0,
                }
            ),
            classes=unknown,
            details={"placeholders": list(unknown)},
        )
