"""Curves over epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.reports.charts.axis import Axis, Tick, path_through
from auditor.reports.wording import number

#: Sizes in the drawing's units.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420.0, 250.0, 52.0, 408.0, 26.0, 204.0
#: Epochs up to which each is a dot; a single one would be no line.
FEW = 3
#: Room for the names, which then stand behind the dots.
NAME = 78.0
#: Distance that keeps two names legible.
LINE = 16.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A line: its name, its path and where its name is written."""

    name: str
    index: int
    path: str
    end_x: float
    end_y: float
    anchor: str
    dots: tuple[tuple[float, float], ...]


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


def draw_curves(
    title: str, y_label: str, lines: Mapping[str, Sequence[float]], best_epoch: int | None
) -> Curves | None:
    """Draw one line per key of ``lines`` (training first, then validation).

    ``None`` where there is no epoch.
    """
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
    x = Axis(1, max(epochs, 2), LEFT, RIGHT if epochs > FEW else RIGHT - NAME)
    y = Axis(low, high * 1.02 if high > low else low + 1, BOTTOM, TOP)
    ends = _apart([y.place(vs[-1]) for vs in lines.values()])
    curves = []
    for i, ((name, vs), end) in enumerate(zip(lines.items(), ends, strict=True)):
        places = [(x.place(e + 1), y.place(v) if v == v else v) for e, v in enumerate(vs)]
        anchor, end_x = ("start", places[-1][0] + 8) if epochs <= FEW else ("end", places[-1][0] - 4)
        curves.append(
            Curve(name, i, path_through(places), end_x, end, anchor, tuple(places) if len(vs) <= FEW else ())
        )
    ticks = tuple(
        Tick(x.place(e), str(int(e)))
        for e in (float(t.text.replace(",", "")) for t in x.ticks(6))
        if e == int(e)
    )
    words = "; ".join(
        f"{name}: {number(vs[0])} at first, {number(vs[-1])} at the end" for name, vs in lines.items()
    )
    best = None if best_epoch is None else x.place(best_epoch + 1)
    best_text = "" if best_epoch is None else f"best weights, epoch {best_epoch + 1}"
    if best_epoch is not None:
        words += f"; the weights of epoch {best_epoch + 1} of {epochs} were kept"
    side = "end" if best is not None and best > (LEFT + RIGHT) / 2 else "start"
    return Curves(title, y_label, tuple(curves), ticks, y.ticks(4), best, best_text, side, words)


def _apart(ends: list[float]) -> list[float]:
    """Move the names of two curves apart where they would cover each other."""
    if len(ends) != 2 or abs(ends[0] - ends[1]) >= LINE:
        return ends
    middle = min(max(sum(ends) / 2, TOP + LINE), BOTTOM - LINE)
    first = ends[0] <= ends[1]
    return [middle + (-LINE / 2 if first else LINE / 2 + 4), middle + (LINE / 2 + 4 if first else -LINE / 2)]
