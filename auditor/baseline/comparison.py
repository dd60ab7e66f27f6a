"""Did the fix help? Ways against imbalance, trained with the same seeds, compared on the same images."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditor.baseline.feeding import Samples, joined
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
from auditor.grouping import share_a_key
from auditor.record import ComparisonRow

#: Epochs of every way, as a share of the baseline's, so 1,100 steps: enough for augmentation to show itself.
#: With all 1,500 the gains over nothing are the same within noise (``benchmarks/compare.py``).
SHARE_OF_EPOCHS = 0.75
#: The rarest share of classes, at least one: those whose recall is the aim.
RAREST = 0.3


@dataclass(frozen=True, slots=True)
class Way:
    """A way against imbalance: options of training, and which images are augmented.

    ``augmented`` is ``rare`` (the rare classes as planned) or ``all`` (every image, mildly, each time it is
    fed). ``id`` is what audit.json calls it, whatever its name.
    """

    id: str
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    augmented: Literal["", "rare", "all"] = ""


NOTHING = Way("nothing", "nothing")
#: Cheapest first.
WAYS = (
    NOTHING,
    Way("logit-adjustment", "logit adjustment", {"logit_adjustment": 1.0}),
    Way("class-weights", "class weights", {"class_weights": True}),
    Way("oversampling", "random oversampling", {"oversample": True}),
    Way("augmentation", "rare-class augmentation", {}, "rare"),
    Way(
        "augmentation-logit-adjustment",
        "rare-class augmentation with logit adjustment",
        {"logit_adjustment": 1.0},
        "rare",
    ),
    Way("oversampling-augmentation", "oversampling with augmentation", {"oversample": True}, "all"),
)
#: The training images as they came, leaks and suspected labels included; and without either. They answer
#: whether cleaning helped.
RAW, CLEANED = Way("raw", "raw data"), Way("cleaned", "cleaned data")
IDS = {way.name: way.id for way in (*WAYS, RAW, CLEANED)}


def plan_trials(session: Session, suspects: Collection[str] = ()) -> list[Trial]:
    """Return a trial for every way that there are images for, each with the same number of images fed.

    Each is trained to the end of the learning rate's fall: the few validation images of rare classes would
    choose an epoch by chance.
    """
    material = session.material
    fed: list[tuple[Way, Samples]] = []
    for way in WAYS:
        if way.augmented != "rare":
            fed.append((way, material.train))
        elif material.made is not None:
            fed.append((way, material.made))
    suspected = material.table["path"].iloc[material.train.rows].isin(set(suspects)).to_numpy()
    if len(material.leaking):
        fed.append((RAW, joined(material.train, material.leaking)))
    elif suspected.any():
        fed.append((RAW, material.train))
    if suspected.any():  # else the cleaned data are what "nothing" was trained on
        fed.append((CLEANED, material.train.take(np.flatnonzero(~suspected))))
    judged = _judged_images(session)
    images = len(material.train) * session.size.epochs * SHARE_OF_EPOCHS
    return [
        Trial(
            name=way.name,
            session=_under(session, way),
            judged=judged,
            samples=samples,
            epochs=max(2, round(images / len(samples))),
            validated=False,
        )
        for way, samples in fed
    ]


def _under(session: Session, way: Way) -> Session:
    """Return the session under a way's options alone."""
    plain: dict[str, Any] = {"class_weights": False, "oversample": False, "logit_adjustment": 0.0}
    mild = session.variation or MILD
    return replace(
        session.with_options(**{**plain, **way.options}),
        class_weight=None,
        layers="[]",
        variation=mild if way.augmented == "all" else None,
    )


def _judged_images(session: Session) -> dict[str, Samples]:
    """Return the held-out images that no training image of any way is a copy or relative of."""
    material = session.material
    parts = {}
    for part, samples in material.parts.items():
        if part != "train" and len(samples):
            leaked = share_a_key(material.rows_of(part), material.table.iloc[material.leaking.rows])
            clean = samples.take(np.flatnonzero(~leaked))
            parts[part] = clean if len(clean) else samples
    return parts


