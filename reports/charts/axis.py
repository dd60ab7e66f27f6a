"""Axes: round ticks and the way from a value to a place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from auditor.reports.wording import number


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: its place in the drawing's units, and its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis from a value range to a range of places.

    Examples
    --------
    >>> axis = Axis(0.0, 10.0, 100.0, 200.0)
    >>> axis.place(5.0), axis.place(99.0)
    (150.0, 200.0)
    """

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return where a value stands; what is out of range stands at the end."""
        part = 0.0 if self.high == self.low else (value - self.low) / (self.high - self.low)
        return round(self.start + min(max(part, 0.0), 1.0) * (self.end - self.start), 2)

    def ticks(self, about: int = 5) -> tuple[Tick, ...]:
        """Return round ticks within the range."""
        return tuple(Tick(self.place(v), number(v)) for v in round_values(self.low, self.high, about))


def round_values(low: float, high: float, about: int = 5) -> list[float]:
    """Return round values between two ends (Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990).

    Examples
    --------
    >>> round_values(0.0, 1.0), round_values(0, 4831)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 1000.0, 2000.0, 3000.0, 4000.0])
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    step = (high - low) / about
    size = 10.0 ** math.floor(math.log10(step))
    step = min((size * m for m in (1, 2, 2.5, 5, 10)), key=lambda s: abs(math.log(s / step)))
    first = math.ceil(low / step - 1e-9)
    values: list[float] = []
    while (first + len(values)) * step <= high + 1e-9 * step:
        values.append(float(f"{(first + len(values)) * step:.9g}"))
    return values


def path_through(points: list[tuple[float, float]]) -> str:
    """Return the SVG path through some places; those that are not finite break the line.

    Examples
    --------
    >>> path_through([(0, 1), (2, float("nan")), (3, 4), (5, 6)])
    'M0 1M3 4L5 6'
    """
    parts, joined = [], False
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            joined = False
            continue
        parts.append(f"{'L' if joined else 'M'}{round(x, 1):g} {round(y, 1):g}")
        joined = True
    return "".join(parts)
