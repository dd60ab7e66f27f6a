"""Confusion matrices and reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.reports.charts.axis import Axis, Tick
from auditor.reports.wording import count, fitted, interval, share

#: Classes of a matrix that is drawn at most; beyond it the classes that are recognised worst are drawn.
MOST = 16
#: Share above which a cell is so dark that its text is light.
DARK = 0.5


@dataclass(frozen=True, slots=True)
class Cell:
    """A share of a true class that was predicted as some class."""

    x: float
    y: float
    depth: float
    dark: bool
    right: bool
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """A drawn confusion matrix: rows are true classes, columns predicted ones."""

    labels: tuple[str, ...]
    cells: tuple[Cell, ...]
    side: float
    left: float
    size: float
    left_out: int
    words: str
    worst: tuple[str, ...]


def draw_matrix(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> Matrix | None:
    """Draw a confusion matrix, shares of each true class."""
    if not confusion or len(confusion) != len(labels):
        return None
    totals = [sum(row) for row in confusion]
    recall = [row[i] / t if t else 0.0 for i, (row, t) in enumerate(zip(confusion, totals, strict=True))]
    chosen = sorted(sorted(range(len(labels)), key=lambda i: recall[i])[:MOST])
    side = 48.0 if len(chosen) <= 6 else 38.0 if len(chosen) <= 10 else 30.0
    left = 110.0
    cells = []
    for r, i in enumerate(chosen):
        for c, j in enumerate(chosen):
            part = confusion[i][j] / totals[i] if totals[i] else 0.0
            text = f"{100 * part:.0f}" if confusion[i][j] else "·"
            title = f"{labels[i]} predicted as {labels[j]}: {count(confusion[i][j])} of {count(totals[i])}"
            cells.append(Cell(left + c * side, r * side, round(part, 3), part > DARK, i == j, text, title))
    confused = sorted(
        (
            (confusion[i][j], i, j)
            for i in range(len(labels))
            for j in range(len(labels))
            if i != j and confusion[i][j]
        ),
        key=lambda t: (-t[0], t[1], t[2]),
    )
    worst = tuple(
        f"{labels[i]} taken for {labels[j]}: {count(n)} of {count(totals[i])} ({share(n / totals[i])})"
        for n, i, j in confused[:8]
    )
    right = sum(confusion[i][i] for i in range(len(labels)))
    words = f"{count(right)} of {count(sum(totals))} images are on the diagonal."
    names = tuple(fitted(labels[i], 12.5) for i in chosen)
    return Matrix(
        names, tuple(cells), side, left, left + side * len(chosen), len(labels) - len(chosen), words, worst
    )


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of one confidence: where they stand, and how many there are (as a radius)."""

    x: float
    y: float
    low: float
    high: float
    radius: float
    title: str


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidence against accuracy; on the diagonal the model is as often right as it says."""

    bins: tuple[Bin, ...]
    ticks: tuple[Tick, ...]
    words: str


def draw_reliability(calibration: Mapping[str, Any]) -> Reliability | None:
    """Draw a reliability diagram on a field of 220 by 220."""
    bins = [
        b
        for b in calibration.get("bins", [])
        if b.get("images") and b.get("accuracy") is not None and b.get("confidence") is not None
    ]
    if not bins:
        return None
    axis = Axis(0, 1, 0, 220)
    most = max(b["images"] for b in bins)
    drawn = []
    for b in bins:
        y, low, high = (round(220 - axis.place(v), 2) for v in _reach(b["accuracy"]))
        radius = round(3 + 6 * (b["images"] / most) ** 0.5, 1)
        words = (
            f"says {share(b['confidence'])}, is right in {_in_words(b['accuracy'])} of {count(b['images'])} "
            f"images"
        )
        drawn.append(Bin(axis.place(b["confidence"]), y, low, high, radius, words))
    ece = calibration.get("ece")
    words = "Dots below the line: more confident than right. A dot's area is its number of images."
    if ece is not None:
        words = (
            f"On average confidence and accuracy are {share(ece)} apart (expected calibration error). {words}"
        )
    return Reliability(
        tuple(drawn), tuple(Tick(t.at, f"{round(100 * float(t.text))} %") for t in axis.ticks(5)), words
    )


def _reach(accuracy: Any) -> tuple[float, float, float]:
    """Return an accuracy and the ends of its interval, which are itself where it has none."""
    if isinstance(accuracy, Mapping):
        return accuracy["value"], accuracy["low"], accuracy["high"]
    return accuracy, accuracy, accuracy


def _in_words(accuracy: Any) -> str:
    value, low, high = _reach(accuracy)
    return share(value) if low == high else interval(value, low, high)
