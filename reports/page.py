"""The report as plain data: a record in, a page out. Templates show a `Page` and compute nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass

import auditor
from auditor.record import Record
from auditor.reports.glossary import GLOSSARY, with_terms
from auditor.reports.ranking import ranked
from auditor.reports.sections.augmentation import AugmentationView, augmentation
from auditor.reports.sections.baseline import BaselineView, baseline
from auditor.reports.sections.checks import Checks, checks
from auditor.reports.sections.classes import Classes, classes
from auditor.reports.sections.distributions import Distributions, distributions
from auditor.reports.sections.duplicates import duplicate_sets
from auditor.reports.sections.findings import FindingView, anchor, view
from auditor.reports.sections.galleries import Gallery, galleries
from auditor.reports.sections.map import Map, draw_map
from auditor.reports.sections.methods import Methods, methods
from auditor.reports.sections.overview import Overview, overview
from auditor.reports.sections.pictures import BUDGET, Picture, Pictures
from auditor.reports.sections.shown_with import shown_with
from auditor.reports.sections.splits import Splits, splits
from auditor.reports.wording import count

#: Terms that templates use by themselves.
ALWAYS = ("Precision", "Recall", "F1")
#: Findings that are shown in full; more are counted and stand in ``audit.json``.
MOST_FINDINGS = 150


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the contents."""

    anchor: str
    title: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that the report shows."""

    name: str
    images: str
    fingerprint: str
    started: str
    version: str
    overview: Overview
    checks: Checks
    findings: tuple[FindingView, ...]
    findings_left_out: int
    galleries: tuple[Gallery, ...]
    classes: Classes | None
    splits: Splits | None
    distributions: Distributions | None
    map: Map | None
    augmentation: AugmentationView | None
    baseline: BaselineView | None
    methods: Methods
    glossary: tuple[tuple[str, str], ...]
    contents: tuple[Entry, ...]
    items: tuple[Picture, ...]
    thumbnails: tuple[tuple[int, str], ...]
    pictures_left_out: int
    has_pictures: bool


def build_page(record: Record, *, images: bool = True, budget: int = BUDGET) -> Page:
    """Turn a record into a page.

    Parameters
    ----------
    record : Record
    images : bool
        Show pictures.
    budget : int
        Bytes of embedded pictures at most.
    """
    pictures = Pictures(record, shown=images, budget=budget)
    opened = ranked(f for f in record.findings if f.is_shown)
    visible = opened[:MOST_FINDINGS]
    of_finding, apart = shown_with(visible, galleries(record, pictures), duplicate_sets(visible, pictures))
    shown = tuple(view(f, pictures, of_finding.get(anchor(f))) for f in visible)
    made = {
        "overview": overview(record),
        "checks": checks(record.findings),
        "findings": shown,
        "galleries": apart,
        "classes": classes(record, pictures),
        "splits": splits(record, pictures),
        "distributions": distributions(record),
        "map": draw_map(record),
        "augmentation": augmentation(record, pictures),
        "baseline": baseline(record),
        "methods": methods(record),
    }
    run = record.provenance.get("run") or {}
    return Page(
        name=record.dataset.name,
        images=count(record.dataset.images),
        fingerprint=record.dataset.fingerprint,
        started=str(run.get("started", ""))[:10],
        version=auditor.__version__,
        findings_left_out=len(opened) - len(shown),
        glossary=_terms(made),
        contents=_contents(made),
        items=tuple(pictures.items.values()),
        thumbnails=tuple(pictures.sources()),
        pictures_left_out=pictures.left_out,
        has_pictures=bool(pictures.embedded),
        **made,  # type: ignore[arg-type]
    )


def _contents(made: dict[str, object]) -> tuple[Entry, ...]:
    """Entries of what is there, in the order of the page."""
    titles = {
        "checks": "Checks",
        "findings": "Findings",
        "baseline": "Baseline",
        "galleries": "",
        "classes": "Classes",
        "splits": "Split",
        "distributions": "Distributions",
        "map": "Map",
        "augmentation": "Augmentation",
    }
    entries = [Entry("verdict", "Verdict", ""), Entry("first", "What to do", "")]
    for key, title in titles.items():
        part = made[key]
        if key == "galleries" and isinstance(part, tuple):
            entries += [Entry(g.anchor, g.short, count(len(g))) for g in part]
        elif part:
            entries.append(Entry(key, title, count(len(part)) if isinstance(part, tuple) else ""))
    return (*entries, Entry("methods", "How it was made", ""), Entry("glossary", "Glossary", ""))


def _terms(made: object) -> tuple[tuple[str, str], ...]:
    """Return the terms that the page's texts use, with their meanings."""
    used = set(ALWAYS)

    def walk(part: object) -> None:
        if isinstance(part, str):
            used.update(term for _, term in with_terms(part) if term)
        elif isinstance(part, Mapping):
            walk(tuple(part.values()))
        elif isinstance(part, tuple | list):
            for inner in part:
                walk(inner)
        elif is_dataclass(part) and not isinstance(part, Map | Picture | type):
            walk([getattr(part, field.name) for field in fields(part)])

    walk(made)
    return tuple((term, meaning) for term, meaning in GLOSSARY.items() if term in used)
