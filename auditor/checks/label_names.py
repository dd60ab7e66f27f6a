"""Class names that look like one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.alike import find_alike, find_placeholders
from auditor.checks.base import Check, Wording
from auditor.checks.examples import list_examples, name_some
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNames(Check):
    """Classes that differ only by case, blanks or look-alike characters.

    Parameters
    ----------
    warn_classes : int
        Look-alike names over which it is a warning: any at all, for two spellings of one class teach the
        model a difference that is not there.
    """

    code = "label-names"
    family = "Classes and sufficiency"
    needs = frozenset({"labels"})
    measured = (
        "Graded is the number of names that equal another one when case, blanks, punctuation and look-alike "
        "characters (Unicode) are folded."
    )
    limits = "It goes by spelling alone: two names for one thing that look nothing alike are missed."
    words = Wording(
        found="Some class names look alike",
        fine="Class names are distinct",
        why="Two spellings of one class become two classes: the model learns a difference that is not there.",
        fix=(
            "If they are one class, give its images one label (the suggested one is the more frequent). If "
            "not, rename them apart."
        ),
    )
    placeholders = Wording(
        found="Some class names mean not known",
        fine="No class name means not known",
        why='A model learns "not known" as if it were a kind of picture.',
        fix="Leave the label of these images blank, or drop them; rename the class if it is meant.",
    )

    warn_classes: int = 0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding, and one more where a class is called "unknown" or the like."""
        names = tuple(sorted({*evidence.classes, *(label for _, label in evidence.empty)} - {""}))
        sets = find_alike(names)
        counts = {name: int((evidence.labels == name).sum()) for s in sets for name in s}
        suggested = {name: max(s, key=lambda n: (counts[n], n)) for s in sets for name in s}
        minor = sorted(name for name, other in suggested.items() if name != other)
        rows = np.flatnonzero(np.isin(evidence.labels.astype(str), minor))
        listed = name_some([" and ".join(f"{n!r} ({counts[n]:,})" for n in s) for s in sets])
        yield self.make_finding(
            f"Some class names differ only by case, blanks, hyphens or look-alike letters: {listed}."
            if sets
            else f"No two of {len(names):,} class names look alike.",
            Effect.counted("look-alike class names", len(minor), warn_at=self.warn_classes),
            affected=len(rows),
            total=len(evidence.labels),
            examples=list_examples(evidence, rows, suggested=[suggested[n] for n in evidence.labels[rows]]),
            classes=tuple(sorted(counts)),
            details={"alike": [list(s) for s in sets]},
        )
        if unknown := find_placeholders(names):
            yield self._judge_placeholders(evidence, unknown)

    def _judge_placeholders(self, evidence: Evidence, unknown: tuple[str, ...]) -> Finding:
        rows = np.flatnonzero(np.isin(evidence.labels.astype(str), unknown))
        listed = name_some([f"{name!r} ({int((evidence.labels == name).sum()):,})" for name in unknown])
        return self.make_finding(
            f'Some class names likely mean "not known" but are read as classes: {listed}.',
            Effect.counted("class names that mean not known", len(unknown), warn_at=self.warn_classes),
            words=self.placeholders,
            scope="placeholders",
            affected=len(rows),
            total=len(evidence.labels),
            examples=list_examples(evidence, rows),
            classes=unknown,
            details={"placeholders": list(unknown)},
        )
