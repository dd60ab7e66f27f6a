"""Images that are exact copies of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.examples import classes_of, list_examples, say_share, splits_of
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactDuplicate(Check):
    """Images with the same bytes, or the same pixels, as another one.

    Parameters
    ----------
    warn_share : float
        Share of surplus copies over which it is a warning. Web collections have 0.1 % to 3 % of them
        unnoticed (Barz and Denzler, "Do we train on test data?", 2020, for CIFAR); the copies that do harm at
        once are `split-leak` and `conflicting-labels`.
    """

    code = "exact-duplicate"
    family = "Duplicates and leaks"
    measured = (
        "SHA-256 of the bytes, then XXH3 (128 bits) of the decoded pixels together with mode and size. "
        "Graded is the share of the readable images that are surplus: all of a set but its representative."
    )
    limits = "Same bytes or same pixels; a single changed pixel makes a near duplicate."
    words = Wording(
        found="Some images are exact copies",
        fine="Hardly any image is an exact copy",
        why="A copy counts double in training and in every score, and makes a class look larger than it is.",
        fix="Keep one image of each set. Counts, splits and scores here already take a set as one.",
    )

    warn_share: float = 0.001

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        duplicates = evidence.duplicates
        rows = np.flatnonzero(duplicates.exact != np.arange(len(duplicates.exact)))
        total, sets = int(evidence.readable.sum()), len(np.unique(duplicates.exact[rows]))
        by_bytes = int((duplicates.reason[rows] == "same bytes").sum())
        summary = f"{say_share(len(rows), total, 'is an exact copy', 'are exact copies')} of another."
        if len(rows):
            summary = f"{summary[:-1]}, in {plural(sets, 'set')}."
        yield self.make_finding(
            summary,
            Effect.counted(
                "share of surplus copies", len(rows) / total, warn_at=self.warn_share, unit="share"
            ),
            title="" if len(rows) else "No image is an exact copy",
            affected=len(rows),
            total=total,
            examples=list_examples(evidence, rows, others=duplicates.exact[rows]),
            classes=classes_of(evidence, rows),
            splits=splits_of(evidence, rows),
            details={"sets": sets, "same_bytes": by_bytes, "same_pixels": len(rows) - by_bytes},
        )
