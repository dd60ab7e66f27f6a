"""Which pictures are shown with which finding, so that each is shown once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from auditor.finding import Finding
from auditor.reports.sections.duplicates import DuplicateSet, DuplicateSets
from auditor.reports.sections.findings import anchor
from auditor.reports.sections.galleries import Gallery, Group
from auditor.reports.wording import plural

#: Galleries that stand by themselves: a sample that is judged blind, and what the baseline got wrong.
APART = ("review", "mistakes")


@dataclass(frozen=True, slots=True)
class ShownWith:
    """The pictures of a finding: in groups, or in sets, or with the finding whose anchor is ``elsewhere``."""

    words: str = ""
    groups: tuple[Group, ...] = ()
    sets: tuple[DuplicateSet, ...] = ()
    elsewhere: str = ""
    left_out: str = ""


def shown_with(
    findings: Sequence[Finding], galleries: Sequence[Gallery], sets: DuplicateSets
) -> tuple[dict[str, ShownWith], tuple[Gallery, ...]]:
    """Return the pictures of each finding, by its anchor, and the galleries that are left to stand apart."""
    places = {anchor(f) for f in findings}
    found = {}
    for place, home in sets.shown_with.items():
        more = sets.unseen[place]
        left_out = f"{plural(more, 'more pair')} in findings.csv" if more else ""
        elsewhere = home if home != place else ""
        found[place] = ShownWith("", (), sets.of(place), elsewhere, left_out)
    apart = []
    for gallery in galleries:
        inside = [g for g in gallery.groups if gallery.anchor not in APART and g.finding in places]
        for place in dict.fromkeys(g.finding for g in inside):
            groups = tuple(g for g in inside if g.finding == place)
            found[place] = ShownWith(gallery.words, groups, left_out=gallery.left_out.rstrip("."))
        rest = tuple(g for g in gallery.groups if g not in inside)
        if rest:
            apart.append(replace(gallery, groups=rest))
    return found, tuple(apart)
