"""Patients, slides or films with images on both sides of a split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.checks.base import Check, Wording, skipped
from auditor.checks.examples import classes_of, list_examples, say_share, splits_of
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, plural
from auditor.scanning.schema import MEASURES

if TYPE_CHECKING:
    from auditor.evidence.inferred_groups import InferredGroups


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Held-out images whose group is in an earlier split, its first image there, and all held out."""

    rows: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLeak(Check):
    """Groups (patients, slides, films) with images in more than one split, declared or else inferred.

    Parameters
    ----------
    error_share : float
        Share of the held-out images over which it is an error: any at all, for images of one patient or slide
        are no independent test of a model that knows another. Towards the field, where the model will be
        used, it is a warning.
    inferred_share : float
        For inferred groups, which are guesses, the share over which it is a warning.
    likeness : float
        Inferred groups warn only if they differ in some measure beyond their classes: an intraclass
        correlation over this. Groups drawn by lot have 0.00 to 0.01, the slides of the blood cells 0.34 (blue
        spread).
    """

    code = "group-leak"
    family = "Duplicates and leaks"
    needs = frozenset({"splits"})
    about_splits = True
    measured = (
        "Graded is the share of the held-out images whose group has images in another split. Without a group "
        "column, groups are inferred from stems of file names, from EXIF time and camera, and from runs of "
        "near duplicates."
    )
    limits = "It needs groups; those inferred from names and times are marked as inferred."
    words = Wording(
        found="Groups of {1} are also in {0}",
        fine="No group is in both {0} and {1}",
        why=(
            "Images of one patient, slide or film share more than the class: a model recognises them, and "
            "fails on new ones."
        ),
        fix="Make the split anew by groups: none is then divided.",
        command="auditor split DATA --replace -o OUT",
    )
    inferred = Wording(
        found="Groups seem to be in several splits",
        fine="Inferred groups are hardly divided by splits",
        why=(
            "If these are patients, slides, places or films, a random split lets the model recognise them, "
            "and scores are too good."
        ),
        fix=(
            "If the groups are real, write a table with a column that names them, scan it with `--group` and "
            "the column's name, and split by it."
        ),
    )

    error_share: float = 0.0
    inferred_share: float = 0.05
    likeness: float = 0.2

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding for each pair of splits, or for each kind of inferred groups."""
        declared = evidence.images["group"].to_numpy(dtype=object)
        if (declared != "").any():
            for first, held in combinations(evidence.split_names, 2):
                yield self._judge_declared(evidence, declared, first, held)
            return
        inferred = evidence.inferred_groups
        for guess in inferred:
            yield self._judge_inferred(evidence, guess)
        if not inferred:
            yield skipped(
                self,
                "No group column was named, and neither file names, folders, times nor consecutive files "
                "suggest any.",
                fix=Fix(
                    text="If several images are of one patient, slide, place or film, name the column that "
                    "says so with `--group`."
                ),
            )

    def _judge_declared(
        self, evidence: Evidence, groups: npt.NDArray[np.object_], first: str, held: str
    ) -> Finding:
        shared = find_shared(evidence, groups, first, held)
        rows, total = shared.rows, shared.total
        count = len(set(groups[rows]))
        verbs = f"is of a group that is also in {first}", f"are of groups that are also in {first}"
        summary = f"{say_share(len(rows), total, *verbs, noun=f'{held} images')}."
        if len(rows):
            summary = f"{summary[:-1]}; {plural(count, 'group is', 'groups are')} divided."
        warn_at, error_at = (self.error_share, None) if held == "field" else (None, self.error_share)
        return self.make_finding(
            summary,
            Effect.counted(
                f"share of {held} images whose group is in {first}",
                len(rows) / total if total else 0.0,
                warn_at=warn_at,
                error_at=error_at,
                unit="share",
            ),
            scope=f"{first}-{held}",
            affected=len(rows),
            total=total,
            examples=list_examples(evidence, rows, others=shared.others),
            classes=classes_of(evidence, rows),
            splits=(first, held),
            details={"groups": count, "inferred": False},
        )

    def _judge_inferred(self, evidence: Evidence, guess: InferredGroups) -> Finding:
        parts = [
            find_shared(evidence, guess.group, first, held)
            for first, held in combinations(evidence.split_names, 2)
        ]
        rows, once = np.unique(np.concatenate([p.rows for p in parts]), return_index=True)
        others = np.concatenate([p.others for p in parts])[once]
        later = (evidence.splits != "") & (evidence.splits != evidence.split_names[0])
        total = int((evidence.readable & later).sum())
        likeness, measure = group_likeness(evidence, guess.group)
        real = likeness >= self.likeness
        names = sorted(set(guess.group.tolist()) - {""})
        verbs = "shares a group with an earlier split", "share a group with an earlier split"
        summary = (
            f"Inferred from {guess.source}, not declared: "
            f"{say_share(len(rows), total, *verbs, noun='held-out images')} "
            f"({plural(len(names), 'group')}, such as '{names[0]}'). "
        )
        summary += (
            f"The groups look real: images of one are alike in {measure}."
            if real
            else "Images of a group are no more alike than others of their class, so this may mean nothing."
        )
        return self.make_finding(
            summary,
            Effect.counted(
                "share of held-out images that share an inferred group with an earlier split",
                len(rows) / total if total else 0.0,
                warn_at=self.inferred_share if real else None,
                unit="share",
            ),
            words=self.inferred,
            scope=guess.source.replace(" ", "-"),
            title="" if len(rows) else "Inferred groups are each in one split",
            affected=len(rows),
            total=total,
            examples=list_examples(evidence, rows, others=others),
            classes=classes_of(evidence, rows),
            splits=splits_of(evidence, np.concatenate([rows, others])),
            details={"groups": len(names), "inferred": True, "likeness": likeness, "measure": measure},
        )


def find_shared(evidence: Evidence, groups: npt.NDArray[np.object_], first: str, held: str) -> Shared:
    """Find the images of ``held`` whose group has one in ``first``."""
    inside = evidence.readable & (evidence.splits == held)
    known = np.flatnonzero(evidence.readable & (evidence.splits == first) & (groups != ""))
    member = dict(zip(groups[known[::-1]].tolist(), known[::-1].tolist(), strict=True))
    rows = np.flatnonzero(inside & (groups != ""))
    others = np.array([member.get(g, -1) for g in groups[rows]], dtype=np.int64)
    return Shared(rows[others >= 0], others[others >= 0], int(inside.sum()))


def group_likeness(evidence: Evidence, groups: npt.NDArray[np.object_]) -> tuple[float, str]:
    """Return how alike images of one group are beyond their class, in their likest measure, and that measure.

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
