"""The check of an augmentation policy: which transforms make a picture another class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.reports.charts.forest import Forest, draw_forest
from auditor.reports.sections.pictures import Picture, Pictures
from auditor.reports.sections.plain_table import PlainTable, cell, is_estimate, plain_table
from auditor.reports.wording import interval, joined, share

#: The grade whose colour a verdict has: what must not be used, what training decides, what is harmless.
LEVELS = {"off": "error", "check": "undecided", "fine": "pass"}
#: Classes that have a column of their own, and conflicts that are named.
CLASSES, CONFLICTS = 12, 15


@dataclass(frozen=True, slots=True)
class ClassCell:
    """What a transform does to one class."""

    level: str
    verdict: str
    text: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A class that a transform makes into another one, and a picture to which it happens."""

    transform: str
    label: str
    becomes: str
    moved: str
    of: str
    example: Picture | None


@dataclass(frozen=True, slots=True)
class PolicyCheckView:
    """What the check found."""

    words: str
    chart: Forest | None
    classes: tuple[str, ...]
    classes_left_out: int
    rows: tuple[tuple[str, tuple[ClassCell | None, ...]], ...]
    conflicts: tuple[Conflict, ...]
    conflicts_left_out: int
    table: PlainTable | None


def policy_check(checks: Sequence[Mapping[str, Any]], pictures: Pictures) -> PolicyCheckView | None:
    """Return what a policy's check found; ``None`` where none was made."""
    rows = [r for r in checks if is_estimate(r.get("moved"))]
    if not rows:
        return None
    overall = [r for r in rows if not r.get("label")]
    by_class = {(_name(r), str(r["label"])): r for r in rows if r.get("label")}
    off = sorted(
        (r for r in by_class.values() if r.get("verdict") == "off" and r.get("to")),
        key=lambda r: -_becoming(r),
    )
    labels = sorted({label for _, label in by_class})
    harmed = {
        label: sum(r.get("verdict") == "off" for (_, c), r in by_class.items() if c == label)
        for label in labels
    }
    columns = sorted(sorted(labels, key=lambda c: -harmed[c])[:CLASSES])
    names = list(dict.fromkeys(name for name, _ in by_class))
    conflicts = [
        Conflict(
            _name(r),
            str(r["label"]),
            str(r["to"]),
            interval(r["moved"]["value"], r["moved"]["low"], r["moved"]["high"]),
            f"{share(r['to_share'])} of them" if isinstance(r.get("to_share"), int | float) else "",
            pictures.show(str(r["example"])) if r.get("example") else None,
        )
        for r in off[:CONFLICTS]
    ]
    return PolicyCheckView(
        _words(overall, off),
        draw_forest(
            "Pictures that a transform makes into another class",
            [(_name(r), r["moved"], LEVELS.get(r.get("verdict", ""), "")) for r in overall],
        ),
        tuple(columns),
        len(labels) - len(columns),
        tuple((n, tuple(_cell(by_class.get((n, c))) for c in columns)) for n in names),
        tuple(conflicts),
        len(off) - len(conflicts),
        plain_table("All that was measured", [{k: v for k, v in r.items() if k != "example"} for r in rows]),
    )


def _words(overall: Sequence[Mapping[str, Any]], off: Sequence[Mapping[str, Any]]) -> str:
    order = list(LEVELS)
    worst: dict[str, str] = {}
    for row in overall:
        name, verdict = str(row.get("transform", "")).replace("-", " "), str(row.get("verdict"))
        if verdict in order and (name not in worst or order.index(verdict) < order.index(worst[name])):
            worst[name] = verdict
    verdicts: dict[str, list[str]] = {}
    for name, verdict in worst.items():
        verdicts.setdefault(verdict, []).append(name)
    said = {
        "off": "harmful to most classes, at some magnitude",
        "check": "to be decided by training with and without",
        "fine": "harmless",
    }
    parts = [f"{said[v]}: {joined(verdicts[v])}" for v in LEVELS if v in verdicts]
    text = (
        "A judge that knows the classes was shown each picture before and after each transform alone. "
        "Counted are the pictures that it "
        "then takes for another class although it does not after a transform that changes nothing."
    )
    if parts:
        text += f" Over all classes, {'; '.join(parts)}."
    return text + (
        " Some classes become certain others: they are named below."
        if off
        else " No class becomes another one."
    )


def _name(row: Mapping[str, Any]) -> str:
    name = str(row.get("transform", "")).replace("-", " ")
    magnitude = cell(row.get("magnitude", ""))
    return f"{name}, {magnitude}" if magnitude else name


def _becoming(row: Mapping[str, Any]) -> float:
    of = row.get("to_share")
    return float(row["moved"]["value"]) * (float(of) if isinstance(of, int | float) else 1.0)


def _cell(row: Mapping[str, Any] | None) -> ClassCell | None:
    if row is None:
        return None
    verdict = str(row.get("verdict", ""))
    becomes = f" → {row['to']}" if row.get("to") and verdict != "fine" else ""
    return ClassCell(LEVELS.get(verdict, "skipped"), verdict, f"{100 * row['moved']['value']:.0f} %{becomes}")
