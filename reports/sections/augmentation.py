"""Augmentation: what was made for which class, and what it looks like."""

from __future__ import annotations

import json
from dataclasses import dataclass

from auditor.record import Record
from auditor.reports.sections.pictures import Picture, Pictures
from auditor.reports.sections.plain_table import PlainTable, cell, heading, plain_table
from auditor.reports.wording import count, number, plural

WAYS = {
    "files": "written as files",
    "on-the-fly": "made on the fly, anew in each epoch",
    "layers": "made by layers inside the model",
}
#: Classes of the budget table that are shown.
ROWS = 60
#: Pairs of before and after that are shown.
PAIRS = 18


@dataclass(frozen=True, slots=True)
class Change:
    """An image before and after; ``after`` numbers the embedded picture."""

    before: Picture
    after: int | None
    label: str
    transforms: str


@dataclass(frozen=True, slots=True)
class AugmentationView:
    """The section about augmentation."""

    words: str
    policy: tuple[tuple[str, str], ...]
    policy_name: str
    budgets: PlainTable | None
    changes: tuple[Change, ...]
    checks: PlainTable | None
    notes: tuple[str, ...]


def transforms_in_words(text: str) -> str:
    """Return drawn transforms, as the manifest writes them, in words.

    Examples
    --------
    >>> transforms_in_words('[{"name":"rotate","angle":-1.80489},{"name":"flip-horizontal"}]')
    'rotate (angle -1.8), flip horizontal'
    """
    try:
        steps = [(str(s.pop("name")), s) for s in json.loads(text)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return text
    words = []
    for name, drawn in steps:
        numbers = ", ".join(f"{heading(k)} {number(v, 2)}" for k, v in drawn.items() if isinstance(v, int | float))
        words.append(f"{name.replace('-', ' ')}{f' ({numbers})' if numbers else ''}")
    return ", ".join(words)


def augmentation(record: Record, pictures: Pictures) -> AugmentationView | None:
    """Return the section, or ``None`` where nothing was augmented."""
    facts = record.augmentation
    if facts is None:
        return None
    budgets = facts.get("budgets", [])
    made = sum(b["made"] for b in budgets)
    growing = sum(b["made"] > 0 for b in budgets)
    way = WAYS.get(facts.get("way", ""), facts.get("way", ""))
    target = facts.get("target", "")
    goal = "as many images as the largest class" if target == "balanced" else f"a target of {target}"
    words = f"{plural(made, 'image')} for {plural(growing, 'class', 'classes')}, {way}, to reach {goal}."
    words += " Only training images of these classes are parents."
    rows = [
        {
            "class": b["label"],
            "images": b["present"],
            "unique": b["unique"],
            "target": b["target"],
            "made": f"{count(b['made'])}{' (capped)' if b['capped'] else ''}",
            "better: collect": b["collect"],
            "class weight": number(b["weight"]),
        }
        for b in sorted(budgets, key=lambda b: (-b["made"], b["label"]))[:ROWS]
    ]
    changes = tuple(
        Change(pictures.show(e["before"]), pictures.embed(e["after"]), e.get("label", ""), transforms_in_words(e.get("transforms", "")))
        for e in facts.get("examples", [])[:PAIRS]
        if e.get("before")
    )
    steps = tuple(
        (heading(s["name"]), ", ".join(f"{heading(k)} {cell(v)}" for k, v in s["magnitudes"].items())) for s in facts.get("policy", [])
    )
    return AugmentationView(
        words,
        steps,
        facts.get("policy_name", ""),
        plain_table("Budget per class", rows),
        changes,
        plain_table("Which transforms keep the class recognisable", facts.get("checks", [])),
        tuple(facts.get("notes", [])),
    )
