"""Images that are nearly the same picture as another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.duplicate_pairs import calibration_details, count_certain, say_calibration
from auditor.checks.examples import classes_of, list_examples, say_share, splits_of
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicate(Check):
    """Images that are another one re-encoded, resized, or taken a moment later.

    Parameters
    ----------
    warn_share : float
        Share of the readable images that are near copies of another over which it is a warning. CIFAR-10 and
        CIFAR-100 have 3 % to 10 % of them between training and test (Barz and Denzler, "Do we train on test
        data?", 2020).
    """

    code = "near-duplicate"
    family = "Duplicates and leaks"
    measured = (
        "Candidates are pairs of like perceptual hashes, under all flips and quarter turns, and nearest "
        "neighbours of the descriptor. A candidate counts if the detail of the two thumbnails correlates "
        "after alignment, beyond a threshold that is calibrated on the nearest pictures of other classes "
        "(docs/duplicates.md). Graded is the share of near copies; its interval runs from those that are "
        "certain to all within the threshold."
    )
    limits = "Crops of much more than 5 %, other backgrounds and new photos of the same object are beyond it."
    words = Wording(
        found="Some images are nearly the same picture",
        fine="Hardly any images are nearly the same",
        undecided="Some images may be near copies",
        why=(
            "Near copies add little to learn; divided between training and test they let a model score by "
            "memory."
        ),
        fix="Keep the best of each set, or at least keep each set in one split, as the planned split does.",
        command="auditor split DATA -o OUT",
    )

    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        duplicates = evidence.duplicates
        own = np.arange(len(duplicates.near))
        # Of exact copies only the one that represents them counts: the others are `exact-duplicate`'s.
        rows = np.flatnonzero((duplicates.near != own) & (duplicates.exact == own))
        total, sets = int(evidence.readable.sum()), len(np.unique(duplicates.near[rows]))
        score = duplicates.score[rows]
        certain, turned = count_certain(evidence, score), int(duplicates.turned[rows].sum())
        summary = f"{say_share(len(rows), total, 'is a near copy', 'are near copies')} of another."
        if len(rows):
            sure = f"{plural(certain, 'is', 'are')} certain"
            summary = f"{summary[:-1]}, in {plural(sets, 'set')}; {sure}. {say_calibration(evidence)}"
        yield self.make_finding(
            summary,
            Effect(
                name="share of near copies",
                value=len(rows) / total,
                low=certain / total,
                high=len(rows) / total,
                warn_at=self.warn_share,
                unit="share",
            ),
            title="" if len(rows) else "No two images are nearly the same",
            affected=len(rows),
            total=total,
            examples=list_examples(evidence, rows, score, others=duplicates.near[rows]),
            classes=classes_of(evidence, rows),
            splits=splits_of(evidence, rows),
            details={"sets": sets, "certain": certain, "turned": turned, **calibration_details(evidence)},
        )
