"""Duplicate sets side by side, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.finding import Finding
from auditor.reports.reviewed import still_to_ask
from auditor.reports.sections.findings import anchor
from auditor.reports.sections.pictures import Picture, Pictures

#: Evidence rows that sets are put together from, sets that are shown, and members of each.
ROWS, SETS, MEMBERS = 24, 18, 6
CODES = ("conflicting-labels", "split-leak", "near-duplicate", "exact-duplicate")
#: Their pairs belong together and need not be copies: they join no set. Pairs that a set has are not shown
#: again.
RELATED = ("group-leak", "source-leak")


@dataclass(frozen=True, slots=True)
class DuplicateSet:
    """Images that show the same, and what is wrong with having them all; ``finding`` is where it is shown."""

    finding: str
    members: tuple[Picture, ...]
    left_out: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DuplicateSets:
    """Sets, each once, and the findings whose pairs they are: their anchors, as (of the pair, of the set)."""

    sets: tuple[DuplicateSet, ...]
    shown_with: Mapping[str, str]
    unseen: Mapping[str, int]

    def of(self, finding: str) -> tuple[DuplicateSet, ...]:
        """Return the sets that are shown with a finding."""
        return tuple(s for s in self.sets if s.finding == finding)


def duplicate_sets(findings: Sequence[Finding], pictures: Pictures) -> DuplicateSets:
    """Join the pairs that duplicate checks found into sets, each shown with the first finding that names it.

    Sets that harm most come first.
    """
    parent: dict[str, str] = {}

    def root(path: str) -> str:
        while parent.setdefault(path, path) != path:
            parent[path] = parent[parent[path]]
            path = parent[path]
        return path

    pairs = {anchor(f): _pairs(f, pictures) for code in CODES for f in findings if f.code == code}
    for asked in pairs.values():
        for path, other in asked[:ROWS]:
            parent[root(path)] = root(other)
    members: dict[str, list[str]] = {}
    for path in parent:
        members.setdefault(root(path), []).append(path)
    owners: dict[str, str] = {}
    for place, asked in pairs.items():
        for path, _ in asked[:ROWS]:
            owners.setdefault(root(path), place)
    first = list(members.items())[: 4 * SETS]
    made = {top: _describe(owners[top], paths, pictures) for top, paths in first}
    kept = dict(sorted(made.items(), key=lambda item: -len(item[1].remarks))[:SETS])
    homes = {
        place: [kept[top].finding for path, _ in asked[:ROWS] if (top := root(path)) in kept]
        for place, asked in pairs.items()
    }
    for finding in (f for f in findings if f.code in RELATED):
        asked = _pairs(finding, pictures)[:ROWS]
        found = [kept[top].finding for a, b in asked if (top := root(a)) == root(b) and top in kept]
        if found and len(found) == len(asked):
            pairs[anchor(finding)], homes[anchor(finding)] = asked, found
    return DuplicateSets(
        tuple(kept.values()),
        {place: found[0] for place, found in homes.items() if found},
        {place: len(asked) - len(homes[place]) for place, asked in pairs.items()},
    )


def _pairs(finding: Finding, pictures: Pictures) -> list[tuple[str, str]]:
    """Return the pairs of a finding that nobody has decided about."""
    if finding.examples is None or not {"path", "other_path"} <= set(finding.examples.columns):
        return []
    asked = still_to_ask(finding.examples, pictures.decided)[["path", "other_path"]]
    return [
        (path, other)
        for path, other in asked.itertuples(index=False, name=None)
        if isinstance(path, str) and isinstance(other, str) and path and other
    ]


def _describe(finding: str, paths: list[str], pictures: Pictures) -> DuplicateSet:
    shown = tuple(pictures.show(p) for p in paths[:MEMBERS])
    labels, splits = {p.label for p in shown if p.label}, {p.split for p in shown if p.split}
    remarks = [
        *(["different classes"] if len(labels) > 1 else []),
        *(["different splits"] if len(splits) > 1 else []),
    ]
    return DuplicateSet(finding, shown, len(paths) - len(shown), tuple(remarks))
