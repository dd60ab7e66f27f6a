"""Augmentation: what was made for which class, and what it looks like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.record import Record
from auditor.reports.sections.pictures import Picture, Pictures
from auditor.reports.sections.plain_table import PlainTable, cell, heading, plain_table
from auditor.reports.sections.policy_check import PolicyCheckView, policy_check
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
    becomes: str


@dataclass(frozen=True, slots=True)
class AugmentationView:
    """The section about augmentation."""

    words: str
    policy: tuple[tuple[str, str], ...]
    policy_name: str
    budgets: PlainTable | None
    changes: tuple[Change, ...]
    check: PolicyCheckView | None
    conflicts: tuple[Change, ...]
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
        numbers = ", ".join(
            f"{heading(k)} {number(v, 2)}" for k, v in drawn.items() if isinstance(v, int | float)
        )
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
    given = [e for e in facts.get("examples", []) if e.get("before")]
    changes = tuple(_change(e, pictures) for e in given if not e.get("to"))
    conflicts = tuple(_change(e, pictures) for e in given if e.get("to"))
    steps = tuple(
        (heading(s["name"]), ", ".join(f"{heading(k)} {cell(v)}" for k, v in s["magnitudes"].items()))
        for s in facts.get("policy", [])
    )
    return AugmentationView(
        words,
        steps,
        facts.get("policy_name", ""),
        plain_table("Budget per class", rows),
        changes[:PAIRS],
        policy_check(facts.get("checks", []), pictures),
        conflicts[:PAIRS],
        tuple(facts.get("notes", [])),
    )


def _change(example: Mapping[str, str], pictures: Pictures) -> Change:
    return Change(
        pictures.show(example["before"]),
        pictures.embed(example["after"]),
        example.get("label", ""),
        transforms_in_words(example.get("transforms", "")),
        example.get("to", ""),
    )
