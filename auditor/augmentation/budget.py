"""How many images each class gets: up to the target, capped, the rest by weights."""

from __future__ import annotations

import math
from collections.abc import Mapping

from auditor.errors import UsageError
from auditor.outputs import round_number
from auditor.record import ClassBudget

#: Augmented images for each unique image beyond which more of the same adds little: the issue of overfitting
#: to a handful of parents.
MAX_MULTIPLE = 10


def read_target(target: str | float) -> int | float | str:
    """Read a target as it comes from the command line.

    ``"balanced"`` stays; whole numbers are counts; ``"4:1"``, ``4.0`` and ``0.25`` are the ratio of the
    largest class to any other that is to remain (``4.0`` and ``0.25`` mean the same).

    Raises
    ------
    UsageError

    Examples
    --------
    >>> read_target("500"), read_target("4:1"), read_target("0.25"), read_target("balanced")
    (500, 4.0, 4.0, 'balanced')
    """
    if target == "balanced":
        return "balanced"
    value: int | float | None = None
    if isinstance(target, str):
        try:
            first, colon, second = target.partition(":")
            value = (
                float(first) / float(second)
                if colon
                else int(first)
                if first.strip().isdigit()
                else float(first)
            )
        except (ValueError, ZeroDivisionError):
            value = None
    elif isinstance(target, int | float) and not isinstance(target, bool):
        value = target
    if value is None or not math.isfinite(value) or value <= 0:
        raise UsageError(
            expected="a target: 'balanced', a count of images (500), or a ratio to the largest class (4:1 or "
            "0.25)",
            received=f"{target!r}",
            hint="try --target balanced",
        )
    if isinstance(value, float) and value < 1:
        return 1 / value
    return value


def target_count(target: int | float | str, unique: Mapping[str, int]) -> int:
    """Return the count of images that each class should reach.

    Raises
    ------
    UsageError
        A count that every class has already.
    """
    largest, smallest = max(unique.values()), min(unique.values())
    if target == "balanced":
        return largest
    if isinstance(target, float):
        return math.ceil(round(largest / target, 9))
    if int(target) <= smallest:
        rarest = min(unique, key=lambda label: (unique[label], label))
        raise UsageError(
            expected=f"a target over the smallest class's {smallest} unique training images ('{rarest}')",
            received=f"{target}",
            hint="augmentation adds images and takes none away: name a larger count, or 'balanced'",
        )
    return int(target)


def plan_budgets(
    present: Mapping[str, int],
    unique: Mapping[str, int],
    target: int | float | str,
    *,
    max_multiple: float = MAX_MULTIPLE,
    makes: bool = True,
) -> list[ClassBudget]:
    """Return the budget of each class, in the order of ``present``.

    Parameters
    ----------
    present, unique : mapping of str to int
        Training images per class, and how many of them are not duplicates of one another: what counts as
        images.
    target : str, int or float
        As `read_target` returns it.
    max_multiple : float
        Never make more than this many images for each unique one.
    makes : bool
        Whether images are made at all; where they are not (Keras layers), weights do all of the work.

    Returns
    -------
    list of ClassBudget
        ``weight`` is what a training image of the class counts in the loss so that the class counts as much
        as the target: 1 where the images made fill it. ``collect`` is how many new images would make
        augmentation and weight unnecessary.
    """
    goal = target_count(target, unique)
    budgets: list[ClassBudget] = []
    for label in present:
        have = unique[label]
        missing = max(goal - have, 0)
        made = min(missing, int(max_multiple * have)) if makes else 0
        budgets.append(
            {
                "label": label,
                "present": present[label],
                "unique": have,
                "target": max(goal, have),
                "made": made,
                "capped": makes and made < missing,
                "collect": missing,
                "weight": round_number(max(goal, have) / (have + made)),
            }
        )
    return budgets
