"""What the pictures show differs between splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from auditor.checks.base import Check, Wording
from auditor.checks.domain_classifier import Domain, compare_domain, tell_apart
from auditor.checks.examples import list_examples
from auditor.checks.shift_pairs import (
    Distance,
    Pair,
    advice,
    compare,
    conclude,
    detectable,
    explaining,
    joint_band,
    matched,
    pairs,
)
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Severity, grade, percent
from auditor.stats.mean_discrepancy import mean_discrepancy

#: Leading columns of the descriptor that are compared one by one.
COLUMNS = 32
#: Images of a split, each of another group, in the permutation test: bounds it at about a second.
DISCREPANCY_IMAGES = 500
#: Images of each split that are shown.
EXAMPLES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """How far what two splits show is apart.

    Attributes
    ----------
    columns : list of Distance
        That of each leading column of the descriptor.
    classifier : Distance or None
        That of the scores of a classifier which learned to tell the splits apart.
    domain : Domain or None
        These scores.
    explained : (str, float) or None
        The property that goes along with the scores, and its rank correlation with them.
    """

    columns: list[Distance]
    classifier: Distance | None
    domain: Domain | None
    explained: tuple[str, float] | None

    @property
    def found(self) -> list[Distance]:
        """All distances."""
        return [*self.columns, *([self.classifier] if self.classifier else [])]

    @property
    def worst(self) -> Distance:
        """The one that is graded."""
        return max(self.found, key=lambda d: (d.low, d.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentShift(Check):
    """Pictures whose content (shapes, colours, layout) differs between two splits.

    Parameters
    ----------
    warn_distance : float
        Kolmogorov-Smirnov distance over which it is a warning: below 0.05 it is found everywhere and changes
        nothing.
    error_distance : float
        The same distance over which it is an error: half of one split is unlike anything in the other.
    accept_distance : float
        The largest distance that may remain unproven in a pass. Deepchecks' default condition calls a
        property drifted above 0.2; this stays below it.
    permutations : int
        Permutations of the maximum mean discrepancy; its p-value is for show and grades nothing.
    """

    code = "content-shift"
    family = "Mismatch between splits"
    needs = frozenset({"splits"})
    about_splits = True
    measured = (
        "Kolmogorov-Smirnov distance of columns of the descriptor, and Youden's J of a classifier that "
        "has learned to tell the splits apart on one half and is judged on the other. Lower ends hold for "
        "all at once (multiplier bootstrap of groups); the upper end is that of the largest. Graded is the "
        "largest. The details hold the maximum mean discrepancy with permutations."
    )
    limits = "It sees what the offline descriptor sees: layout, edges and colours of a thumbnail."
    words = Wording(
        found="Pictures look different in {0} and {1}",
        fine="Pictures look alike in {0} and {1}",
        undecided="Too few images to compare their content",
        why=(
            "The pictures of one split are unlike those of the other: a model's score on one says little "
            "about the other."
        ),
        fix=(
            "Look at the images that are least alike; collect training images like those of the other split, "
            "or split again."
        ),
        command="auditor split DATA --replace -o OUT",
    )

    warn_distance: float = 0.05
    error_distance: float = 0.5
    accept_distance: float = 0.15
    permutations: int = 999

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per pair of splits."""
        for pair in pairs(evidence, self.code):
            yield self._compare(evidence, pair)

    def _measure(self, evidence: Evidence, pair: Pair) -> Content:
        weights = matched(evidence.labels[pair.rows], evidence.labels[pair.other_rows])
        sides = [evidence.descriptor[rows].astype(float) for rows in (pair.rows, pair.other_rows)]
        columns = min(COLUMNS, evidence.descriptor.shape[1])
        # Half of the error is the classifier's: it is where content shifts are seen first.
        alpha = pair.alpha / 2
        band = joint_band(
            pair,
            sides[0][:, :columns],
            sides[1][:, :columns],
            alpha,
            evidence.generator(self.code, "band", pair.scope),
        )
        domain = tell_apart(pair, evidence.descriptor, evidence.generator(self.code, pair.scope))
        return Content(
            columns=[compare(pair, sides[0][:, k], sides[1][:, k], band, weights) for k in range(columns)],
            classifier=compare_domain(pair, domain, alpha, weights) if domain else None,
            domain=domain,
            explained=explaining(evidence, pair, domain.scores, domain.other_scores) if domain else None,
        )

    def _compare(self, evidence: Evidence, pair: Pair) -> Finding:
        numbers = self._measure(evidence, pair)
        worst, classifier = numbers.worst, numbers.classifier
        least = detectable(self.warn_distance, worst.half_width, *worst.sizes)
        effect = Effect(
            name="largest Kolmogorov-Smirnov distance of content",
            value=worst.value, low=worst.low, high=max(d.high for d in numbers.found),
            warn_at=self.warn_distance, error_at=self.error_distance,
            detectable=least if pair.decidable else None, accept_at=self.accept_distance,
        )  # fmt: skip
        over = grade(effect) in (Severity.ERROR, Severity.WARNING)
        discrepancy, p_value = self._permute(evidence, pair)
        return self.make_finding(
            conclude(_summarise(numbers, over, pair), effect, pair, "No visual feature differs"),
            effect,
            scope=pair.scope,
            fix=advice(effect, pair, worst.sizes, self.words.make_fix()),
            affected=round(worst.value * len(pair.other_rows)),
            total=len(pair.other_rows),
            examples=_examples(evidence, pair, numbers.domain) if numbers.domain and over else None,
            splits=(pair.first, pair.second),
            details={
                "classifier": classifier.value if classifier else None,
                "classifier_interval": [classifier.low, classifier.high] if classifier else None,
                "columns": [d.value for d in numbers.columns],
                "remaining": worst.remaining,
                "mean_discrepancy": discrepancy,
                "explained_by": numbers.explained[0] if numbers.explained else None,
                "p_value": p_value,
            },
        )

    def _permute(self, evidence: Evidence, pair: Pair) -> tuple[float, float | None]:
        """Return the maximum mean discrepancy and its p-value."""
        if not pair.decidable:
            return 0.0, None
        generator = evidence.generator(self.code, "discrepancy", pair.scope)
        sides = []
        for rows, groups in ((pair.rows, pair.groups), (pair.other_rows, pair.other_groups)):
            order = generator.permutation(len(rows))
            # A random image of each group, so that the rows can be exchanged.
            _, first = np.unique(groups[order], return_index=True)
            sides.append(evidence.descriptor[rows[order[np.sort(first)[:DISCREPANCY_IMAGES]]]])
        return mean_discrepancy(sides[0], sides[1], generator, self.permutations)


def _summarise(numbers: Content, over: bool, pair: Pair) -> str:
    worst = numbers.worst
    mine, theirs = (percent(share) for share in worst.beyond)
    who = "a classifier" if worst is numbers.classifier else "a single visual feature"
    summary = f"{who} takes {theirs} of {pair.second} and {mine} of {pair.first} for {pair.second}."
    summary = f"The pictures look different: {summary}" if over else f"A{summary[1:]}"
    if over and numbers.explained:
        summary += f" The difference goes along with {numbers.explained[0]}."
    if over and worst.remaining is not None and worst.remaining < worst.value / 2:
        summary += " Most of it comes from another mix of classes."
    return summary


def _examples(evidence: Evidence, pair: Pair, domain: Domain) -> pd.DataFrame:
    """Images of the second split least like the first, and of the first most like the second."""
    parts = []
    for rows, scores, other in (
        (pair.other_rows, domain.other_scores, pair.first),
        (pair.rows, domain.scores, pair.second),
    ):
        seen = np.isfinite(scores)
        odds = 1 / (1 + np.exp(-scores[seen]))
        found = list_examples(evidence, rows[seen], odds, other_split=other)
        if found is not None:
            parts.append(found.head(EXAMPLES))
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)
