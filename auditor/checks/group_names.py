"""Group names that look like one another, or that stand for "not known"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from auditor.checks.alike import alike, group_appearance, placeholders
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent

#: Sets of names shown in the summary.
SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNames:
    """Groups (patients, slides) whose names differ only by case, blanks, a point or leading zeros, or mean "not known"."""

    code: ClassVar[str] = "group-names"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Any at all: a patient under two names can be in train and in test, and no check of groups sees it.
    warn_groups: int = 0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding, and one more where a group is called "unknown" or the like."""
        groups = evidence.images["group"].to_numpy(dtype=object)
        counts = pd.Series(groups[groups != ""]).value_counts()
        if not len(counts):
            yield Finding(
                code=self.code, title="group-names was not checked", summary="The images have no groups."
            )
            return
        yield self._alike(evidence, groups, {str(name): int(n) for name, n in counts.items()})
        unknown = placeholders(counts.index)
        if unknown:
            yield self._placeholders(evidence, groups, unknown)

    def _alike(self, evidence: Evidence, groups: np.ndarray, counts: dict[str, int]) -> Finding:
        sets = alike(counts, group_appearance)
        sets.sort(key=lambda names: (-len({*_splits_of(evidence, groups, names)}), names))
        minor = [name for names in sets for name in sorted(names, key=lambda n: (-counts[n], n))[1:]]
        rows = np.flatnonzero(pd.Series(groups).isin(minor).to_numpy())
        across = sum(len(_splits_of(evidence, groups, names)) > 1 for names in sets)
        listed = "; ".join(" and ".join(f"{n!r} ({counts[n]:,})" for n in s) for s in sets[:SHOWN])
        beyond = f" {across:,} of these have images in several splits." if across else ""
        return Finding(
            code=self.code,
            title="Group names that look alike" if sets else "Group names are distinct",
            summary=(
                f"{len(minor):,} of {len(counts):,} group names differ from another only by case, blanks, a point or leading zeros "
                f"(images in brackets): {listed}{'; ...' if len(sets) > SHOWN else ''}.{beyond}"
                if sets
                else f"No two of {len(counts):,} group names differ by case, blanks, a point or leading zeros alone."
            ),
            why="One patient under two names counts as two: a split may put one into train and the other into test.",
            affected=len(rows),
            total=len(groups),
            effect=Effect.counted("look-alike group names", len(minor), warn_at=self.warn_groups),
            fix=Fix(text="If they are the same, give them one name in the table, and scan it again.")
            if sets
            else None,
            examples=_examples(evidence, rows) if len(rows) else None,
            details={"alike": [list(names) for names in sets], "across_splits": across},
        )

    def _placeholders(self, evidence: Evidence, groups: np.ndarray, unknown: tuple[str, ...]) -> Finding:
        rows = np.flatnonzero(pd.Series(groups).isin(unknown).to_numpy())
        listed = ", ".join(repr(name) for name in unknown[:SHOWN])
        return Finding(
            code=self.code,
            scope="placeholders",
            title="A group may stand for images whose group is not known",
            summary=(
                f"{len(rows):,} of {len(groups):,} images ({percent(len(rows) / len(groups), 1)}) have the group {listed}, which likely "
                'means "not known"; it is read as one group.'
            ),
            why="Images of many patients are taken for one: they are kept together though they need not be, and what is known of them is wrong.",
            affected=len(rows),
            total=len(groups),
            effect=Effect.counted("group names that mean not known", len(unknown), warn_at=self.warn_groups),
            fix=Fix(text="Leave the group of these images blank: each then counts as a group of its own."),
            examples=_examples(evidence, rows),
            details={"placeholders": list(unknown)},
        )


def _splits_of(evidence: Evidence, groups: np.ndarray, names: tuple[str, ...]) -> set[str]:
    return set(evidence.splits[np.isin(groups.astype(str), names)]) - {""}


def _examples(evidence: Evidence, rows: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "path": evidence.images["path"].to_numpy(dtype=object)[rows],
            "label": evidence.labels[rows],
            "split": evidence.splits[rows],
            "score": 1.0,
        }
    )
