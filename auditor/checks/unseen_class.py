"""Classes that one split has and another lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording, skipped
from auditor.checks.examples import name_some
from auditor.checks.shift_pairs import Pair, advice, class_codes, pairs
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, percent, plural
from auditor.stats.clusters import effective_size_of_classes
from auditor.stats.intervals import miettinen_nurminen


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A class that one split has and another lacks.

    Attributes
    ----------
    name, having, without : str
        The class, the split that has it, and the one that lacks it.
    images : int
    share, low, high : float
        Its share of the split that has it, and the interval of how much more that is than in the other.
    """

    name: str
    having: str
    without: str
    images: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenClass(Check):
    """Classes that are in one split and absent from another, beyond what the draw of a small split explains.

    Parameters
    ----------
    warn_share : float
        Share of a class that the other split lacks over which it is a warning, and an error where training
        lacks it: any true absence counts, for what a split lacks can be neither learned nor measured there.
    """

    code = "unseen-class"
    family = "Mismatch between splits"
    needs = frozenset({"labels", "splits"})
    about_splits = True
    measured = (
        "Graded is the share that a class has in one split and lacks in the other, with Miettinen and "
        "Nurminen's score interval at a level for all classes and pairs: what a small split may miss by "
        "chance is undecided."
    )
    limits = "It goes by names; see `label-names` for spelling."
    words = Wording(
        found="{0} and {1} have different classes",
        fine="{0} and {1} have the same classes",
        why=(
            "A class that training lacks is never predicted; one that a held-out split lacks is not measured "
            "there."
        ),
        fix=(
            "Check for a misspelt or misplaced class folder; otherwise split again, stratified by class, or "
            "collect images of it."
        ),
        command="auditor split DATA --replace -o OUT",
    )

    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per pair of splits with classes."""
        found = [self._compare(evidence, pair) for pair in pairs(evidence, self.code, labelled=True)]
        yield from found or [skipped(self, "There are not two splits with classes.")]

    def _compare(self, evidence: Evidence, pair: Pair) -> Finding:
        found = find_lacking(evidence, pair)
        classes = len(np.unique(evidence.labels[np.concatenate([pair.rows, pair.other_rows])].astype(str)))
        name = "share of a class that the other split lacks"
        effect = Effect.counted(name, 0.0, warn_at=self.warn_share, unit="share")
        summary, title = f"{plural(classes, 'class has', 'classes have')} images in both splits.", ""
        if found:
            worst = found[0]
            untrained = any(f.without == "train" and f.low > self.warn_share for f in found)
            effect = Effect(
                name=name, value=worst.share, low=worst.low, high=worst.high,
                warn_at=self.warn_share, error_at=self.warn_share if untrained else None, unit="share",
            )  # fmt: skip
            listed = [f"{f.name} ({f.images:,} in {f.having}, none in {f.without})" for f in found]
            summary = (
                f"{len(found):,} of {plural(classes, 'class', 'classes')} "
                f"{'is' if len(found) == 1 else 'are'} in one split "
                f"alone: {name_some(listed, 6)}."
            )
            if worst.low <= self.warn_share:
                title = "A split may lack a class by chance"
                summary += (
                    f" {worst.name} is {percent(worst.share, 1)} of {worst.having}, so chance may explain it."
                )
        return self.make_finding(
            summary,
            effect,
            scope=pair.scope,
            title=title,
            fix=self.words.make_fix() if title else advice(effect, pair, (0, 0), self.words.make_fix()),
            affected=sum(f.images for f in found),
            total=len(pair.rows) + len(pair.other_rows),
            classes=tuple(f.name for f in found),
            splits=(pair.first, pair.second),
            details={"lacking": {f.name: f.without for f in found}},
        )


def find_lacking(evidence: Evidence, pair: Pair) -> list[Lacking]:
    """Return the classes that only one split of a pair has, surest first."""
    classes, codes, other = class_codes(evidence, pair)
    sides = ((codes, pair.groups), (other, pair.other_groups))
    names = (pair.first, pair.second)
    counts = [np.bincount(side, minlength=len(classes)) for side, _ in sides]
    alpha = 2 * pair.alpha / len(classes)  # of an interval of whose ends the lower alone is graded
    found = []
    for k in np.flatnonzero((counts[0] == 0) | (counts[1] == 0)):
        has = int(counts[1][k] > 0)
        lacks = 1 - has
        n, m = (
            effective_size_of_classes((side == k).astype(int), groups, alpha)
            for side, groups in (sides[has], sides[lacks])
        )
        share = float(counts[has][k] / counts[has].sum())
        low, high = miettinen_nurminen(share * n, n, 0.0, m, alpha=alpha) if pair.decidable else (0.0, 1.0)
        found.append(
            Lacking(
                name=str(classes[k]),
                having=names[has],
                without=names[lacks],
                images=int(counts[has][k]),
                share=share,
                low=max(min(low, share), 0.0),
                high=max(high, share),
            )
        )
    return sorted(found, key=lambda f: (-f.low, -f.share, f.name))
