"""Images per class and split, as stacked bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.reports.charts.axis import Axis, Tick
from auditor.reports.charts.series import series_number
from auditor.reports.wording import count, fitted

#: Sizes in the drawing's units: where bars begin and end, how far rows are apart.
LEFT, RIGHT, WIDTH, ROW, TOP = 180.0, 650.0, 860.0, 30.0, 8.0
#: Width of a class name that fits left of its bar, in letters.
NAME = 23.0
#: More classes than this are cut to the largest and the smallest.
MOST = 30


@dataclass(frozen=True, slots=True)
class Piece:
    """A split's part of a bar."""

    series: int
    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A class: its name (short and whole), its place, its pieces, and its numbers in words."""

    name: str
    whole: str
    y: float
    end: float
    pieces: tuple[Piece, ...]
    total: str
    parts: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of stacked bars."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    height: float
    bottom: float
    series: tuple[tuple[int, str], ...]
    left_out: int


def draw_bars(counts: Mapping[str, Mapping[str, int]], series: Sequence[str]) -> Bars:
    """Draw a bar per class (key of ``counts``), largest first, with a piece per split in ``series``."""
    order = sorted(counts, key=lambda c: (-sum(counts[c].values()), c))
    left_out = max(len(order) - MOST, 0)
    if left_out:
        order = [*order[: MOST // 2], *order[-(MOST // 2) :]]
    largest = max((sum(counts[c].values()) for c in order), default=0) or 1
    axis = Axis(0, largest, LEFT, RIGHT)
    bars = []
    for i, label in enumerate(order):
        before, pieces = 0, []
        for k, name in enumerate(series):
            n = counts[label].get(name, 0)
            if n:
                x, end = axis.place(before), axis.place(before + n)
                pieces.append(
                    Piece(
                        series_number(name, k),
                        x,
                        max(round(end - x - 1, 2), 0.5),
                        f"{label}, {name or 'all'}: {count(n)}",
                    )
                )
            before += n
        parts = " · ".join(count(counts[label].get(name, 0)) for name in series) if len(series) > 1 else ""
        bars.append(
            Bar(
                fitted(label, NAME),
                label,
                TOP + i * ROW,
                axis.place(before),
                tuple(pieces),
                count(before),
                parts,
            )
        )
    bottom = TOP + len(bars) * ROW
    return Bars(
        tuple(bars),
        axis.ticks(4),
        bottom + 44,
        bottom,
        tuple((series_number(s, k), s) for k, s in enumerate(series)),
        left_out,
    )
