"""Did the fix help? Ways against imbalance, trained alike and compared on the same images with the same seeds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditor.baseline.feeding import Samples, joined
from auditor.baseline.material import shares_units
from auditor.baseline.session import Session, predict
from auditor.baseline.varying import MILD, Variation
from auditor.errors import DataError
from auditor.record import Estimate

#: Epochs of every way, as a share of the baseline's, so 1,100 steps: enough for augmentation to show itself.
#: With all 1,500 the gains over nothing are the same within noise (``benchmarks/compare.py``).
SHARE_OF_EPOCHS = 0.75
#: What the recommended way is best in.
CHOSEN_BY = "validation balanced accuracy"
#: The rarest share of classes, at least one: those whose recall is the aim.
RAREST = 0.3

#: Name -> (options, which images are augmented: none, the rare classes as planned, or all mildly each time
#: they are fed), cheapest first.
WAYS: dict[str, tuple[Mapping[str, Any], Literal["", "rare", "all"]]] = {
    "nothing": ({}, ""),
    "logit adjustment": ({"logit_adjustment": 1.0}, ""),
    "class weights": ({"class_weights": True}, ""),
    "random oversampling": ({"oversample": True}, ""),
    "rare-class augmentation": ({}, "rare"),
    "rare-class augmentation with logit adjustment": ({"logit_adjustment": 1.0}, "rare"),
    "oversampling with augmentation": ({"oversample": True}, "all"),
}
#: Recalls of every class on every part, and the seconds of training, of each way and seed.
Outcomes = dict[str, dict[int, dict[str, npt.NDArray[np.float64]]]]
#: The training images as they came, leaks and suspected labels included; and without either. They answer
#: whether cleaning helped.
RAW, CLEANED = "raw data", "cleaned data"


def over_seeds(values: npt.ArrayLike, *, least: float = -1.0) -> Estimate:
    """Return the mean over seeds with its Student interval, as far as the number can go: from ``least`` (of a share: 0) to 1.

    Of one seed it is all of that.
    """
    from scipy.special import stdtrit

    x = np.asarray(values, dtype=float)
    mean = float(x.mean())
    half = float(stdtrit(len(x) - 1, 0.975) * x.std(ddof=1) / len(x) ** 0.5) if len(x) > 1 else 2.0
    low, high = max(mean - half, least), min(mean + half, 1.0)
    return Estimate(value=float(f"{mean:.6g}"), low=float(f"{low:.6g}"), high=float(f"{high:.6g}"))


def class_recalls(
    samples: Samples, predicted: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[np.float64]:
    """Return the recall of each class, NaN where it has no image, shape ``(classes,)``."""
    hits = np.bincount(samples.labels[predicted == samples.labels], minlength=classes)
    support = np.bincount(samples.labels, minlength=classes)
    return np.asarray(np.divide(hits, support, out=np.full(classes, np.nan), where=support > 0))


def _trainings(
    session: Session, suspects: Collection[str]
) -> dict[str, tuple[Mapping[str, Any], Samples, Variation | None]]:
    """Return the options, the samples and the augmentation of every way that there are images for."""
    material = session.material
    mild = session.variation or MILD
    ways: dict[str, tuple[Mapping[str, Any], Samples, Variation | None]] = {}
    for way, (changes, augmented) in WAYS.items():
        if augmented != "rare":
            ways[way] = changes, material.train, mild if augmented else None
        elif material.made is not None:
            ways[way] = changes, material.made, None
    suspected = material.table["path"].iloc[material.train.rows].isin(set(suspects)).to_numpy()
    if len(material.leaking):
        ways[RAW] = {}, joined(material.train, material.leaking), None
    if suspected.any():
        ways.setdefault(RAW, ({}, material.train, None))
    if RAW in ways:
        ways[CLEANED] = {}, material.train.take(np.flatnonzero(~suspected)), None
    return ways


def _judged_on(session: Session) -> dict[str, Samples]:
    """Return the held-out images that no training image of any way is a copy or relative of."""
    material = session.material
    parts = {}
    for part, samples in material.parts.items():
        if part != "train" and len(samples):
            clean = samples.take(
                np.flatnonzero(~shares_units(material.table, material.leaking.rows, samples.rows))
            )
            parts[part] = clean if len(clean) else samples
    return parts


def train_ways(session: Session, seeds: int, suspects: Collection[str] = ()) -> Outcomes:
    """Train every way with every seed, each with the same number of steps' worth of images; what there is no time for is left out.

    Returns
    -------
    Outcomes
        Way -> seed -> recalls by class of ``val`` and ``test``, shape ``(classes,)``, and ``seconds`` of
        training, shape ``(1,)``.
    """
    material = session.material
    classes = len(material.labels)
    images = len(material.train) * session.size.epochs * SHARE_OF_EPOCHS
    found: Outcomes = {}
    ways, judged = _trainings(session, suspects), _judged_on(session)
    for seed in range(session.options.seed, session.options.seed + seeds):
        for way, (changes, samples, variation) in ways.items():
            if not session.affords(session.cost(images)):
                continue
            plain: dict[str, Any] = {"class_weights": False, "oversample": False, "logit_adjustment": 0.0}
            trial = replace(
                session.with_options(**{**plain, **changes}),
                class_weight=None,
                layers="[]",
                variation=variation,
            )
            epochs = max(2, round(images / len(samples)))
            # To the end of the learning rate's fall: the few validation images of rare classes would choose
            # the epoch by chance.
            run = replace(trial.run(f"{way}, seed {seed}", seed=seed, epochs=epochs), validated=False)
            try:
                net, history = trial.train(run, samples=samples)
            except DataError:  # the loss was not a number, or the clock ended it before an epoch was done
                continue
            if history["ended_by"] != "all epochs":  # no run that others can be compared with
                continue
            recalls = {
                part: class_recalls(x, predict(net, x).argmax(axis=1), classes) for part, x in judged.items()
            }
            found.setdefault(way, {})[seed] = {**recalls, "seconds": np.array([history["seconds"]])}
    left = [way for way in ways if way not in found]
    if left:
        material.notes.append(
            f"Ways not compared, for want of time or a loss that is a number: {', '.join(left)} (--time-budget)."
        )
    return found


def rare_and_common(session: Session) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the numbers of the rarest classes of the training images, `RAREST` of them, and of as many of the commonest."""
    counts = np.bincount(session.material.train.labels, minlength=len(session.material.labels))
    present = np.argsort(counts, kind="stable")[(counts == 0).sum() :]
    rarest = present[: max(1, round(RAREST * len(present)))]
    return rarest, present[-len(rarest) :]


