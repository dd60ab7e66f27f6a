"""Prescriptions are tried, not recited: each remedy is trained with the same seeds as the model as it is, and compared on validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from auditor.baseline.comparison import class_recalls, over_seeds
from auditor.baseline.session import Session, predict
from auditor.baseline.varying import MILD
from auditor.errors import DataError

#: The model as it is, which remedies are compared with.
AS_IT_IS = "as it is"
#: Training images that the gap is measured on at most.
GAP_IMAGES = 1000


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change of the session, and what it is against: ``underfitting`` or ``overfitting``. ``None`` where it cannot be made."""

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
    """Augment all training images, or more strongly than they are; mirrored only where they are, which may change a class."""
    known = session.variation
    if known is None:
        return replace(session, variation=MILD)
    return replace(
        session,
        variation=replace(known, **{n: 2 * getattr(known, n) for n in ("shift", "zoom", "degrees", "tone")}),
    )


def _plain(session: Session) -> Session | None:
    return None if session.variation is None else replace(session, variation=None)


#: Magnitudes are the next usual step from the defaults: a factor of two to ten.
REMEDIES: tuple[Remedy, ...] = (
    Remedy("more epochs", "underfitting", lambda s: _sized(s, epochs=2 * s.size.epochs, patience=2 * s.size.patience)),
    Remedy("a higher learning rate", "underfitting", lambda s: s.with_options(learning_rate=min(3 * s.options.learning_rate, 10.0))),
    Remedy("more filters", "underfitting", lambda s: _sized(s, filters=min(s.size.filters * 3 // 2, 512))),
    Remedy("more layers", "underfitting", _deeper),
    Remedy("no augmentation", "underfitting", _plain),
    Remedy("earlier stopping", "overfitting", lambda s: _sized(s, patience=max(1, s.size.patience // 3))),
    Remedy("a smaller model", "overfitting", _smaller),
    Remedy("more dropout", "overfitting", _dropping),
    Remedy("L2 penalty", "overfitting", lambda s: s.with_options(l2=max(1e-3, 10 * s.options.l2))),
    Remedy("L1 penalty", "overfitting", lambda s: s.with_options(l1=max(1e-5, 10 * s.options.l1))),
    Remedy("more augmentation", "overfitting", _augmented),
)  # fmt: skip


def chosen(verdicts: Mapping[str, str]) -> list[Remedy]:
    """Return the remedies against what the diagnosis says; both kinds where it is undecided, none where there is nothing to remedy."""
    wanted = {q for q in ("underfitting", "overfitting") if verdicts.get(q) == "yes"}
    wanted = wanted or {q for q in ("underfitting", "overfitting") if verdicts.get(q) == "undecided"}
    return [r for r in REMEDIES if r.against in wanted]


def try_remedies(session: Session, verdicts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Train the model as it is and under each remedy with several seeds; return a row for each.

    The number of seeds is the largest, up to what the options ask for, that fits into the planned work for
    all remedies; what does not fit even once is left out, which a note says. Only training and validation
    images are looked at.
    """
    remedies = chosen(verdicts)
    if not remedies:
        session.material.notes.append("No remedy was tried: the model neither underfits nor overfits.")
        return []
    tried = [(AS_IT_IS, "", session)] + [
        (r.name, r.against, changed) for r in remedies if (changed := r.apply(session)) is not None
    ]
    costs = [s.cost(len(s.samples()) * s.size.epochs) for _, _, s in tried]
    seeds = session.options.seeds
    if np.isfinite(session.planned[0]):
        seeds = int(np.clip(session.planned[0] / sum(costs), 1, seeds))
    found: dict[str, dict[int, tuple[float, float, float]]] = {}
    left: list[str] = []
    for (name, _, changed), cost in zip(tried, costs, strict=True):
        if not session.affords(cost * seeds):
            left.append(name)
            continue
        for seed in range(session.options.seed, session.options.seed + seeds):
            try:
                found.setdefault(name, {})[seed] = _outcome(changed, name, seed)
            except DataError:  # the loss was not a number: the remedy is none
                found.pop(name, None)
                break
    if left:
        needed = sum(costs) * session.options.seeds / 60
        session.material.notes.append(
            f"Remedies not tried, for want of time: {', '.join(left)}. All of them with {session.options.seeds} seeds take about "
            f"{needed:.0f} CPU minutes (--time-budget)."
        )
    table = rows(found, {name: against for name, against, _ in tried})
    if table and not any(row["recommended"] for row in table):
        session.material.notes.append(
            "No remedy is recommended: one seed is not enough to tell (--seeds 3, and time for them)."
        )
    return table


def _outcome(session: Session, name: str, seed: int) -> tuple[float, float, float]:
    """Return validation balanced accuracy, the gap to training images, and seconds."""
    net, history = session.train(session.run(f"{name}, seed {seed}", seed=seed))
    classes = len(session.material.labels)
    train = session.material.train
    some = train.take(
        np.sort(np.random.default_rng([session.options.seed, 0x6761]).permutation(len(train))[:GAP_IMAGES])
    )
    on = [
        float(np.nanmean(class_recalls(x, predict(net, x).argmax(axis=1), classes)))
        for x in (session.material.val, some)
    ]
    return on[0], on[1] - on[0], history["seconds"]


def rows(
    found: Mapping[str, Mapping[int, tuple[float, float, float]]], against: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return a row per remedy with its changes to the model as it is, paired by seed; the cheapest within noise of the best is recommended.

    Where the best surely helps, only what surely helps too is within noise of it: a wide interval is no
    merit.

    Parameters
    ----------
    found : mapping
        Remedy -> seed -> (validation balanced accuracy, gap, seconds).
    against : mapping of str to str
        What each remedy is against.
    """
    base = found.get(AS_IT_IS, {})
    if not base:
        return []
    seconds = {name: float(np.mean([v[2] for v in runs.values()])) for name, runs in found.items()}
    best = max(found, key=lambda name: float(np.mean([v[0] for v in found[name].values()])))
    table: list[dict[str, Any]] = []
    within: list[str] = []
    for name, runs in found.items():
        shared = [s for s in runs if s in base]
        row: dict[str, Any] = {"remedy": name, "against": against.get(name, ""), "seeds": len(runs)}
        row["validation balanced accuracy"] = over_seeds([v[0] for v in runs.values()], least=0)
        if name != AS_IT_IS:
            row["change"] = over_seeds([runs[s][0] - base[s][0] for s in shared])
            row["change of the gap"] = over_seeds([runs[s][1] - base[s][1] for s in shared])
        row["cost"] = float(f"{seconds[name] / max(seconds[AS_IT_IS], 1e-9):.3g}")
        behind = [runs[s][0] - found[best][s][0] for s in runs if s in found[best]]
        if name == best or over_seeds(behind)["high"] >= 0:
            within.append(name)
        table.append(row)
    several = max(len(runs) for runs in found.values()) > 1  # one seed cannot tell a difference from chance
    helping = [row["remedy"] for row in table if row["remedy"] == AS_IT_IS or row["change"]["low"] > 0]
    within = [name for name in within if name in helping] or within
    recommended = min(within, key=lambda name: (name != AS_IT_IS, seconds[name])) if several else None
    for row in table:
        row["recommended"] = row["remedy"] == recommended
    return table