def rare_and_common(session: Session) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the numbers of the rarest classes of the training images, `RAREST` of them, and of as many of
    the commonest.
    """
    counts = np.bincount(session.material.train.labels, minlength=len(session.material.labels))
    present = np.argsort(counts, kind="stable")[(counts == 0).sum() :]
    rarest = present[: max(1, round(RAREST * len(present)))]
    return rarest, present[-len(rarest) :]


def compare_ways(
    session: Session, seeds: int, suspects: Collection[str] = ()
) -> tuple[list[ComparisonRow], list[str]]:
    """Train every way with every seed; return a row per way, in the order of `WAYS`, and notes.

    Differences are to "nothing" with the same seed, on the same images; their intervals are over seeds.
    Recommended is the way with the highest mean balanced accuracy on validation images, and a note says so
    where it is not surely better than nothing there; test images decide nothing, and one seed recommends
    nothing.
    """
    first = session.options.seed
    outcomes, left_out = run_trials(plan_trials(session, suspects), range(first, first + seeds))
    rows = summarise(outcomes, *rare_and_common(session))
    notes = []
    if left_out:
        notes.append(
            f"Not compared, because time ran out or the loss was not a number: {', '.join(left_out)} "
            f"(--time-budget)."
        )
    chosen = next((row for row in rows if row["recommended"]), None)
    if rows and chosen is None:
        notes.append(
            "No way against imbalance is recommended: one seed is not enough to tell (--seeds 3, and "
            "time for them)."
        )
    gain = chosen.get("change of validation balanced accuracy") if chosen else None
    if chosen is not None and gain is not None and gain["low"] <= 0:
        notes.append(
            f"Recommended against imbalance is {chosen['way']}, the best on validation images, but not "
            f"surely better than nothing there: "
            f"balanced accuracy {gain['value']:+.3f} [{gain['low']:+.3f} to {gain['high']:+.3f}]. More "
            f"seeds or images would tell."
        )
    return rows, notes


def summarise(
    outcomes: Outcomes, rarest: npt.NDArray[np.int64], commonest: npt.NDArray[np.int64]
) -> list[ComparisonRow]:
    """Return a row per way from the outcomes of its trials."""
    nothing = outcomes.get(NOTHING.name, {})
    rows = [_row(way, runs, nothing, rarest, commonest) for way, runs in outcomes.items()]
    several = [row for row in rows if row["seeds"] > 1 and row["way"] != RAW.name]
    chosen = None
    if len(several) > 1 and any(row["way"] == NOTHING.name for row in several):
        chosen = max(several, key=lambda row: row["validation balanced accuracy"]["value"])["way"]
    for row in rows:
        row["recommended"] = row["way"] == chosen
    return rows


def _row(
    way: str,
    runs: Mapping[int, Outcome],
    nothing: Mapping[int, Outcome],
    rarest: npt.NDArray[np.int64],
    commonest: npt.NDArray[np.int64],
) -> ComparisonRow:
    part = "test" if all("test" in outcome.recalls for outcome in runs.values()) else "val"
    measures: dict[str, Callable[[Outcome], float]] = {
        "validation balanced accuracy": lambda o: o.balanced_accuracy("val"),
        "balanced accuracy": lambda o: o.balanced_accuracy(part),
        "rare-class recall": lambda o: o.balanced_accuracy(part, rarest),
        "common-class recall": lambda o: o.balanced_accuracy(part, commonest),
    }
    row: dict[str, Any] = {"way": way, "id": IDS[way], "seeds": len(runs), "images": part}
    for name, measure in measures.items():
        row[name] = mean_over_seeds([measure(o) for o in runs.values()], least=0)
        change = mean_difference(runs, nothing, measure)
        if way != NOTHING.name and name != "balanced accuracy" and change is not None:
            row[f"change of {name}"] = change
    return row  # type: ignore[return-value]
