"""Classes that one split has and another lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.checks.shift_pairs import Pair, class_codes, in_words, pairs
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, Severity, grade, percent
from auditor.stats.clusters import effective_size_of_classes
from auditor.stats.intervals import miettinen_nurminen


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenClass:
    """Classes that are in one split and absent from another, beyond what the draw of a small split explains."""

    code: ClassVar[str] = "unseen-class"
    needs: ClassVar[frozenset[str]] = frozenset({"labels", "splits"})
    about_splits: ClassVar[bool] = True

    #: Any true absence counts: what a split lacks can be neither learned nor measured there.
    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per pair of splits with classes."""
        compared = False
        for pair in pairs(evidence, labelled=True):
            compared = True
            yield self._compare(evidence, pair)
        if not compared:
            yield Finding(
                code=self.code,
                title="Unseen classes were not looked for",
                summary="There are not two splits with classes.",
            )

    def _compare(self, evidence: Evidence, pair: Pair) -> Finding:
        classes, codes, other = class_codes(evidence, pair)
        sides = ((codes, pair.groups), (other, pair.other_groups))
        counts = tuple(np.bincount(side, minlength=len(classes)) for side, _ in sides)
        lacking = [
            (k, int(counts[0][k] > 0)) for k in range(len(classes)) if not counts[0][k] or not counts[1][k]
        ]
        if not lacking:
            return Finding(
                code=self.code,
                scope=pair.scope,
                title=f"{pair.first} and {pair.second} have the same classes",
                summary=f"All {len(classes)} classes have images in both.",
                total=len(codes) + len(other),
                effect=Effect.counted(
                    "share of a class that the other split lacks", 0.0, warn_at=self.warn_share, unit="share"
                ),
                splits=(pair.first, pair.second),
                details={"lacking": {}},
            )
        alpha = pair.alpha / len(classes)
        candidates = []
        for k, lacks in lacking:  # lacks: 0 when the first split lacks the class, 1 when the second does
            has = 1 - lacks
            n, m = (
                effective_size_of_classes((side == k).astype(int), groups, alpha)
                for side, groups in (sides[has], sides[lacks])
            )
            share = counts[has][k] / counts[has].sum()
            low, high = (
                miettinen_nurminen(share * n, n, 0.0, m, alpha=alpha) if pair.decidable else (0.0, 1.0)
            )
            candidates.append(
                (
                    max(min(low, share), 0.0),
                    float(share),
                    max(high, share),
                    lacks,
                    str(classes[k]),
                    int(counts[has][k]),
                )
            )
        candidates.sort(key=lambda c: (-c[0], -c[1], c[4]))
        low, share, high, lacks, name, _ = candidates[0]
        without, having = (pair.first, pair.second)[lacks], (pair.second, pair.first)[lacks]
        surely = [c for c in candidates if c[0] > self.warn_share]
        untrained = any(c[3] == 0 and pair.first == "train" for c in surely)
        effect = Effect(
            name="share of a class that the other split lacks", value=share, low=low, high=high,
            warn_at=self.warn_share, error_at=self.warn_share if untrained else None, unit="share",
        )  # fmt: skip
        severity = grade(effect)
        listed = ", ".join(
            f"{c[4]} ({c[5]:,} in {(pair.second, pair.first)[c[3]]}, none in {(pair.first, pair.second)[c[3]]})"
            for c in candidates[:6]
        )
        affected = sum(c[5] for c in candidates)
        title = (
            f"A class may be missing from {without} only by chance" if severity is Severity.UNDECIDED
            else f"Classes of {having} that {without} lacks" if len(surely) > 1 else f"A class of {having} that {without} lacks"
        )  # fmt: skip
        return Finding(
            code=self.code,
            scope=pair.scope,
            title=title,
            summary=f"{len(candidates)} "
            f"of {len(classes)} classes are in one split alone: {listed}{', ...' if len(candidates) > 6 else ''}. "
            f"{name} makes up {percent(share, 1)} of {having} ({in_words(low, high, digits=1)} more than in {without}).",
            why="A class that training lacks is never predicted."
            if without == "train"
            else f"How well a class is recognised cannot be measured on {without} without images of it.",
            affected=affected,
            total=len(codes) + len(other),
            effect=effect,
            fix=Fix(
                text="Check for a misspelt or misplaced class folder; otherwise split again, stratified by class, or collect images of it.",
                command="auditor split DATA --replace",
            ),
            classes=tuple(c[4] for c in candidates),
            splits=(pair.first, pair.second),
            details={"lacking": {c[4]: (pair.first, pair.second)[c[3]] for c in candidates}},
        )
