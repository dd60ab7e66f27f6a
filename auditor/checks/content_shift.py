"""What the pictures show differs between splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from auditor.checks.domain_classifier import Domain, tell_apart
from auditor.checks.shift_pairs import (
    Distance,
    Pair,
    advice,
    compare,
    detectable,
    exhibit,
    explaining,
    in_words,
    matched,
    pairs,
    undecided_because,
)
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, Severity, grade, percent
from auditor.stats.mean_discrepancy import mean_discrepancy

if TYPE_CHECKING:
    import pandas as pd

#: Leading columns of the descriptor that are compared one by one.
COLUMNS = 32
#: Images of a split, each of another group, in the permutation test: bounds it at about a second.
DISCREPANCY_IMAGES = 500
#: Images of each split shown as evidence.
EXHIBITS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentShift:
    """Pictures whose content (shapes, colours, layout) differs between two splits."""

    code: ClassVar[str] = "content-shift"
    needs: ClassVar[frozenset[str]] = frozenset({"splits"})
    about_splits: ClassVar[bool] = True

    #: As for properties: a Kolmogorov-Smirnov distance below 0.05 is found everywhere and changes nothing.
    warn_distance: float = 0.05
    #: Half of one split is unlike anything in the other.
    error_distance: float = 0.5
    #: Permutations of the maximum mean discrepancy; its p-value is for show and grades nothing.
    permutations: int = 999

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per pair of splits."""
        for pair in pairs(evidence):
            yield self._compare(evidence, pair)

    def _compare(self, evidence: Evidence, pair: Pair) -> Finding:
        descriptor = evidence.descriptor
        weights = matched(evidence.labels[pair.rows], evidence.labels[pair.other_rows])
        columns = range(min(COLUMNS, descriptor.shape[1]))
        # Half of the error is the classifier's: it is where content shifts are seen first.
        found = [
            compare(
                pair,
                descriptor[pair.rows, k],
                descriptor[pair.other_rows, k],
                pair.alpha / 2 / len(columns),
                weights,
            )
            for k in columns
        ]
        domain = tell_apart(pair, descriptor, evidence.generator(self.code, pair.scope))
        by_classifier = compare(pair, *domain.held_scores, pair.alpha / 2, weights) if domain else None
        if by_classifier is not None:
            found.append(by_classifier)
        worst = max(found, key=lambda d: (d.low, d.value))
        effect = Effect(
            name="largest Kolmogorov-Smirnov distance of content",
            value=worst.value, low=worst.low, high=max(d.high for d in found),
            warn_at=self.warn_distance, error_at=self.error_distance,
            detectable=detectable(self.warn_distance, worst.half_width, *worst.sizes) if pair.decidable else None,
        )  # fmt: skip
        severity = grade(effect)
        between = f"between {pair.first} and {pair.second}"
        titles = {
            Severity.PASS: f"Pictures show the same kind of content {between}",
            Severity.UNDECIDED: f"Too few images to say whether content agrees {between}",
        }
        discrepancy, p_value = self._discrepancy(evidence, pair)
        explained = explaining(evidence, pair, domain.scores, domain.other_scores) if domain else None
        return Finding(
            code=self.code,
            scope=pair.scope,
            title=titles.get(severity, f"What the pictures show differs {between}"),
            summary=self._sentence(worst, worst is by_classifier, pair)
            + (
                f" It goes along with {explained[0]} (rank correlation {explained[1]:+.2f})."
                if explained and severity.rank < 2
                else ""
            )
            + (undecided_because(effect, pair) if severity is Severity.UNDECIDED else ""),
            why=f"The pictures of {pair.second} are unlike those of {pair.first}: a model's score on one says little about the other.",
            affected=round(worst.value * len(pair.other_rows)),
            total=len(pair.other_rows),
            effect=effect,
            fix=advice(
                effect,
                pair,
                worst.sizes,
                Fix(
                    text=f"Look at the images that are least alike; collect training images like those of {pair.second}, or split again.",
                    command=None if "field" in (pair.first, pair.second) else "auditor split DATA --replace",
                ),
            ),
            examples=_exhibits(evidence, pair, domain) if domain and severity.rank < 2 else None,
            splits=(pair.first, pair.second),
            details={
                "classifier": by_classifier.value if by_classifier else None,
                "classifier_interval": [by_classifier.low, by_classifier.high] if by_classifier else None,
                "columns": [d.value for d in found[: len(columns)]],
                "remaining": worst.remaining,
                "mean_discrepancy": discrepancy,
                "explained_by": explained[0] if explained else None,
                "p_value": p_value,
            },
        )

    def _discrepancy(self, evidence: Evidence, pair: Pair) -> tuple[float, float | None]:
        generator = evidence.generator(self.code, "discrepancy", pair.scope)
        sides = []
        for rows, groups in ((pair.rows, pair.groups), (pair.other_rows, pair.other_groups)):
            order = generator.permutation(len(rows))
            _, first = np.unique(
                groups[order], return_index=True
            )  # a random image of each group, so that the rows can be exchanged
            sides.append(evidence.descriptor[rows[order[np.sort(first)[:DISCREPANCY_IMAGES]]]])
        if not pair.decidable:
            return 0.0, None
        return mean_discrepancy(sides[0], sides[1], generator, self.permutations)

    def _sentence(self, d: Distance, classified: bool, pair: Pair) -> str:
        who = (
            "A classifier that sees thumbnails, edges and colours"
            if classified
            else "One direction of the descriptor"
        )
        text = (
            f"{who} tells {pair.first} and {pair.second} apart by a Kolmogorov-Smirnov distance of {d.value:.2f} "
            f"({in_words(d.low, d.high)}): it takes {percent(_beyond(d)[0])} of {pair.first} and {percent(_beyond(d)[1])} of {pair.second} "
            f"for {pair.second}"
        )
        if d.remaining is not None:
            text += f". Of the distance {d.remaining:.2f} remains once classes are weighted to the same mix"
        return text + "."


def _beyond(d: Distance) -> tuple[float, float]:
    """Shares of both splits on the second split's side of the threshold."""
    return d.shares if d.rises else (1 - d.shares[0], 1 - d.shares[1])


def _exhibits(evidence: Evidence, pair: Pair, domain: Domain) -> pd.DataFrame:
    """Images of the second split that are least like the first, and images of the first that are most like the second."""
    import pandas as pd

    parts = []
    for rows, scores, split, other in (
        (pair.other_rows, domain.other_scores, pair.second, pair.first),
        (pair.rows, domain.scores, pair.first, pair.second),
    ):
        seen = np.isfinite(scores)
        odds = 1 / (1 + np.exp(-scores[seen]))
        parts.append(exhibit(evidence, rows[seen], odds, split, other).head(EXHIBITS))
    return pd.concat(parts, ignore_index=True).sort_values(
        "score", ascending=False, kind="stable", ignore_index=True
    )
