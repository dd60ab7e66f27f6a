"""Trials of a search: a line per trial across one axis for each setting, the score last."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.reports.wording import number, share, shortened

#: Sizes in the drawing's units.
LEFT, RIGHT, TOP, BOTTOM = 40.0, 640.0, 34.0, 214.0
#: Lines that are drawn: the best ones.
MOST = 60
#: An axis whose largest value is this many times its smallest is logarithmic.
LOGARITHMIC = 50.0


@dataclass(frozen=True, slots=True)
class ParallelAxis:
    """A setting: its place, its name, and what its ends stand for."""

    x: float
    name: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class ParallelLine:
    """A trial: where it crosses the axes, whether it is the best, how strong it is drawn, what it was."""

    points: str
    best: bool
    opacity: float
    text: str


@dataclass(frozen=True, slots=True)
class Parallel:
    """A chart of parallel coordinates.

    References
    ----------
    Inselberg (1985), "The plane with parallel coordinates", The Visual Computer 1.
    """

    title: str
    axes: tuple[ParallelAxis, ...]
    lines: tuple[ParallelLine, ...]
    words: str
    left_out: int


def draw_parallel(
    title: str, trials: Sequence[Mapping[str, Any]], settings: Sequence[str], score: str
) -> Parallel | None:
    """Draw trials with a score, the worst first so that the best lie on top; ``None`` for fewer than two."""
    scored = sorted(
        (t for t in trials if isinstance(t.get(score), int | float)), key=lambda t: float(t[score])
    )
    if len(scored) < 2:
        return None
    drawn = scored[-MOST:]
    names = [
        n
        for n in settings
        if all(isinstance(t.get(n), int | float) for t in drawn) and len({t[n] for t in drawn}) > 1
    ]
    columns = [*names, score]
    step = (RIGHT - LEFT) / max(len(columns) - 1, 1)
    ends = {n: (min(float(t[n]) for t in drawn), max(float(t[n]) for t in drawn)) for n in columns}
    axes = tuple(
        ParallelAxis(
            round(LEFT + k * step, 1),
            shortened(n.replace("_", " "), 18),
            *(_end(v, n == score) for v in ends[n]),
        )
        for k, n in enumerate(columns)
    )
    lines = []
    for rank, trial in enumerate(drawn):
        points = " ".join(
            f"{axis.x},{_height(float(trial[n]), *ends[n])}" for axis, n in zip(axes, columns, strict=True)
        )
        text = ", ".join(f"{n.replace('_', ' ')} {_end(float(trial[n]), n == score)}" for n in columns)
        lines.append(ParallelLine(points, trial is drawn[-1], round(0.2 + 0.6 * rank / len(drawn), 2), text))
    words = (
        f"Each line is a trial; darker ones score higher, and the thick one is the best: {lines[-1].text}."
    )
    return Parallel(title, axes, tuple(lines), words, len(scored) - len(drawn))


def _end(value: float, is_score: bool) -> str:
    return share(value) if is_score else number(value)


def _height(value: float, low: float, high: float) -> float:
    """Return the place of a value on its axis, from `BOTTOM` to `TOP`.

    Examples
    --------
    >>> _height(1.0, 1.0, 1.0), _height(10.0, 1.0, 100.0), _height(2.0, 1.0, 3.0)
    (124.0, 124.0, 124.0)
    """
    if high <= low:
        part = 0.5
    elif low > 0 and high / low > LOGARITHMIC:
        part = math.log(value / low) / math.log(high / low)
    else:
        part = (value - low) / (high - low)
    return round(BOTTOM - part * (BOTTOM - TOP), 1)
