"""The map: each picture a point, pictures that look alike close together."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.record import Record
from auditor.reports.charts.series import series_number
from auditor.reports.sections.classes import split_names
from auditor.reports.wording import count

#: Points that are drawn; each takes about 110 bytes.
MOST = 2_000
#: Classes that get a colour of their own; the others share one.
COLOURS = 8
#: Worst rows of a finding that are ringed.
SUSPECTS = 40
SIDE = 460.0


@dataclass(frozen=True, slots=True)
class Point:
    """A picture: its place, the numbers of its class and split, and its name."""

    x: float
    y: float
    label: int
    split: int
    suspect: bool
    title: str


@dataclass(frozen=True, slots=True)
class Map:
    """The section with the map."""

    points: tuple[Point, ...]
    labels: tuple[str, ...]
    splits: tuple[tuple[int, str], ...]
    words: str


def draw_map(record: Record) -> Map | None:
    """Return the section, or ``None`` where there is no projection."""
    given = list(record.exhibits.get("map") or [])
    if len(given) < 2:
        return None
    open_paths = {
        p
        for f in record.findings
        if f.code in ("label-error", "outlier", "conflicting-labels")
        and f.examples is not None
        and "path" in f.examples
        for p in f.examples["path"].head(SUSPECTS)
    }
    suspect = [bool(p.get("suspect")) or p["path"] in open_paths for p in given]
    order = sorted(range(len(given)), key=lambda i: suspect[i])[-MOST:]
    low_x, low_y = min(p["x"] for p in given), min(p["y"] for p in given)
    reach = max(max(p["x"] for p in given) - low_x, max(p["y"] for p in given) - low_y) or 1.0
    sizes: dict[str, int] = {}
    for p in given:
        sizes[p["label"]] = sizes.get(p["label"], 0) + 1
    labels = sorted(sizes, key=lambda c: (-sizes[c], c))
    shown = [c for c in labels if c][:COLOURS]
    splits = split_names(sorted({p["split"] for p in given}))
    points = tuple(
        Point(
            round(12 + (given[i]["x"] - low_x) / reach * (SIDE - 24), 1),
            round(12 + (given[i]["y"] - low_y) / reach * (SIDE - 24), 1),
            shown.index(given[i]["label"]) if given[i]["label"] in shown else COLOURS,
            series_number(given[i]["split"], splits.index(given[i]["split"])),
            suspect[i],
            f"{given[i]['path']}, {given[i]['label']}",
        )
        for i in order
    )
    marked = sum(p.suspect for p in points)
    words = f"{count(len(points))} of {count(record.dataset.images)} pictures, placed by what they look like"
    words += f"; {count(marked)} suspects are ringed." if marked else "."
    others = len(set(labels) - set(shown) - {""})
    return Map(
        points,
        (*shown, *([f"{others} other classes" if others > 1 else labels[-1]] if others else [])),
        tuple((series_number(s, k), s or "all") for k, s in enumerate(splits)),
        words,
    )
