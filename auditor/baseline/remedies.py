"""Remedies are tried, not recited.

Each is trained with the same seeds as the model as it is, and compared on validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from auditor.baseline.paired_trials import (
    Outcome,
    Outcomes,
    Trial,
    mean_difference,
    mean_over_seeds,
    run_trials,
)
from auditor.baseline.session import Session
from auditor.baseline.varying import MILD
from auditor.record import RemedyRow

#: The model as it is, which remedies are compared with.
AS_IT_IS = "as it is"
#: Training images that the gap is measured on at most.
GAP_IMAGES = 1000


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change of the session, and what it is against: ``underfitting`` or ``overfitting``.

    ``apply`` gives ``None`` where the change cannot be made. ``id`` is what audit.json calls it.
    """

    id: str
    name: str
    against: str
    apply: Callable[[Session], Session | None]


def _sized(session: Session, **changes: Any) -> Session:
    return replace(session, size=replace(session.size, **changes))


def _deeper(session: Session) -> Session | None:
    size = session.size
    halvings = size.depth + 1 + (size.image_size >= 64)
    return _sized(session, depth=size.depth + 1) if size.image_size >= 2 ** (halvings + 1) else None


def _smaller(session: Session) -> Session | None:
    return _sized(session, depth=session.size.depth - 1) if session.size.depth > 1 else None


def _dropping(session: Session) -> Session | None:
    return session.with_options(dropout=0.5) if session.options.dropout < 0.5 else None


def _augmented(session: Session) -> Session | None:
    """Augment all training images, or more strongly than they are.

    Mirrored only where they are, which may change a class.
    """
    known = session.variation
    if known is None:
        return replace(session, variation=MILD)
    return replace(
        session,
        variation=replace(known, **{n: 2 * getattr(known, n) for n in ("shift", "zoom", "degrees", "tone")}),
    )


def _plain(session: Session) -> Session | None:
    return None if session.variation is None else replace(session, variation=None)


def _longer(session: Session) -> Session | None:
    return _sized(session, epochs=2 * session.size.epochs, patience=2 * session.size.patience)


def _faster(session: Session) -> Session | None:
    return session.with_options(learning_rate=min(3 * session.options.learning_rate, 10.0))


