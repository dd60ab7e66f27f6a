"""Curves over epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.reports.charts.axis import Axis, Tick, path_through
from auditor.reports.wording import number

#: Sizes in the drawing's units.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420.0, 250.0, 52.0, 408.0, 26.0, 204.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A line: its name, its path and where its name is written."""

    name: str
    index: int
    path: str
    end_x: float
    end_y: float


@dataclass(frozen=True, slots=True)
class Curves:
    """A chart of curves over epochs, counted from 1."""

    title: str
    y_label: str
    curves: tuple[Curve, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    best: float | None
    best_text: str
    best_anchor: str
    words: str


def draw_curves(title: str, y_label: str, lines: Mapping[str, Sequence[float]], best_epoch: int | None) -> Curves | None:
    """Draw one line per key of ``lines`` (training first, then validation); ``None`` where there is no epoch."""
    lines = {k: [float(v) for v in vs if v is not None] for k, vs in lines.items()}
    lines = {k: vs for k, vs in lines.items() if vs}
    epochs = max((len(v) for v in lines.values()), default=0)
    if not epochs:
        return None
    values = [v for vs in lines.values() for v in vs if v == v]
    if not values:
        return None
    low, high = min(values), max(values)
    low = 0.0 if 0 <= low <= 0.6 * high else low
    x, y = Axis(1, max(epochs, 2), LEFT, RIGHT), Axis(low, high * 1.02 if high > low else low + 1, BOTTOM, TOP)
    curves = [
        Curve(
            name,
            i,
            path_through([(x.place(e + 1), y.place(v) if v == v else v) for e, v in enumerate(vs)]),
            x.place(len(vs)),
            y.place(vs[-1]),
        )
        for i, (name, vs) in enumerate(lines.items())
    ]
    if len(curves) == 2 and abs(curves[0].end_y - curves[1].end_y) < 16:  # keep the two names apart
        upper, lower = sorted(curves, key=lambda c: c.end_y)
        shifted = {upper.name: upper.end_y - 9, lower.name: lower.end_y + 13}
        curves = [Curve(c.name, c.index, c.path, c.end_x, min(max(shifted[c.name], TOP + 4), BOTTOM - 4)) for c in curves]
    ticks = tuple(Tick(x.place(e), str(int(e))) for e in (float(t.text.replace(",", "")) for t in x.ticks(6)) if e == int(e))
    words = "; ".join(f"{name}: {number(vs[0])} at first, {number(vs[-1])} at the end" for name, vs in lines.items())
    best = None if best_epoch is None else x.place(best_epoch + 1)
    best_text = "" if best_epoch is None else f"best weights, epoch {best_epoch + 1}"
    if best_epoch is not None:
        words += f"; the weights of epoch {best_epoch + 1} of {epochs} were kept"
    anchor = "end" if best is not None and best > (LEFT + RIGHT) / 2 else "start"
    return Curves(title, y_label, tuple(curves), ticks, y.ticks(4), best, best_text, anchor, words)