def compare_ways(session: Session, seeds: int, suspects: Collection[str] = ()) -> list[dict[str, Any]]:
    """Train every way with every seed and return a row per way, in the order of `WAYS`.

    Differences are to "nothing" with the same seed, on the same images; their intervals are over seeds.
    Recommended is the way with the highest mean balanced accuracy on validation images, and a note says so
    where it is not surely better than nothing there; test images decide nothing, and one seed recommends
    nothing.
    """
    rows = summarise(train_ways(session, seeds, suspects), *rare_and_common(session))
    chosen = next((row for row in rows if row["recommended"]), None)
    if rows and chosen is None:
        session.material.notes.append(
            "No way against imbalance is recommended: one seed is not enough to tell (--seeds 3, and time for them)."
        )
    gain = (chosen or {}).get(f"change of {CHOSEN_BY}")
    if chosen is not None and gain is not None and gain["low"] <= 0:
        session.material.notes.append(
            f"Recommended against imbalance is {chosen['way']}, the best on validation images, but not surely better than nothing there: "
            f"balanced accuracy {gain['value']:+.3f} [{gain['low']:+.3f} to {gain['high']:+.3f}]. More seeds or images would tell."
        )
    return rows


def summarise(
    found: Outcomes,
    rarest: npt.NDArray[np.int64],
    commonest: npt.NDArray[np.int64],
) -> list[dict[str, Any]]:
    """Return a row per way from what `train_ways` found."""
    nothing = found.get("nothing", {})
    rows: list[dict[str, Any]] = []
    for way, runs in found.items():
        shared = [s for s in runs if s in nothing]
        part = "test" if all("test" in r for r in runs.values()) else "val"
        row: dict[str, Any] = {"way": way, "seeds": len(runs), "images": part}
        row[CHOSEN_BY] = over_seeds([_mean(r["val"]) for r in runs.values()], least=0)
        if way != "nothing" and shared:
            row[f"change of {CHOSEN_BY}"] = over_seeds(
                [_mean(runs[s]["val"]) - _mean(nothing[s]["val"]) for s in shared]
            )
        row["balanced accuracy"] = over_seeds([_mean(r[part]) for r in runs.values()], least=0)
        for name, which in (("rare-class recall", rarest), ("common-class recall", commonest)):
            row[name] = over_seeds([_mean(r[part][which]) for r in runs.values()], least=0)
            if way != "nothing" and shared:
                row[f"change of {name}"] = over_seeds(
                    [_mean(runs[s][part][which]) - _mean(nothing[s][part][which]) for s in shared]
                )
        rows.append(row)
    several = [row for row in rows if row["seeds"] > 1 and row["way"] != RAW]
    comparable = len(several) > 1 and any(row["way"] == "nothing" for row in several)
    chosen = max(several, key=lambda row: row[CHOSEN_BY]["value"])["way"] if comparable else None
    for row in rows:
        row["recommended"] = row["way"] == chosen
    return rows


def _mean(recalls: npt.NDArray[np.float64]) -> float:
    """Return the mean of the recalls that are known, 0 where none is."""
    known = recalls[~np.isnan(recalls)]
    return float(known.mean()) if len(known) else 0.0
