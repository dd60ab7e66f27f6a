"""Classes: how many images in each split, how even, and what they look like."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.record import SPLITS, Record
from auditor.reports.charts.bars import Bars, draw_bars
from auditor.reports.sections.pictures import Picture, Pictures
from auditor.reports.thumbnails import class_examples
from auditor.reports.wording import count, plural, share
from auditor.stats.imbalance import evenness

#: Rows of the table and classes with examples at most; every class is in ``images.parquet``.
ROWS, SHOWN = 200, 24


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class in numbers."""

    label: str
    counts: tuple[str, ...]
    total: str
    share: str


@dataclass(frozen=True, slots=True)
class Classes:
    """The section about classes."""

    bars: Bars
    splits: tuple[str, ...]
    rows: tuple[ClassRow, ...]
    left_out: int
    words: str
    examples: tuple[tuple[str, tuple[Picture, ...]], ...]
    examples_left_out: int


def classes(record: Record, pictures: Pictures) -> Classes | None:
    """Return the section, or ``None`` where the images have no classes."""
    import pandas as pd

    images = record.images
    labelled = images[images["label"] != ""]
    if labelled.empty:
        return None
    splits = split_names(labelled["split"].unique().tolist())
    table = pd.crosstab(labelled["label"], labelled["split"]).reindex(columns=list(splits), fill_value=0)
    counts = {str(label): dict(zip(splits, map(int, row), strict=True)) for label, *row in table.itertuples()}
    counts |= {label: dict.fromkeys(splits, 0) for label in record.dataset.classes if label not in counts}
    sizes = {label: sum(parts.values()) for label, parts in counts.items()}
    order = sorted(sizes, key=lambda c: (-sizes[c], c))
    total = len(labelled)
    rows = tuple(
        ClassRow(c, tuple(count(counts[c][s]) for s in splits), count(sizes[c]), share(sizes[c] / total))
        for c in order[:ROWS]
    )
    samples = class_examples(record)
    pick = order if len(order) <= SHOWN else [*order[: SHOWN // 2], *order[-(SHOWN // 2) :]]
    largest, smallest = count(sizes[order[0]]), count(sizes[order[-1]])
    words = (
        f"{plural(len(order), 'class', 'classes')}; the largest has {largest} images, the smallest "
        f"{smallest}."
    )
    if len(order) > 1:
        words += f" Evenness is {evenness(list(sizes.values())):.2f} (1 = all of one size)."
    shown = tuple((c, tuple(pictures.show(p) for p in samples.get(c, []))) for c in pick)
    return Classes(
        draw_bars(counts, splits), splits, rows, len(order) - len(rows), words, shown, len(order) - len(pick)
    )


def split_names(present: list[str]) -> tuple[str, ...]:
    """Return splits in their standard order, others after them; blank (no split) last."""
    named = set(present) - {""}
    return (
        *(s for s in SPLITS if s in named),
        *sorted(named - set(SPLITS)),
        *([""] if "" in present or not present else []),
    )
