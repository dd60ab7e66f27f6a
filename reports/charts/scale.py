"""An effect on a scale: its interval, and where it begins to matter."""

from __future__ import annotations

import math
from dataclasses import dataclass

from auditor.finding import Effect
from auditor.reports.wording import quantity, together

#: Width of the drawing, and the margins that its texts need, in its own units (CSS pixels at full size).
WIDTH, LEFT, RIGHT = 320.0, 12.0, 308.0
#: Thresholds nearer than this have their texts on two lines.
CROWDED = 92.0


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of the scale, by level: ``pass``, ``warning`` or ``error``."""

    level: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold and its text; ``line`` 0 or 1 below the scale."""

    x: float
    text: str
    anchor: str
    line: int


@dataclass(frozen=True, slots=True)
class Scale:
    """A drawn effect."""

    title: str
    zones: tuple[Zone, ...]
    thresholds: tuple[Threshold, ...]
    x: float
    low: float
    high: float
    counted: bool
    value: str
    anchor: str
    words: str


def draw_scale(effect: Effect) -> Scale:
    """Place an effect, its interval and its thresholds on a scale.

    The scale is linear from 0 for shares and distances, and logarithmic where numbers span more than a factor
    of 30.
    """
    limits = sorted(
        {("warning", effect.warn_at), ("error", effect.error_at)} - {("warning", None), ("error", None)}
    )
    marks = [t for _, t in limits if t is not None]
    seen = [v for v in (effect.value, effect.low, effect.high, *marks) if math.isfinite(v)] or [0.0]
    low, high, logarithmic = _ends(seen, effect.unit)

    def place(value: float) -> float:
        value = min(max(value, low), high)
        part = math.log(value / low) / math.log(high / low) if logarithmic else (value - low) / (high - low)
        return round(LEFT + part * (RIGHT - LEFT), 1)

    x = place(effect.value)
    return Scale(
        title=f"{effect.name}: {quantity(effect.value, effect.unit)}",
        zones=_zones(effect, place),
        thresholds=_thresholds(effect, place),
        x=x,
        low=place(effect.low),
        high=place(effect.high),
        counted=effect.low == effect.high,
        value=quantity(effect.value, effect.unit),
        anchor=_anchor(x),
        words=in_words(effect),
    )


def in_words(effect: Effect) -> str:
    """Return the effect as a sentence: what the drawing says."""
    parts = [effect.name]
    if effect.low != effect.high:
        low, high = together(effect.low, effect.high, unit=effect.unit)
        parts.append(f"95 % interval {low} to {high}")
    beyond = "above" if effect.worse == "higher" else "below"
    for word, limit in (("warning", effect.warn_at), ("error", effect.error_at)):
        if limit is not None:
            parts.append(f"{word} {beyond} {quantity(limit, effect.unit)}")
    if effect.accept_at is not None:
        parts.append(f"a pass may leave {quantity(effect.accept_at, effect.unit)} unproven")
    if effect.detectable is not None:
        parts.append(f"this much data could have shown {quantity(effect.detectable, effect.unit)} or more")
    if effect.warn_at is None and effect.error_at is None:
        parts.append("for information")
    return "; ".join(parts)


def _ends(seen: list[float], unit: str) -> tuple[float, float, bool]:
    low, high = min(seen), max(seen)
    if unit == "ratio" or (low > 0 and high / low > 30 and unit != "share"):
        low = min(1.0, low) if unit == "ratio" else low
        if low > 0 and high > low and high / low > 30:
            return low / 1.1, high * 1.4, True
    if unit == "share":
        return min(low, 0.0), 1.0 if high > 0.6 else high * 1.25 or 0.01, False
    reach = max(abs(low), abs(high)) or 1.0
    return (0.0 if low >= 0 else low - 0.15 * reach), (high + 0.2 * reach if high > 0 else 0.1 * reach), False


def _zones(effect: Effect, place: object) -> tuple[Zone, ...]:
    assert callable(place)
    warn = effect.warn_at if effect.warn_at is not None else effect.error_at
    if warn is None:
        return (Zone("info", LEFT, RIGHT - LEFT),)
    error = effect.error_at
    first = place(warn)
    if effect.worse == "higher":
        second = RIGHT if error is None else place(error)
        cuts = [("pass", LEFT, first), ("warning", first, second), ("error", second, RIGHT)]
    else:
        second = LEFT if error is None else place(error)
        cuts = [("error", LEFT, second), ("warning", second, first), ("pass", first, RIGHT)]
    return tuple(Zone(level, a, round(b - a, 1)) for level, a, b in cuts if b > a)


def _thresholds(effect: Effect, place: object) -> tuple[Threshold, ...]:
    assert callable(place)
    named = [("warn", effect.warn_at), ("error", effect.error_at)]
    if effect.warn_at is not None and effect.warn_at == effect.error_at:
        named = [("error", effect.error_at)]
    drawn: list[Threshold] = []
    for word, limit in named:
        if limit is None:
            continue
        x = place(limit)
        text = (
            f"{word} from the first"
            if limit == 0 and effect.worse == "higher"
            else f"{word} {quantity(limit, effect.unit)}"
        )
        crowded = any(abs(x - other.x) < CROWDED for other in drawn)
        drawn.append(Threshold(x, text, _anchor(x), int(crowded)))
    return tuple(drawn)


def _anchor(x: float) -> str:
    return "start" if x < LEFT + 45 else "end" if x > RIGHT - 45 else "middle"
