"""What a check of a policy says.

Verdicts by transform and class, conflicts by name, and the policy that follows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.augmentation.policy import Policy, Step
from auditor.augmentation.transforms import BY_NAME
from auditor.finding import percent
from auditor.stats.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd

#: Shares of changed answers: up to the first a transform is fine, from the second on it is off; between them
#: training decides. Measured on MNIST and Fashion-MNIST: rotation by 15 degrees .03, left-right flip of
#: digits .54, half turn .67.
FINE, OFF = 0.15, 0.50
#: A drop of balanced accuracy from which training without a transform is better than with it: the noise of
#: two seeds is about .02.
DROP = 0.025
#: Recall below which a judge cannot switch anything off: what it gets right are then often close calls, and
#: those change with anything. On 10 classes of clothing photos the vote has .55, and a crop to 0.8 that harms
#: no one "moves" .30.
RELIABLE = 0.8
#: Share of a class's pictures that become one certain other class from which the two conflict: not its
#: meaning is lost, another appears.
CONFLICT = 1 / 3
#: Fewer correctly classified images of a class say nothing for sure about it.
FEW = 5
#: New images per image made below which a transform adds little: eight are then worth less than half an
#: image.
ADDS_LITTLE = 0.0625

COLUMNS = (
    "transform", "magnitude", "label", "images", "recall", "moved", "low", "high", "control", "verdict",
    "to", "to_share", "effective", "example",
)  # fmt: skip


def verdict(moved: int, images: int, recall: float = 1.0) -> str:
    """Return ``"fine"``, ``"check"`` or ``"off"`` for ``moved`` changed answers of ``images``.

    *Off* needs a share of at least `OFF` whose interval lies beyond `FINE`, from a judge whose recall of
    these classes is at least `RELIABLE`; *fine* a share up to `FINE` whose interval stays below `OFF`.

    Examples
    --------
    >>> verdict(5, 100), verdict(30, 100), verdict(60, 100), verdict(60, 100, recall=0.5), verdict(0, 2)
    ('fine', 'check', 'off', 'check', 'check')
    """
    if not images:
        return "check"
    low, high = wilson(moved, images)
    share = moved / images
    if share >= OFF and low > FINE and images >= FEW and recall >= RELIABLE:
        return "off"
    return "fine" if share <= FINE and high < OFF else "check"


def strength_text(step: Step, magnitudes: Mapping[str, float]) -> str:
    """Return magnitudes in words: ``"degrees 15"``; blank for a flip."""
    return ", ".join(
        f"{m.name} {magnitudes[m.name]:.4g}" for m in BY_NAME[step.name].magnitudes if m.name != "cells"
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class PolicyCheck:
    """What a policy does to the meaning of pictures.

    Attributes
    ----------
    policy : Policy
        As it was checked.
    advised : Policy
        Without the transforms that are off, for every class or for some.
    table : DataFrame
        A row for each transform, magnitude and class (blank for all classes): ``images`` that the judge gets
        right untouched, and ``recall``, their share of those asked about; ``moved``, the share whose class
        changed although the no-op control's did not, with its 95 % interval ``low, high``; ``control``, the
        share that the no-op changed; ``verdict``; ``to``, the class that most of them became, and
        ``to_share`` of the moved; ``effective``, new images per image made; ``example``, the path of one that
        moved.
    judge : str
        Who was asked.
    pictures : mapping of str to bytes
        WebP of transformed examples, by the keys that `examples` names.
    examples : list of dict
        ``parent, label, transforms, before`` (the parent's path), ``after`` (a key of ``pictures``) and
        ``to``, the class it became.
    notes : list of str
    """

    policy: Policy
    advised: Policy
    table: pd.DataFrame
    judge: str
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    examples: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def facts(self) -> list[dict[str, Any]]:
        """The table as plain data, for the record."""
        return [
            {
                **{
                    c: row[c]
                    for c in (
                        "transform",
                        "magnitude",
                        "label",
                        "images",
                        "recall",
                        "control",
                        "verdict",
                        "to",
                        "to_share",
                        "effective",
                        "example",
                    )
                },
                "moved": {"value": row["moved"], "low": row["low"], "high": row["high"]},
            }
            for row in self.table.to_dict("records")
        ]

    def undecided(self) -> tuple[str, ...]:
        """The transforms of the advised policy that training with and without must decide."""
        return tuple(
            n
            for n in self.advised.names
            if worst(self.table[self.table["transform"] == n])["verdict"].iloc[0] == "check"
        )

    def without_undecided(self, names: Iterable[str]) -> PolicyCheck:
        """Return the check with those of some transforms left off that it could not pass."""
        left = [name for name in names if name in self.undecided()]
        if not left:
            return self
        note = f"Left off, being neither asked for by name nor passed by the check: {', '.join(left)}."
        return dataclasses.replace(self, advised=self.advised.without(*left), notes=[*self.notes, note])

    def decide(self, score: Callable[[Policy], float]) -> Policy:
        """Decide what is undecided by training with and without it.

        Parameters
        ----------
        score : callable
            Trains with a policy and returns the balanced accuracy on validation.

        Returns
        -------
        Policy
            The advised policy less the transforms with which the score is lower by `DROP` or more than
            without.
        """
        policy = self.advised
        for name in self.undecided():
            without = policy.without(name)
            if without.steps and score(policy) <= score(without) - DROP:
                policy = without
        return policy


def worst(of: pd.DataFrame) -> pd.DataFrame:
    """Return, for each class and for all (blank), the row of the magnitude at which most pictures move.

    A policy draws anything up to its magnitude: a half turn may leave a sign what it is while a quarter turn
    does not.
    """
    return (
        of.sort_values("moved", ascending=False, kind="stable")
        .drop_duplicates("label")
        .sort_values("label", ignore_index=True)
    )


def advise(policy: Policy, table: pd.DataFrame, offspring: int) -> tuple[Policy, list[str]]:
    """Return the policy without what is off, and what to say about it.

    A transform is off for all classes where most pictures move, and else for those classes alone whose own
    do.
    """
    advised, notes = policy, []
    for step in policy.steps:
        of = table[table["transform"] == step.name]
        rows = worst(of).to_dict("records")
        whole, bad = rows[0], [r for r in rows[1:] if r["verdict"] == "off"]
        name = BY_NAME[step.name].title
        how = f"{name} ({strength_text(step, step.magnitudes)})".replace(" ()", "")
        at = f" at {whole['magnitude']}" if whole["magnitude"] else ""
        if whole["verdict"] == "off" or len(bad) == len(rows) - 1:
            advised = dataclasses.replace(
                advised, steps=tuple(s for s in advised.steps if s.name != step.name)
            )
            notes.append(
                f"{how} is off: {percent(whole['moved'])} of pictures become another class{at}.{_fine_at(of)}"
            )
        elif bad:
            advised = advised.off_for(step.name, [str(r["label"]) for r in bad])
            those = ", ".join(f"'{r['label']}'" for r in bad)
            notes.append(
                f"{how} is off for {those} alone; of all pictures {percent(whole['moved'])} become "
                f"another class{at}.{_fine_at(of)}"
            )
        for magnitude, rows_at in of[of["label"] != ""].groupby("magnitude", sort=False):
            share = rows_at["moved"] * rows_at["to_share"]
            pairs = [
                f"'{r['label']}' becomes '{r['to']}' ({percent(r['moved'] * r['to_share'])} of {r['images']})"
                for r in rows_at[(share >= CONFLICT) & (rows_at["verdict"] == "off")].to_dict("records")
            ]
            if pairs:
                notes.append(
                    f"Conflict of {name.lower()} ({magnitude}): {', '.join(pairs)}.".replace(" ()", "")
                )
        if whole["effective"] < ADDS_LITTLE:
            worth = (
                f"{offspring} images made from one by it alone are worth "
                f"{offspring * whole['effective']:.1f} new ones"
            )
            notes.append(f"{how} adds little: {worth}, being near-duplicates of each other.")
    return advised, notes


def _fine_at(of: pd.DataFrame) -> str:
    """Name the strongest magnitude tried up to which no class is off and the whole is fine."""
    best = ""
    for magnitude in reversed(of["magnitude"].unique().tolist()):
        rows = of[of["magnitude"] == magnitude]
        if (rows["verdict"] == "off").any() or not (rows.loc[rows["label"] == "", "verdict"] == "fine").all():
            break
        best = str(magnitude)
    return f" It is fine up to {best}." if best else ""
