"""Images of one split that are also in another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np

from auditor.checks.duplicate_pairs import names, pair_examples, pair_score, sure
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent

#: What a leak into a split inflates.
INFLATES = {
    "val": "Validation accuracy: early stopping, tuning and the choice of a model reward memorising.",
    "test": "Test accuracy: the published score counts images that the model was trained on or chosen by.",
    "field": "The comparison with the field: these images say nothing about pictures the model has not seen.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitLeak:
    """Copies and near copies of an image on both sides of a split."""

    code: ClassVar[str] = "split-leak"
    needs: ClassVar[frozenset[str]] = frozenset({"splits"})
    about_splits: ClassVar[bool] = True

    #: Any at all: every leaked image makes a held-out score too good.
    error_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding for each pair of splits; the later one is held out."""
        for first, held in combinations(evidence.split_names, 2):
            yield self._between(evidence, first, held)

    def _between(self, evidence: Evidence, first: str, held: str) -> Finding:
        inside = evidence.readable & (evidence.splits == held)
        partner = evidence.duplicates.partners(inside, evidence.readable & (evidence.splits == first))
        rows = np.flatnonzero(partner >= 0)
        others = partner[rows]
        total = int(inside.sum())
        share = len(rows) / total if total else 0.0
        exact = int((evidence.duplicates.exact[rows] == evidence.duplicates.exact[others]).sum())
        labels = evidence.labels[rows] != evidence.labels[others]
        disagree = int((labels & (evidence.labels[rows] != "") & (evidence.labels[others] != "")).sum())
        score = pair_score(evidence, rows, others)
        certain = int(sure(evidence, score).sum())
        title = f"No {held} image is also in {first}"
        if len(rows):
            every = len(rows) == total
            verb = "may also be" if not certain else "is also" if every else "are also"
            title = f"{'Every' if every else 'Some'} {held} image{'' if every else 's'} {verb} in {first}"
        # The field is where the model will be used: a picture of it in training is no fault of the split.
        warn_at, error_at = (self.error_share, None) if held == "field" else (None, self.error_share)
        return Finding(
            code=self.code,
            scope=f"{first}-{held}",
            title=title,
            summary=(
                f"{len(rows):,} of {total:,} readable {held} images ({percent(share, 2)}) are copies of a {first} image: {exact:,} exact, "
                f"{certain - exact:,} near beyond doubt, {len(rows) - certain:,} that may be look-alikes."
                + (f" {disagree:,} of them have another label there." if disagree else "")
                if len(rows)
                else f"None of {total:,} readable {held} images is a copy or near copy of a {first} image."
            ),
            why=INFLATES.get(held, f"Every score on {held}: it counts images that are also in {first}."),
            affected=len(rows),
            total=total,
            effect=Effect(
                name=f"share of {held} images that are in {first}",
                value=share,
                low=certain / total if total else 0.0,
                high=share,
                warn_at=warn_at,
                error_at=error_at,
                unit="share",
            ),
            fix=Fix(
                text=(
                    f"Make the split anew, with each duplicate set in one part; or drop the {len(rows):,} {held} images listed, or their "
                    f"partners in {first}."
                ),
                command="auditor split DATA --replace -o OUT",
            )
            if len(rows)
            else None,
            examples=pair_examples(evidence, rows, others, score) if len(rows) else None,
            classes=names(evidence, rows, evidence.labels),
            splits=(first, held),
            details={"exact": exact, "near": len(rows) - exact, "certain": certain, "other_label": disagree},
        )
