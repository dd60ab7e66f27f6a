"""Patients, slides or films with images on both sides of a split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from auditor.checks.duplicate_pairs import names, pair_examples
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent
from auditor.scanning.schema import MEASURES

if TYPE_CHECKING:
    from auditor.evidence.inferred_groups import InferredGroups


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLeak:
    """Groups (patients, slides, films) with images in more than one split: declared ones, or else inferred ones."""

    code: ClassVar[str] = "group-leak"
    needs: ClassVar[frozenset[str]] = frozenset({"splits"})
    about_splits: ClassVar[bool] = True

    #: Any at all: images of one patient or slide are no independent test of a model that knows another.
    error_share: float = 0.0
    #: For inferred groups, which are guesses: warn over this share ...
    inferred_share: float = 0.05
    #: ... and only if groups differ in some measure beyond their classes: an intraclass correlation over
    #: this. Groups drawn by lot have 0.00 to 0.01, the slides of the blood cells 0.34 (blue spread).
    likeness: float = 0.2

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding for each pair of splits, or for each kind of inferred groups."""
        declared = evidence.images["group"].to_numpy(dtype=object)
        if (declared != "").any():
            for first, held in combinations(evidence.split_names, 2):
                yield self._declared(evidence, declared, first, held)
            return
        inferred = evidence.inferred_groups
        for guess in inferred:
            yield self._inferred(evidence, guess)
        if not inferred:
            yield Finding(
                code=self.code,
                title="There are no groups to check",
                summary="No group column was named, and neither file names, folders, times nor consecutive files suggest any groups.",
                fix=Fix(
                    text="If several images are of one patient, slide, place or film, name the column that says so: --group COLUMN."
                ),
            )

    def _declared(
        self, evidence: Evidence, groups: npt.NDArray[np.object_], first: str, held: str
    ) -> Finding:
        rows, others, total = _shared(evidence, groups, first, held)
        share = len(rows) / total if total else 0.0
        shared = len(names(evidence, rows, groups))
        warn_at, error_at = (self.error_share, None) if held == "field" else (None, self.error_share)
        return Finding(
            code=self.code,
            scope=f"{first}-{held}",
            title=f"Groups of {held} are also in {first}"
            if len(rows)
            else f"No group is in both {first} and {held}",
            summary=(
                f"{shared:,} groups have images in both {first} and {held}: {len(rows):,} of {total:,} {held} images "
                f"({percent(share, 2)}) belong to one of them."
                if len(rows)
                else f"None of {total:,} {held} images belongs to a group that has images in {first}."
            ),
            why="Images of one patient, slide or film share more than the class: a model recognises them, and fails on new ones.",
            affected=len(rows),
            total=total,
            effect=Effect.counted(
                f"share of {held} images whose group is in {first}",
                share,
                warn_at=warn_at,
                error_at=error_at,
                unit="share",
            ),
            fix=Fix(
                text="Make the split anew by groups: none is then divided.",
                command="auditor split DATA --replace -o OUT",
            )
            if len(rows)
            else None,
            examples=pair_examples(evidence, rows, others, np.ones(len(rows))) if len(rows) else None,
            classes=names(evidence, rows, evidence.labels),
            splits=(first, held),
            details={"groups": shared, "inferred": False},
        )

    def _inferred(self, evidence: Evidence, guess: InferredGroups) -> Finding:
        parts = [
            _shared(evidence, guess.group, first, held)
            for first, held in combinations(evidence.split_names, 2)
        ]
        rows, others = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
        rows, once = np.unique(rows, return_index=True)
        others = others[once]
        total = int(
            (evidence.readable & (evidence.splits != "") & (evidence.splits != evidence.split_names[0])).sum()
        )
        share = len(rows) / total if total else 0.0
        likeness, measure = group_likeness(evidence, guess.group)
        told = likeness >= self.likeness
        count = len(set(guess.group.tolist()) - {""})
        return Finding(
            code=self.code,
            scope=guess.source.replace(" ", "-"),
            title=(
                f"{guess.source.capitalize()} suggest groups that are in more than one split"
                if len(rows)
                else f"The groups that {guess.source} suggest are each in one split"
            ),
            summary=(
                f"Inferred, not declared: {guess.source} suggest {count:,} groups (such as '{_example(guess)}'); {len(rows):,} of "
                f"{total:,} held-out images ({percent(share, 2)}) share one with an earlier split. "
                + (
                    f"Beyond their classes, {percent(likeness)} of the variance of {measure} lies between these groups: they look real."
                    if told
                    else "The images of a group are not more alike than others of their class, so this may mean nothing."
                )
            ),
            why="If these are patients, slides, places or films, a random split lets the model recognise them, and scores are too good.",
            affected=len(rows),
            total=total,
            effect=Effect.counted(
                "share of held-out images that share an inferred group with an earlier split",
                share,
                warn_at=self.inferred_share if told else None,
                unit="share",
            ),
            fix=Fix(
                text="If the groups are real, write a table with a column that names them, and split by it.",
                command="auditor split TABLE --group COLUMN --replace -o OUT",
            )
            if len(rows)
            else None,
            examples=pair_examples(evidence, rows, others, np.ones(len(rows))) if len(rows) else None,
            classes=names(evidence, rows, evidence.labels),
            splits=names(evidence, np.concatenate([rows, others]), evidence.splits),
            details={"groups": count, "inferred": True, "likeness": likeness, "measure": measure},
        )


