"""Group names that look like one another, or that stand for "not known"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.checks.alike import find_alike, find_placeholders, normalise_group
from auditor.checks.base import Check, Wording, skipped
from auditor.checks.examples import list_examples, name_some, say_share
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, plural

Names = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNames(Check):
    """Groups (patients, slides) whose names differ only in spelling, or mean "not known".

    Parameters
    ----------
    warn_groups : int
        Look-alike names over which it is a warning: any at all, for a patient under two names can be in train
        and in test, and no check of groups sees it.
    """

    code = "group-names"
    family = "Classes and sufficiency"
    measured = (
        "Graded is the number of names that equal another one when case, blanks, punctuation and leading "
        "zeros "
        "are folded."
    )
    limits = "It goes by spelling alone: one patient under two numbers is not seen."
    words = Wording(
        found="Some group names look alike",
        fine="Group names are distinct",
        why="One patient under two names counts as two: a split may put one into train, the other into test.",
        fix="If they are the same, give them one name in the table, and scan it again.",
    )
    placeholders = Wording(
        found="Some group names mean not known",
        fine="No group name means not known",
        why="Images of many patients are taken for one, and are kept together though they need not be.",
        fix="Leave the group of these images blank: each then counts as a group of its own.",
    )

    warn_groups: int = 0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding, and one more where a group is called "unknown" or the like."""
        groups = evidence.images["group"].to_numpy(dtype=object)
        names, sizes = np.unique(groups[groups != ""].astype(str), return_counts=True)
        if not len(names):
            yield skipped(self, "The images have no groups.")
            return
        yield self._judge_spelling(evidence, groups, dict(zip(names.tolist(), sizes.tolist(), strict=True)))
        if unknown := find_placeholders(names.tolist()):
            yield self._judge_placeholders(evidence, groups, unknown)

    def _judge_spelling(self, evidence: Evidence, groups: Names, counts: dict[str, int]) -> Finding:
        splits = {s: _splits_of(evidence, groups, s) for s in find_alike(counts, normalise_group)}
        sets = sorted(splits, key=lambda s: (-len(splits[s]), s))
        minor = [name for s in sets for name in sorted(s, key=lambda n: (-counts[n], n))[1:]]
        rows = np.flatnonzero(np.isin(groups.astype(str), minor))
        across = sum(len(found) > 1 for found in splits.values())
        summary = f"No two of {len(counts):,} group names look alike."
        if sets:
            listed = name_some([" and ".join(f"{n!r} ({counts[n]:,})" for n in s) for s in sets])
            summary = f"Some group names differ only by case, blanks, a point or leading zeros: {listed}."
        if across:
            summary += (
                f" {plural(across, 'pair of names has', 'pairs of names have')} images in several splits."
            )
        return self.make_finding(
            summary,
            Effect.counted("look-alike group names", len(minor), warn_at=self.warn_groups),
            affected=len(rows),
            total=len(groups),
            examples=list_examples(evidence, rows),
            details={"alike": [list(names) for names in sets], "across_splits": across},
        )

    def _judge_placeholders(self, evidence: Evidence, groups: Names, unknown: tuple[str, ...]) -> Finding:
        rows = np.flatnonzero(np.isin(groups.astype(str), unknown))
        listed = name_some([repr(name) for name in unknown])
        group = f'in the group {listed}, which likely means "not known"'
        return self.make_finding(
            f"{say_share(len(rows), len(groups), f'is {group}', f'are {group}')}.",
            Effect.counted("group names that mean not known", len(unknown), warn_at=self.warn_groups),
            words=self.placeholders,
            scope="placeholders",
            affected=len(rows),
            total=len(groups),
            examples=list_examples(evidence, rows),
            details={"placeholders": list(unknown)},
        )


def _splits_of(evidence: Evidence, groups: Names, names: tuple[str, ...]) -> set[str]:
    return set(evidence.splits[np.isin(groups.astype(str), names)]) - {""}
