"""Scores against the number of training images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.record import Estimate
from auditor.reports.charts.axis import Axis, Tick, path_through
from auditor.reports.wording import count, interval

#: Sizes in the drawing's units.
LEFT, RIGHT, TOP, BOTTOM = 52.0, 408.0, 26.0, 204.0


@dataclass(frozen=True, slots=True)
class Point:
    """A measured score and the ends of its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """A series through its points."""

    name: str
    index: int
    path: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """A learning curve."""

    title: str
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_label: str
    words: str


def draw_growth(title: str, x_label: str, series: Mapping[str, Sequence[tuple[float, Estimate]]]) -> Growth | None:
    """Draw a line per series of (number of images, score); ``None`` with fewer than two points."""
    kept = {k: sorted((p for p in ps if math.isfinite(p[1]["value"])), key=lambda p: p[0]) for k, ps in series.items()}
    kept = {k: ps for k, ps in kept.items() if len(ps) > 1}
    if not kept:
        return None
    every = [p for ps in kept.values() for p in ps]
    low, high = min(e["low"] for _, e in every), max(e["high"] for _, e in every)
    x = Axis(0.0, max(n for n, _ in every), LEFT, RIGHT)
    y = Axis(max(low - 0.02, 0.0), min(high + 0.02, 1.0), BOTTOM, TOP)
    lines = []
    for i, (name, ps) in enumerate(kept.items()):
        points = tuple(Point(x.place(n), y.place(e["value"]), y.place(e["low"]), y.place(e["high"])) for n, e in ps)
        lines.append(Line(name, i, path_through([(p.x, p.y) for p in points]), points))
    y_ticks = tuple(Tick(t.at, f"{100 * float(t.text):.4g} %") for t in y.ticks(4))
    words = "; ".join(
        f"{name}: " + ", ".join(f"{interval(e['value'], e['low'], e['high'])} at {count(n)}" for n, e in ps) for name, ps in kept.items()
    )
    return Growth(title, tuple(lines), x.ticks(5), y_ticks, x_label, words)
