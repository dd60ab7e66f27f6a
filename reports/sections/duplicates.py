"""Duplicate sets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.finding import Finding
from auditor.reports.reviewed import still_to_ask
from auditor.reports.sections.pictures import Picture, Pictures

#: Evidence rows that sets are put together from, sets that are shown, and members of each.
ROWS, SETS, MEMBERS = 24, 18, 6
CODES = ("conflicting-labels", "split-leak", "near-duplicate", "exact-duplicate", "group-leak")


@dataclass(frozen=True, slots=True)
class DuplicateSet:
    """Images that show the same, and what is wrong with having them all."""

    members: tuple[Picture, ...]
    left_out: int
    remarks: tuple[str, ...]


def duplicate_sets(findings: Sequence[Finding], pictures: Pictures) -> tuple[DuplicateSet, ...]:
    """Join the pairs that duplicate checks found into sets of what is shown; sets that harm most come first."""
    parent: dict[str, str] = {}

    def root(path: str) -> str:
        while parent.setdefault(path, path) != path:
            parent[path] = parent[parent[path]]
            path = parent[path]
        return path

    for finding in (f for code in CODES for f in findings if f.code == code):
        if finding.examples is None or not {"path", "other_path"} <= set(finding.examples.columns):
            continue
        for path, other in (
            still_to_ask(finding.examples, pictures.decided)[["path", "other_path"]]
            .head(ROWS)
            .itertuples(index=False)
        ):
            if isinstance(path, str) and isinstance(other, str) and path and other:
                parent[root(path)] = root(other)
    sets: dict[str, list[str]] = {}
    for path in parent:
        sets.setdefault(root(path), []).append(path)
    made = [_describe(members, pictures) for members in list(sets.values())[: 4 * SETS]]
    return tuple(sorted(made, key=lambda s: -len(s.remarks))[:SETS])


def _describe(paths: list[str], pictures: Pictures) -> DuplicateSet:
    shown = tuple(pictures.show(p) for p in paths[:MEMBERS])
    labels, splits = {p.label for p in shown if p.label}, {p.split for p in shown if p.split}
    remarks = [
        *(["different classes"] if len(labels) > 1 else []),
        *(["different splits"] if len(splits) > 1 else []),
    ]
    return DuplicateSet(shown, len(paths) - len(shown), tuple(remarks))
