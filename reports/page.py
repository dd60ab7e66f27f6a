"""The report as plain data: a record in, a page out. Templates show a `Page` and compute nothing."""

from __future__ import annotations

from dataclasses import dataclass

import auditor
from auditor.record import Record
from auditor.reports.glossary import GLOSSARY
from auditor.reports.sections.augmentation import AugmentationView, augmentation
from auditor.reports.sections.baseline import BaselineView, baseline
from auditor.reports.sections.classes import Classes, classes
from auditor.reports.sections.distributions import Distributions, distributions
from auditor.reports.sections.duplicates import DuplicateSet, duplicate_sets
from auditor.reports.sections.findings import FindingView, view
from auditor.reports.sections.galleries import Gallery, galleries
from auditor.reports.sections.map import Map, draw_map
from auditor.reports.sections.methods import Methods, methods
from auditor.reports.sections.overview import Overview, overview
from auditor.reports.sections.pictures import BUDGET, Picture, Pictures
from auditor.reports.sections.splits import Splits, splits
from auditor.reports.wording import count

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
    findings: tuple[FindingView, ...]
    findings_left_out: int
    passed: tuple[FindingView, ...]
    skipped: tuple[FindingView, ...]
    duplicates: tuple[DuplicateSet, ...]
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
    opened = sorted(
        (f for f in record.findings if f.is_shown), key=lambda f: (f.waiver is not None, f.severity.rank)
    )
    shown = tuple(view(f, pictures) for f in opened[:MOST_FINDINGS])
    folded = [view(f, pictures) for f in record.findings if not f.is_shown]
    made = {
        "overview": overview(record),
        "findings": shown,
        "duplicates": duplicate_sets(opened, pictures),
        "galleries": galleries(record, pictures),
        "classes": classes(record, pictures),
        "splits": splits(record, pictures),
        "distributions": distributions(record),
        "map": draw_map(record),
        "augmentation": augmentation(record, pictures),
        "baseline": baseline(record),
        "passed": tuple(v for v in folded if v.severity == "pass"),
        "skipped": tuple(v for v in folded if v.severity == "skipped"),
    }
    run = record.provenance.get("run") or {}
    return Page(
        name=record.dataset.name,
        images=count(record.dataset.images),
        fingerprint=record.dataset.fingerprint,
        started=str(run.get("started", ""))[:10],
        version=auditor.__version__,
        findings_left_out=len(opened) - len(shown),
        methods=methods(record),
        glossary=tuple(GLOSSARY.items()),
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
        "findings": "Findings",
        "duplicates": "Duplicates",
        "galleries": "",
        "classes": "Classes",
        "splits": "Split",
        "distributions": "Distributions",
        "map": "Map",
        "augmentation": "Augmentation",
        "baseline": "Baseline",
        "passed": "Passed",
        "skipped": "Not checked",
    }
    entries = [Entry("verdict", "Verdict", "")]
    for key, title in titles.items():
        part = made[key]
        if key == "galleries" and isinstance(part, tuple):
            entries += [Entry(g.anchor, g.short, count(len(g))) for g in part]
        elif part:
            entries.append(Entry(key, title, count(len(part)) if isinstance(part, tuple) else ""))
    return (*entries, Entry("methods", "How it was made", ""), Entry("glossary", "Glossary", ""))
