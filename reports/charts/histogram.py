"""How a measure is distributed, split by split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.reports.charts.axis import Axis, Tick, path_through
from auditor.reports.charts.series import series_number
from auditor.reports.wording import number

#: Sizes in the drawing's units.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 300.0, 172.0, 40.0, 292.0, 8.0, 124.0
BINS = 32
#: Shares of the images beyond which values are drawn in the outermost bin.
TAIL = 0.002


@dataclass(frozen=True, slots=True)
class Series:
    """A split's outline."""

    name: str
    index: int
    line: str
    area: str
    median: str
    half: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """A measure's chart.

    ``distance`` is the largest KS distance between two splits on the bins; it orders charts and decides
    nothing.
    """

    name: str
    title: str
    text: str
    unit: str
    series: tuple[Series, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    distance: float
    clipped: bool


def draw_histogram(
    values: Mapping[str, npt.NDArray[np.float64]], *, name: str, title: str, unit: str, text: str
) -> Histogram | None:
    """Draw the outline of each split's histogram, in shares of its images.

    ``None`` where there is nothing to draw.

    Parameters
    ----------
    values : mapping
        Finite values by split, each of shape ``(n_images,)``.
    """
    kept = {k: v[np.isfinite(v)] for k, v in values.items()}
    kept = {k: v for k, v in kept.items() if len(v)}
    if not kept:
        return None
    together = np.concatenate(list(kept.values()))
    low, high = (float(q) for q in np.quantile(together, [TAIL, 1 - TAIL], method="nearest"))
    clipped = bool(together.min() < low or together.max() > high)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    shares = {k: np.histogram(np.clip(v, low, high), edges)[0] / len(v) for k, v in kept.items()}
    top = max(float(s.max()) for s in shares.values())
    x, y = Axis(low, high, LEFT, RIGHT), Axis(0, top * 1.05, BOTTOM, TOP)
    order = list(values)
    series = []
    for split, heights in shares.items():
        corners = [(x.place(edges[0]), BOTTOM)]
        for i, h in enumerate(heights):
            corners += [(x.place(edges[i]), y.place(h)), (x.place(edges[i + 1]), y.place(h))]
        corners.append((x.place(edges[-1]), BOTTOM))
        quartiles = np.quantile(kept[split], [0.25, 0.5, 0.75])
        outline = path_through(corners)
        series.append(
            Series(
                split,
                series_number(split, order.index(split)),
                outline,
                f"{outline}Z",
                number(quartiles[1]),
                f"{number(quartiles[0])} to {number(quartiles[2])}",
            )
        )
    ladder = np.array([np.cumsum(s) for s in shares.values()])
    distance = float((ladder.max(axis=0) - ladder.min(axis=0)).max())
    y_ticks = tuple(Tick(t.at, f"{number(float(t.text) * 100)} %") for t in y.ticks(3))
    return Histogram(name, title, text, unit, tuple(series), x.ticks(4), y_ticks, distance, clipped)
