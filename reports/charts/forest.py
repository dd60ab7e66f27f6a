"""Estimates below each other, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.record import Estimate
from auditor.reports.charts.axis import Axis, Tick
from auditor.reports.wording import fitted, number

#: Sizes in the drawing's units: where the scale begins and ends, how far rows are apart.
LEFT, RIGHT, ROW, TOP = 185.0, 325.0, 26.0, 12.0
#: The width of an interval of shares that says nothing: it reaches from one end to the other.
WIDEST = 2.0
#: Rows that are drawn.
MOST = 30


@dataclass(frozen=True, slots=True)
class Mark:
    """An estimate: name, place, ends of its interval, level (blank where it has none), and what it says."""

    name: str
    whole: str
    y: float
    x: float
    low: float
    high: float
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Forest:
    """A chart of estimates.

    ``zero`` is the place of no difference, where the scale has values on both of its sides.
    """

    title: str
    unit: str
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    zero: float | None
    bottom: float
    height: float
    words: str
    left_out: int


def draw_forest(
    title: str, rows: Sequence[tuple[str, Estimate, str]], *, difference: bool = False
) -> Forest | None:
    """Draw a row for each (name, estimate, level); ``None`` without rows.

    Parameters
    ----------
    rows : sequence of (str, Estimate, str)
    difference : bool
        The estimates are differences: their scale holds zero, and shares of one are shown in percent points.
    """
    drawn = [r for r in rows if all(math.isfinite(r[1][k]) for k in ("value", "low", "high"))]
    if not drawn:
        return None
    shown = drawn[:MOST]
    shares = all(abs(e["value"]) <= 1 for _, e, _ in shown)
    least, most = ((-1.0 if difference else 0.0), 1.0) if shares else (-math.inf, math.inf)
    ends = [min(max(e[k], least), most) for _, e, _ in shown for k in ("low", "high")]
    low, high = min(ends), max(ends)
    if difference:
        low, high = min(low, 0.0), max(high, 0.0)
    elif shares and low >= 0:
        low, high = (0.0, high) if low < 0.5 * high else (low, high)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    axis = Axis(low, high, LEFT, RIGHT)
    unit = ("percent points" if difference else "percent") if shares else ""
    marks = tuple(
        Mark(
            fitted(name, 23.0),
            name,
            TOP + i * ROW + ROW / 2,
            axis.place(e["value"]),
            axis.place(e["low"]),
            axis.place(e["high"]),
            level,
            _text(e, shares, difference),
        )
        for i, (name, e, level) in enumerate(shown)
    )
    ticks = tuple(
        Tick(t.at, f"{100 * float(t.text.replace(',', '')):.4g}" if shares else t.text) for t in axis.ticks(4)
    )
    bottom = TOP + len(marks) * ROW + 4
    words = "; ".join(f"{m.whole}: {m.text}" for m in marks)
    zero = axis.place(0.0) if low < 0 <= high or (difference and low <= 0 <= high) else None
    return Forest(title, unit, marks, ticks, zero, bottom, bottom + 40, words, len(drawn) - len(shown))


def _text(estimate: Estimate, shares: bool, difference: bool) -> str:
    """Return value and interval, signed where it is a difference.

    Examples
    --------
    >>> _text({"value": 0.031, "low": -0.01, "high": 0.07}, True, True)
    '+3.1 (-1.0 to +7.0)'
    """
    sign = "+" if difference else ""
    if shares and estimate["high"] - estimate["low"] >= WIDEST:
        return f"{100 * estimate['value']:{sign}.1f} (no interval)"
    value, low, high = (estimate[k] * (100 if shares else 1) for k in ("value", "low", "high"))
    if not shares:
        return f"{number(value)} ({number(low)} to {number(high)})"
    return f"{value:{sign}.1f} ({low:{sign}.1f} to {high:{sign}.1f})"
