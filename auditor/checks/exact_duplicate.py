"""Images that are there more than once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.checks.duplicate_pairs import names, pair_examples
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactDuplicate:
    """Images with the same bytes, or the same pixels, as another one."""

    code: ClassVar[str] = "exact-duplicate"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Share of the readable images that are surplus copies. Web collections have 0.1 % to 3 % of them
    #: unnoticed (Barz and Denzler, "Do we train on test data?", 2020, for CIFAR); the copies that do harm at
    #: once are `split-leak` and `conflicting-labels`.
    warn_share: float = 0.001

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        duplicates = evidence.duplicates
        rows = np.flatnonzero(duplicates.exact != np.arange(len(duplicates.exact)))
        total = int(evidence.readable.sum())
        sets = len(np.unique(duplicates.exact[rows]))
        share = len(rows) / total
        by_bytes = int((duplicates.reason[rows] == "same bytes").sum())
        yield Finding(
            code=self.code,
            title="Some images are there more than once" if len(rows) else "No image is there twice",
            summary=(
                f"{len(rows):,} of {total:,} readable images ({percent(share, 2)}) are surplus copies, in {sets:,} sets: "
                f"{by_bytes:,} with the same bytes and {len(rows) - by_bytes:,} with the same pixels in another file."
                if len(rows)
                else f"None of {total:,} readable images has the bytes or pixels of another."
            ),
            why="A copy counts double in training and in every score, and makes a class look larger than it is.",
            affected=len(rows),
            total=total,
            effect=Effect.counted("share of surplus copies", share, warn_at=self.warn_share, unit="share"),
            fix=Fix(
                text="Keep one image of each set. Counts, splits and scores here already take a set as one."
            )
            if len(rows)
            else None,
            examples=pair_examples(evidence, rows, duplicates.exact[rows], np.ones(len(rows)))
            if len(rows)
            else None,
            classes=names(evidence, rows, evidence.labels),
            splits=names(evidence, rows, evidence.splits),
            details={"sets": sets, "same_bytes": by_bytes, "same_pixels": len(rows) - by_bytes},
        )
