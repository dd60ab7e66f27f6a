"""How many more images.

Recall of each class on parts of the training images, and what the recall asked for would need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.reports.charts.growth import Growth, draw_growth
from auditor.reports.sections.plain_table import PlainTable, cell, plain_table
from auditor.reports.wording import count, joined, number, plural, share

#: Classes that are drawn, those with the lowest recall; more lines could not be read. The table has
#: all.
DRAWN = 6
#: What the verdicts of `auditor.baseline.learning_curve` mean.
MEANINGS = {
    "reached": "reached",
    "plateau": "plateau: more of the same will not help",
    "not enough to tell": "not enough to tell",
}


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """The chart, what it says, and the table of all classes."""

    words: str
    chart: Growth | None
    table: PlainTable


def learning_curve(facts: Mapping[str, Any]) -> LearningCurve | None:
    """Return what can be shown of ``learning_curve`` of a baseline's facts."""
    rows = list(facts.get("classes", ()))
    if not rows:
        return None
    rows.sort(key=lambda r: r["recall"][-1]["value"])
    target = float(facts["target"])
    chart = draw_growth(
        f"Recall by training images{'' if len(rows) <= DRAWN else f', the {DRAWN} classes with the lowest'}",
        {r["label"]: list(zip(r["images"], r["recall"], strict=True)) for r in rows[:DRAWN]},
        target,
    )
    table = plain_table(
        "Recall at each number of training images, lowest first",
        (
            {
                "class": r["label"],
                "training images": ", ".join(count(n) for n in r["images"]),
                "recall": ", ".join(number(e["value"], 2) for e in r["recall"]),
                "recall with all": cell(r["recall"][-1]),
                f"for a recall of {share(target)}": _needed(r),
            }
            for r in rows
        ),
    )
    assert table is not None
    return LearningCurve(_words(rows, target, int(facts["seeds"])), chart, table)


def _needed(row: Mapping[str, Any]) -> str:
    if row["verdict"] != "range":
        return MEANINGS[row["verdict"]]
    low, high = row["needed"]
    present = row["images"][-1]
    times = f"{number(low / present, 2)} to {number(high / present, 2)} times"
    return f"{count(low)} to {count(high)} images ({times} the present {count(present)})"


def _words(rows: list[Mapping[str, Any]], target: float, seeds: int) -> str:
    """How many classes are where, and what was done."""
    kinds = {
        "reached": "reached by {}",
        "range": "a matter of more images for {} (the table says how many)",
        "plateau": "on a plateau, where more of the same will not help, for {}",
        "not enough to tell": "unknown for {} (too few images, or too wide an interval)",
    }
    numbers = {kind: sum(r["verdict"] == kind for r in rows) for kind in kinds}
    said = [text.format(count(numbers[kind])) for kind, text in kinds.items() if numbers[kind]]
    return (
        f"A recall of {share(target)} is, of {plural(len(rows), 'class', 'classes')}, {joined(said)}. "
        f"Each was trained on nested parts "
        f"of the training images for as many steps, with {plural(seeds, 'seed')}; recall is that of "
        f"validation images."
    )
