"""Recall of classes against their number of training images, on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.record import Estimate
from auditor.reports.charts.axis import Axis, Tick, path_through
from auditor.reports.wording import count, interval, share, shortened

#: Sizes in the drawing's units.
LEFT, RIGHT, TOP, BOTTOM = 52.0, 408.0, 26.0, 204.0
#: Round numbers of a decade; of more than `TICKS` those of whole decades alone are named.
ROUND, TICKS = (1, 2, 5), 7
#: Letters of a class name in the legend.
LONGEST = 40


@dataclass(frozen=True, slots=True)
class Point:
    """A measured score and the ends of its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """A class through its points."""

    name: str
    index: int
    path: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """A learning curve; ``target`` is where the recall that is asked for stands."""

    title: str
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    target: float | None
    target_text: str
    words: str


def draw_growth(
    title: str, series: Mapping[str, Sequence[tuple[int, Estimate]]], target: float | None = None
) -> Growth | None:
    """Draw a line per class through (training images, recall).

    ``None`` where no class has two numbers of images.

    Intervals are drawn for a single class only: those of several would cover each other; all stand in words.
    """
    kept = {
        k: sorted((p for p in ps if p[0] > 0 and math.isfinite(p[1]["value"])), key=lambda p: p[0])
        for k, ps in series.items()
    }
    kept = {k: ps for k, ps in kept.items() if len({n for n, _ in ps}) > 1}
    if not kept:
        return None
    every = [p for ps in kept.values() for p in ps]
    alone = len(kept) == 1
    ends = [(e["low"], e["high"]) if alone else (e["value"], e["value"]) for _, e in every] + (
        [] if target is None else [(target, target)]
    )
    low, high = min(a for a, _ in ends), max(b for _, b in ends)
    smallest, largest = min(n for n, _ in every), max(n for n, _ in every)
    x = Axis(math.log(smallest), math.log(largest), LEFT, RIGHT)
    y = Axis(max(low - 0.02, 0.0), min(high + 0.02, 1.0), BOTTOM, TOP)
    lines = []
    for i, (name, ps) in enumerate(kept.items()):
        points = tuple(_point(x.place(math.log(n)), e, y, alone) for n, e in ps)
        lines.append(Line(shortened(name, LONGEST), i, path_through([(p.x, p.y) for p in points]), points))
    words = "; ".join(
        f"recall of {shortened(name, LONGEST)} "
        + ", ".join(f"{interval(e['value'], e['low'], e['high'])} at {count(n)}" for n, e in ps)
        for name, ps in kept.items()
    )
    return Growth(
        title,
        tuple(lines),
        tuple(Tick(x.place(math.log(n)), count(n)) for n in _round_numbers(smallest, largest)),
        tuple(Tick(t.at, share(float(t.text))) for t in y.ticks(4)),
        None if target is None else y.place(target),
        "" if target is None else f"asked: {share(target)}",
        words,
    )


def _point(x: float, estimate: Estimate, y: Axis, spread: bool) -> Point:
    value, low, high = (y.place(estimate[k]) for k in ("value", "low", "high"))
    return Point(x, value, low, high) if spread else Point(x, value, value, value)


def _round_numbers(low: int, high: int) -> list[int]:
    """Round numbers of a range, evenly spread on a logarithmic axis; its ends where there are fewer than two.

    Examples
    --------
    >>> _round_numbers(30, 600), _round_numbers(31, 49)
    ([50, 100, 200, 500], [31, 49])
    """
    decades = range(int(math.log10(low)), int(math.log10(high)) + 1)
    found = [m * 10**d for d in decades for m in ROUND if low <= m * 10**d <= high]
    if len(found) > TICKS:
        found = [n for n in found if str(n)[0] == "1"]
    return found if len(found) > 1 else sorted({low, high})