def _wider(session: Session) -> Session | None:
    return _sized(session, filters=min(session.size.filters * 3 // 2, 512))


def _stopping_earlier(session: Session) -> Session | None:
    return _sized(session, patience=max(1, session.size.patience // 3))


#: Magnitudes are the next usual step from the defaults: a factor of two to ten.
REMEDIES: tuple[Remedy, ...] = (
    Remedy("more-epochs", "more epochs", "underfitting", _longer),
    Remedy("higher-rate", "a higher learning rate", "underfitting", _faster),
    Remedy("more-filters", "more filters", "underfitting", _wider),
    Remedy("more-layers", "more layers", "underfitting", _deeper),
    Remedy("no-augmentation", "no augmentation", "underfitting", _plain),
    Remedy("earlier-stopping", "earlier stopping", "overfitting", _stopping_earlier),
    Remedy("smaller-model", "a smaller model", "overfitting", _smaller),
    Remedy("more-dropout", "more dropout", "overfitting", _dropping),
    Remedy("l2", "L2 penalty", "overfitting", lambda s: s.with_options(l2=max(1e-3, 10 * s.options.l2))),
    Remedy("l1", "L1 penalty", "overfitting", lambda s: s.with_options(l1=max(1e-5, 10 * s.options.l1))),
    Remedy("more-augmentation", "more augmentation", "overfitting", _augmented),
)


def choose_remedies(verdicts: Mapping[str, str]) -> list[Remedy]:
    """Return the remedies against what the diagnosis says.

    Both kinds where it is undecided, none where there is nothing to remedy.
    """
    wanted = {q for q in ("underfitting", "overfitting") if verdicts.get(q) == "yes"}
    wanted = wanted or {q for q in ("underfitting", "overfitting") if verdicts.get(q) == "undecided"}
    return [r for r in REMEDIES if r.against in wanted]


def try_remedies(session: Session, verdicts: Mapping[str, str]) -> tuple[list[RemedyRow], list[str]]:
    """Train the model as it is and under each remedy with several seeds; return a row for each, and notes.

    Only training and validation images are looked at.
    """
    remedies = choose_remedies(verdicts)
    if not remedies:
        return [], ["No remedy was tried: the model neither underfits nor overfits."]
    train = session.material.train
    some = np.random.default_rng([session.options.seed, 0x6761]).permutation(len(train))[:GAP_IMAGES]
    judged = {"val": session.material.val, "train": train.take(np.sort(some))}
    changed = [(AS_IT_IS, session), *((r.name, r.apply(session)) for r in remedies)]
    trials = [Trial(name=name, session=s, judged=judged) for name, s in changed if s is not None]
    first, seeds = session.options.seed, session.options.seeds
    outcomes, left_out = run_trials(trials, range(first, first + seeds))
    notes = []
    if left_out:
        minutes = sum(trial.cost for trial in trials) * seeds / 60
        notes.append(
            f"Remedies not tried, for want of time or a loss that is a number: {', '.join(left_out)}. "
            f"All of them with {seeds} seeds take about {minutes:.0f} CPU minutes (--time-budget)."
        )
    rows = summarise(outcomes)
    if rows and not any(row["recommended"] for row in rows):
        notes.append(
            "No remedy is recommended: one seed is not enough to tell (--seeds 3, and time for them)."
        )
    return rows, notes


def _gap(outcome: Outcome) -> float:
    return outcome.balanced_accuracy("train") - outcome.balanced_accuracy("val")


def _validation(outcome: Outcome) -> float:
    return outcome.balanced_accuracy("val")


def summarise(outcomes: Outcomes) -> list[RemedyRow]:
    """Return a row per remedy with its changes to the model as it is, paired by seed.

    The cheapest within noise of the best is recommended.

    Where the best surely helps, only what surely helps too is within noise of it: a wide interval is no
    merit.
    """
    base = outcomes.get(AS_IT_IS)
    if base is None:
        return []
    known = {r.name: r for r in REMEDIES}
    seconds = {name: float(np.mean([o.seconds for o in runs.values()])) for name, runs in outcomes.items()}
    rows: list[RemedyRow] = []
    for name, runs in outcomes.items():
        remedy = known.get(name)
        row: dict[str, Any] = {"remedy": name, "id": remedy.id if remedy else "as-it-is"}
        row |= {"against": remedy.against if remedy else "", "seeds": len(runs)}
        row["validation balanced accuracy"] = mean_over_seeds(
            [_validation(o) for o in runs.values()], least=0
        )
        change, narrowed = mean_difference(runs, base, _validation), mean_difference(runs, base, _gap)
        if remedy and change is not None:
            row |= {"change": change, "change of the gap": narrowed}
        row["cost"] = float(f"{seconds[name] / max(seconds[AS_IT_IS], 1e-9):.3g}")
        rows.append(row)  # type: ignore[arg-type]
    chosen = _choose(outcomes, rows, seconds)
    for made in rows:
        made["recommended"] = made["remedy"] == chosen
    return rows


def _choose(outcomes: Outcomes, rows: list[RemedyRow], seconds: Mapping[str, float]) -> str | None:
    """Return the remedy that is recommended; one seed cannot tell a difference from chance."""
    if max(row["seeds"] for row in rows) < 2:
        return None
    best = max(rows, key=lambda row: row["validation balanced accuracy"]["value"])["remedy"]
    behind = {name: mean_difference(runs, outcomes[best], _validation) for name, runs in outcomes.items()}
    within = [name for name, b in behind.items() if name == best or (b is not None and b["high"] >= 0)]
    helping = {row["remedy"] for row in rows if "change" not in row or row["change"]["low"] > 0}
    within = [name for name in within if name in helping] or within
    return min(within, key=lambda name: (name != AS_IT_IS, seconds[name]))
