"""Distributions of measures, split by split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.record import Record
from auditor.reports.charts.histogram import Histogram, draw_histogram
from auditor.reports.charts.series import series_number
from auditor.reports.sections.classes import split_names
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES

#: Charts that the page shows at once; the others are folded away.
AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Distributions:
    """The section about measures; the charts whose splits differ most come first."""

    first: tuple[Histogram, ...]
    more: tuple[Histogram, ...]
    splits: tuple[tuple[int, str], ...]


def distributions(record: Record) -> Distributions | None:
    """Return the section, or ``None`` where nothing was measured."""
    images = record.images
    readable = (images["status"] == "ok").to_numpy()
    where = images["split"].to_numpy(dtype=object)
    splits = split_names(sorted(set(where[readable].tolist())))
    rows = {s: np.flatnonzero(readable & (where == s)) for s in splits}
    charts = []
    for measure in (*MEASURES, *SHAPE_MEASURES):
        if measure.name not in images:
            continue
        values = images[measure.name].to_numpy(dtype=float)
        chart = draw_histogram(
            {s or "all": values[r] for s, r in rows.items()},
            name=measure.name,
            title=measure.title,
            unit=measure.unit,
            text=measure.text,
        )
        if chart is not None:
            charts.append(chart)
    if not charts:
        return None
    if len(splits) > 1:
        charts.sort(key=lambda c: -round(c.distance, 3))
    return Distributions(
        tuple(charts[:AT_ONCE]),
        tuple(charts[AT_ONCE:]),
        tuple((series_number(s, k), s or "all") for k, s in enumerate(splits)),
    )