def _example(guess: InferredGroups) -> str:
    return str(min(set(guess.group.tolist()) - {""}))


def _shared(
    evidence: Evidence, groups: npt.NDArray[np.object_], first: str, held: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """Return the images of ``held`` whose group has one in ``first``, the first such one, and how many images ``held`` has."""
    inside = evidence.readable & (evidence.splits == held)
    known = np.flatnonzero(evidence.readable & (evidence.splits == first) & (groups != ""))
    member = dict(zip(groups[known[::-1]].tolist(), known[::-1].tolist(), strict=True))
    rows = np.flatnonzero(inside & (groups != ""))
    others = np.array([member.get(g, -1) for g in groups[rows]], dtype=np.int64)
    return rows[others >= 0], others[others >= 0], int(inside.sum())


def group_likeness(evidence: Evidence, groups: npt.NDArray[np.object_]) -> tuple[float, str]:
    """Return how alike images of one group are beyond their class, in the measure in which they are most, and that measure.

    The one-way intraclass correlation of each measure after the mean of its class is taken out: the share of
    its variance that lies between groups. Three standard errors that it has where groups mean nothing are
    taken off, for the choice among measures. Exact copies count once. 0 where nothing can be compared.

    References
    ----------
    Shrout and Fleiss, "Intraclass correlations: uses in assessing rater reliability", Psychological Bulletin
    86(2), 1979.
    """
    import pandas as pd

    used = evidence.readable & (groups != "") & (evidence.duplicates.exact == np.arange(len(groups)))
    table = evidence.images.loc[used, [m.name for m in MEASURES]].astype(float)
    table = table - table.groupby(evidence.labels[used]).transform("mean")
    codes, _ = pd.factorize(groups[used])
    sizes = np.bincount(codes)
    n, g = len(codes), len(sizes)
    if g < 2 or n <= g:
        return 0.0, ""
    size = (n - float((sizes**2).sum()) / n) / (g - 1)
    values = table.to_numpy()
    values = values - values.mean(axis=0)
    means = np.stack([np.bincount(codes, column) / sizes for column in values.T], axis=1)
    between = (sizes[:, None] * means**2).sum(axis=0) / (g - 1)
    within = ((values - means[codes]) ** 2).sum(axis=0) / (n - g)
    total = between + (size - 1) * within
    correlation = np.divide(between - within, total, out=np.zeros_like(total), where=total > 1e-12)
    error = np.sqrt(2 / (size * max(size - 1, 1e-9) * (g - 1)))
    best = int(correlation.argmax())
    return max(0.0, float(correlation[best] - 3 * error)), MEASURES[best].title.lower()
