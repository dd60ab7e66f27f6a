"""Images of one split that are also in another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.duplicate_pairs import count_certain, pair_score
from auditor.checks.examples import classes_of, list_examples, say_share
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitLeak(Check):
    """Copies and near copies of an image on both sides of a split.

    Parameters
    ----------
    error_share : float
        Share of the held-out images over which it is an error: any at all, for every leaked image makes a
        held-out score too good. Towards the field, where the model will be used, it is a warning.
    """

    code = "split-leak"
    family = "Duplicates and leaks"
    needs = frozenset({"splits"})
    about_splits = True
    measured = (
        "Graded for each pair of splits is the share of the readable held-out images that have an exact or "
        "near copy in the other split; its interval begins at the copies that are certain."
    )
    limits = (
        "It is as good as the duplicates it is given; different photos of one subject leak too, which only "
        "groups show."
    )
    words = Wording(
        found="Some {1} images are also in {0}",
        fine="No {1} image is also in {0}",
        undecided="Some {1} images may be in {0}",
        why=(
            "The score on the held-out split counts images that the model was trained on or chosen by, so it "
            "rewards memory and is too good."
        ),
        fix=(
            "Make the split anew, with each duplicate set in one part; or drop the held-out images listed, "
            "or their partners."
        ),
        command="auditor split DATA --replace -o OUT",
    )

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
        exact = int((evidence.duplicates.exact[rows] == evidence.duplicates.exact[others]).sum())
        mine, theirs = evidence.labels[rows], evidence.labels[others]
        disagree = int(((mine != theirs) & (mine != "") & (theirs != "")).sum())
        score = pair_score(evidence, rows, others)
        certain = count_certain(evidence, score)
        verbs = f"is a copy of a {first} image", f"are copies of a {first} image"
        summary = f"{say_share(len(rows), total, *verbs, noun=f'{held} images')}."
        if len(rows):
            summary = f"{summary[:-1]}; {plural(certain, 'is', 'are')} certain."
        if disagree:
            summary += f" {plural(disagree, 'has', 'have')} another label there."
        # The field is where the model will be used: a picture of it in training is no fault of the split.
        warn_at, error_at = (self.error_share, None) if held == "field" else (None, self.error_share)
        return self.make_finding(
            summary,
            Effect(
                name=f"share of {held} images that are in {first}",
                value=len(rows) / total if total else 0.0,
                low=certain / total if total else 0.0,
                high=len(rows) / total if total else 0.0,
                warn_at=warn_at,
                error_at=error_at,
                unit="share",
            ),
            scope=f"{first}-{held}",
            title="Every {1} image is also in {0}" if 0 < certain == total else "",
            affected=len(rows),
            total=total,
            examples=list_examples(evidence, rows, score, others=others),
            classes=classes_of(evidence, rows),
            splits=(first, held),
            details={"exact": exact, "near": len(rows) - exact, "certain": certain, "other_label": disagree},
        )
