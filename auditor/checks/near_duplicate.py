"""Images that are nearly the same picture as another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.checks.duplicate_pairs import calibration_details, how_found, names, pair_examples, sure
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicate:
    """Images that are another one re-encoded, resized, or taken a moment later."""

    code: ClassVar[str] = "near-duplicate"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Share of the readable images that are near copies of another. CIFAR-10 and CIFAR-100 have 3 % to 10 %
    #: of them between training and test (Barz and Denzler, "Do we train on test data?", 2020).
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        duplicates = evidence.duplicates
        own = np.arange(len(duplicates.near))
        # Of exact copies only the one that represents them counts: the others are `exact-duplicate`'s.
        rows = np.flatnonzero((duplicates.near != own) & (duplicates.exact == own))
        total = int(evidence.readable.sum())
        sets = len(np.unique(duplicates.near[rows]))
        share = len(rows) / total
        score = duplicates.score[rows]
        certain = int(sure(evidence, score).sum())
        turned = int(duplicates.turned[rows].sum())
        effect = Effect(
            name="share of near copies",
            value=share,
            low=certain / total,
            high=share,
            warn_at=self.warn_share,
            unit="share",
        )
        yield Finding(
            code=self.code,
            title="Some images are nearly the same picture"
            if len(rows)
            else "No two images are nearly the same picture",
            summary=(
                f"{len(rows):,} of {total:,} readable images ({percent(share, 2)}) are near copies of another, in "
                f"{sets:,} sets; {certain:,} of them beyond doubt, {turned:,} mirrored or turned. {how_found(evidence)}"
                if len(rows)
                else f"None of {total:,} readable images is a near copy of another."
            ),
            why="Near copies add little to learn; divided between training and test they let a model score by memory.",
            affected=len(rows),
            total=total,
            effect=effect,
            fix=Fix(
                text="Keep the best of each set, or at least keep each set in one split.",
                command="auditor split DATA -o OUT",
            )
            if len(rows)
            else None,
            examples=pair_examples(evidence, rows, duplicates.near[rows], score) if len(rows) else None,
            classes=names(evidence, rows, evidence.labels),
            splits=names(evidence, rows, evidence.splits),
            details={"sets": sets, "certain": certain, "turned": turned, **calibration_details(evidence)},
        )
