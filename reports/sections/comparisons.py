"""What was trained beside the baseline: ways compared, remedies tried, tuning; as charts, and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.finding import percent
from auditor.record import BaselineFacts
from auditor.reports.charts.forest import Forest, draw_forest
from auditor.reports.charts.parallel import Parallel, draw_parallel
from auditor.reports.sections.plain_table import PlainTable, cell, heading, is_estimate, plain_table
from auditor.reports.wording import plural

#: Words in the name of an estimate that say that it is a difference.
DIFFERENCES = ("change", "difference", "gain", "delta")
#: What a trial of a hyperparameter search is scored by.
TUNED = "balanced_accuracy"
#: Charts of one comparison.
CHARTS = 7


@dataclass(frozen=True, slots=True)
class Comparison:
    """Charts, what they say, and the table behind them."""

    title: str
    words: str
    charts: tuple[Forest, ...]
    table: PlainTable | None
    parallel: Parallel | None = None


def comparisons(facts: BaselineFacts) -> tuple[Comparison, ...]:
    """Return what can be shown of comparison, remedies and tuning."""
    ways, remedies = _mappings(facts.get("comparison", [])), _mappings(facts.get("remedies", []))
    made = (
        _compared("Ways against imbalance, compared", ways, _said(ways)),
        _compared("Remedies tried", remedies, _said(remedies)),
        _tuning(facts.get("tuning", {})),
    )
    return tuple(c for c in made if c is not None)


def _compared(title: str, rows: Sequence[Mapping[str, Any]], words: str) -> Comparison | None:
    """One chart for each estimate that the rows have.

    Differences first, for they answer whether it helped.
    """
    if not rows:
        return None
    keys = list(dict.fromkeys(k for r in rows for k, v in r.items() if is_estimate(v)))
    keys.sort(key=lambda k: not _is_difference(k))
    names = [_name(r) for r in rows]
    shown = [{k: v for k, v in r.items() if k != "id"} for r in rows]  # which is for scripts
    charts = [
        draw_forest(
            _capital(heading(k)),
            [
                (n, r[k], "pass" if r.get("recommended") is True else "")
                for n, r in zip(names, rows, strict=True)
                if is_estimate(r.get(k))
            ],
            difference=_is_difference(k),
        )
        for k in keys
    ]
    return Comparison(
        title, words, tuple(c for c in charts if c is not None)[:CHARTS], plain_table(title, shown)
    )


def _said(rows: Sequence[Mapping[str, Any]]) -> str:
    chosen = [_name(r) for r in rows if r.get("recommended") is True]
    parts = [f"Recommended: {', '.join(chosen)} (green)."] if chosen else []
    seeds = {int(r["seeds"]) for r in rows if isinstance(r.get("seeds"), int)}
    if seeds:
        often = plural(min(seeds), "seed") if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)} seeds"
        parts.append(f"Each was trained with {often}; the intervals are over seeds.")
    if seeds == {1}:
        parts.append("One seed cannot tell a difference from chance.")
    return " ".join(parts)


def _tuning(facts: Mapping[str, Any]) -> Comparison | None:
    """The trials of a hyperparameter search, and what their settings matter."""
    if not facts:
        return None
    trials = sorted(_points(facts), key=lambda t: -(t.get(TUNED) or 0.0))
    settings = [k for k in (facts.get("best") or {}) if k != "trial"]
    title = "Hyperparameter search"
    matters = facts.get("importance") or {}
    shares = (
        f" The score varies most with: "
        f"{', '.join(f'{heading(k)} ({percent(v)})' for k, v in matters.items())}."
        if matters
        else ""
    )
    chart = draw_parallel(
        "Trials: settings and balanced accuracy on validation images", trials, settings, TUNED
    )
    table = plain_table(title, trials) if trials else _table(title, facts)
    words = str(facts.get("words", "")) + shares
    return Comparison(title, words or _sentences(facts), (), table, chart)


def _points(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows that facts hold in a list."""
    lists = [_mappings(v) for v in facts.values() if isinstance(v, list)]
    return max(lists, key=len, default=[])


def _table(title: str, facts: Mapping[str, Any]) -> PlainTable | None:
    points = _points(facts)
    if points:
        return plain_table(title, points)
    return plain_table(title, [{"what": heading(k), "value": cell(v)} for k, v in facts.items()])


def _sentences(facts: Mapping[str, Any]) -> str:
    """What stands beside the rows: texts as they are, other values with their names."""
    said = [v for k, v in facts.items() if isinstance(v, str) and " " in v.strip()]
    others = [
        f"{heading(k)}: {cell(v)}"
        for k, v in facts.items()
        if v not in (None, "", [], {})
        and not (isinstance(v, str) and " " in v.strip())
        and not (isinstance(v, list) and _mappings(v))
    ]
    return " ".join([*said, *([_capital("; ".join(others)) + "."] if others else [])])


def _mappings(rows: Any) -> list[Mapping[str, Any]]:
    return [r for r in rows if isinstance(r, Mapping)]


def _name(row: Mapping[str, Any]) -> str:
    """The first text of a row is its name."""
    return next((v for v in row.values() if isinstance(v, str) and v), "") or ", ".join(
        f"{heading(k)} {cell(v)}" for k, v in row.items() if not is_estimate(v)
    )


def _is_difference(key: str) -> bool:
    return any(word in key.lower() for word in DIFFERENCES)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
