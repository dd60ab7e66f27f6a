"""Bias or variance, in words: what the curves and scores of a run say, with the interval that decides."""

from __future__ import annotations

import math
from typing import Any

from auditor.baseline.scores import share
from auditor.finding import percent
from auditor.record import Diagnosis, Estimate, History, Scores

#: Training accuracy minus validation accuracy from which a model is called overfitted. A gap of a tenth is
#: what the usual remedies (augmentation, dropout, weight decay) can be expected to change on data of this
#: size.
GAP = 0.10
#: Balanced accuracy on the *training* images below which the model has not learned what it was shown.
LEARNED = 0.85
#: Epochs after the one with the lowest validation loss from which on it is not going to fall again.
OVER = 5


def difference(a: Estimate, b: Estimate) -> Estimate:
    """Return ``a - b`` of two independent estimates, with an interval made from theirs (Newcombe 1998, method 10)."""
    value = a["value"] - b["value"]
    low = value - math.hypot(a["value"] - a["low"], b["high"] - b["value"])
    high = value + math.hypot(a["high"] - a["value"], b["value"] - b["low"])
    return Estimate(value=float(f"{value:.6g}"), low=float(f"{low:.6g}"), high=float(f"{high:.6g}"))


def decide(effect: Estimate, threshold: float) -> str:
    """Return "yes" where the whole interval is above the threshold, "no" where it is below, else "undecided"."""
    return "yes" if effect["low"] > threshold else "no" if effect["high"] <= threshold else "undecided"


def interval(e: Estimate) -> str:
    """Write an estimate with its interval in percent."""
    return f"{percent(e['value'])} [{percent(e['low'])} to {percent(e['high'])}]"


def fitting_diagnosis(train: Scores, val: Scores, history: History) -> list[Diagnosis]:
    """Answer whether the model underfits or overfits.

    Parameters
    ----------
    train, val : Scores
        Of the kept weights, on unaugmented training images and on validation images.
    """
    learned, seen = train["balanced_accuracy"], val["balanced_accuracy"]
    gap = difference(learned, seen)
    epochs = len(history["loss"])
    best = history["best_epoch"] + 1
    overfit = decide(gap, GAP)
    # Early stopping may keep weights from before the training images were learned: whether they can be
    # learned shows in the best epoch.
    reached = share(max(history["accuracy"]) * train["images"], train["images"])
    best_fit = max(learned, reached, key=lambda e: e["value"])
    short = Estimate(value=1 - best_fit["value"], low=1 - best_fit["high"], high=1 - best_fit["low"])
    underfit = decide(short, 1 - LEARNED)
    mislabelled = decide(difference(seen, learned), GAP) == "yes"
    if mislabelled and underfit == "yes":
        underfit = "undecided"  # it cannot learn what is wrong, and shows on other images that it has learned the rest
    numbers = (
        f"balanced accuracy is {interval(learned)} on training images and {interval(seen)} on validation images, "
        f"a gap of {interval(gap)}; training accuracy reached {percent(reached['value'])}; "
        f"validation loss was lowest after epoch {best} of {epochs}"
    )
    return [
        _underfitting(underfit, numbers, best_fit, history, mislabelled=mislabelled),
        _overfitting(overfit, numbers, gap, history),
        _too_short(underfit, history),
    ]


def _underfitting(
    verdict: str, numbers: str, learned: Estimate, history: History, *, mislabelled: bool
) -> Diagnosis:
    text = {
        "yes": f"The model underfits: even on the images it was trained with it is right too rarely ({numbers}).",
        "no": f"The model does not underfit: it has learned its training images ({numbers}).",
        "undecided": f"Whether the model underfits cannot be said ({numbers}; {percent(LEARNED)} on training images is the line).",
    }[verdict]
    if mislabelled:
        text += " It is right more often on validation than on training images, as where labels of training images are wrong."
    remedies = ["look for wrong labels: auditor scan DATA --select label-error"] if mislabelled else []
    remedies += [
        "more epochs",
        "a higher learning rate",
        "more filters",
        "more layers",
        "a larger image size",
        "less regularisation",
    ]
    return Diagnosis(
        question="underfitting",
        verdict=verdict,
        text=text,
        remedies=remedies if verdict != "no" else [],
        evidence={"training_accuracy": learned, "line": LEARNED, "epochs": len(history["loss"])},
    )


def _overfitting(verdict: str, numbers: str, gap: Estimate, history: History) -> Diagnosis:
    text = {
        "yes": f"The model overfits: what it learned does not carry over to new images ({numbers}).",
        "no": f"The model does not overfit by more than {percent(GAP)} ({numbers}).",
        "undecided": f"Whether the model overfits cannot be said from so few images ({numbers}; a gap of {percent(GAP)} is the line).",
    }[verdict]
    remedies = [
        "more images",
        "augmentation",
        "more dropout",
        "L1 or L2 penalties",
        "fewer filters or layers",
        "earlier stopping",
    ]
    return Diagnosis(
        question="overfitting",
        verdict=verdict,
        text=text,
        remedies=remedies if verdict != "no" else [],
        evidence={"gap": gap, "line": GAP, "best_epoch": history["best_epoch"] + 1},
    )


def _too_short(underfit: str, history: History) -> Diagnosis:
    """Say whether more epochs are called for.

    The learning rate falls to zero by the last epoch, and the loss is often lowest there: that alone says
    nothing. Training was too short where, besides, the training images have not been learned, or the clock
    ended it.
    """
    epochs, best = len(history["loss"]), history["best_epoch"] + 1
    ended = history.get("ended_by", "")
    evidence: dict[str, Any] = {
        "epochs": epochs,
        "best_epoch": best,
        "ended_by": ended,
        "underfitting": underfit,
    }
    numbers = f"validation loss was lowest after epoch {best} of {epochs}"
    if ended == "early stopping" or epochs - best >= OVER:
        verdict, text = "no", f"Training was long enough: {numbers}, and did not fall again."
    elif ended == "time":
        verdict, text = "yes", f"Training was too short: {numbers}, when the time budget ended training."
    elif underfit == "yes" and best == epochs:
        verdict, text = (
            "yes",
            f"Training was too short: {numbers}, all that were planned, and the training images are not learned yet.",
        )
    elif underfit == "no":
        verdict, text = "no", f"Training was long enough: the training images are learned; {numbers}."
    else:
        verdict = "undecided"
        text = f"Whether training was long enough cannot be said: {numbers}, near the end, or the training images are hardly learned."
    remedies = (["a larger time budget"] if ended == "time" else ["more epochs"]) if verdict != "no" else []
    return Diagnosis(
        question="training too short", verdict=verdict, text=text, evidence=evidence, remedies=remedies
    )


def overall(diagnosis: list[Diagnosis]) -> str:
    """Say underfitting, overfitting or neither in one word or two."""
    verdicts = {d["question"]: d["verdict"] for d in diagnosis}
    over, under = verdicts.get("overfitting"), verdicts.get("underfitting")
    if over == "yes":
        return "overfitting"
    if under == "yes":
        return "underfitting"
    if "undecided" in (over, under):
        return "undecided"
    return "neither"
