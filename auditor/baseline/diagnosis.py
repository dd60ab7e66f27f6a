"""Bias or variance, in words: what the curves and scores of a run say, with the interval that decides."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from auditor.baseline.scores import share
from auditor.baseline.time_budget import MAIN_SHARE
from auditor.finding import percent
from auditor.outputs import round_number
from auditor.record import Diagnosis, Estimate, History, Scores

#: Training accuracy minus validation accuracy from which a model is called overfitted. A gap of a tenth is
#: what the usual remedies (augmentation, dropout, weight decay) can be expected to change on data of this
#: size.
GAP = 0.10
#: Balanced accuracy on the *training* images below which the model has not learned what it was shown.
LEARNED = 0.85
#: Epochs after the one with the lowest validation loss from which on it is not going to fall again.
OVER = 5
#: Share by which the validation loss must have risen from its lowest to the last epochs for the curve to have
#: turned: between neighbouring epochs it moves by a few percent.
TURNED = 0.10
#: Last epochs whose mean is held against the lowest validation loss: one epoch alone jumps.
LAST = 3
#: Share of the planned epochs from which on a training that was planned shorter is as good as whole: with
#: 1,100 of 1,500 steps the gains are the same within noise (`auditor.baseline.comparison`).
NEARLY_ALL = 0.75
#: The questions in the order in which their remedies are to be tried: what makes other answers meaningless
#: comes first.
ORDER = (
    "cannot learn one batch",
    "learning rate too high",
    "learning rate too low",
    "wrong labels",
    "leak-inflated test",
    "underfitting",
    "overfitting",
    "too few images",
    "too-hard test",
)


def difference(a: Estimate, b: Estimate) -> Estimate:
    """Return ``a - b`` of two independent estimates, with an interval made from theirs.

    Newcombe 1998, method 10.
    """
    value = a["value"] - b["value"]
    low = value - math.hypot(a["value"] - a["low"], b["high"] - b["value"])
    high = value + math.hypot(a["high"] - a["value"], b["value"] - b["low"])
    return Estimate(value=round_number(value), low=round_number(low), high=round_number(high))


def decide(effect: Estimate, threshold: float) -> str:
    """Return "yes" where the whole interval is above the threshold, "no" if it is below, else "undecided"."""
    return "yes" if effect["low"] > threshold else "no" if effect["high"] <= threshold else "undecided"


def interval(e: Estimate) -> str:
    """Write an estimate with its interval in percent."""
    return f"{percent(e['value'])} [{percent(e['low'])} to {percent(e['high'])}]"


def answer(
    question: str, verdict: str, text: str, remedies: list[str] | None = None, **evidence: Any
) -> Diagnosis:
    """Return an answer; remedies only where there is something to remedy or nothing is known."""
    return Diagnosis(
        question=question,
        verdict=verdict,
        text=text,
        evidence=evidence,
        remedies=[] if verdict == "no" else remedies or [],
    )


def diagnose_fit(train: Scores, val: Scores, history: History) -> list[Diagnosis]:
    """Answer whether the model underfits or overfits, was trained too shortly, or was given wrong labels.

    At most one of underfitting and overfitting is ``yes``: where both are above their lines, the larger part
    of the error is, and the other is asked again once that is remedied.

    Parameters
    ----------
    train, val : Scores
        Of the kept weights, on unaugmented training images and on validation images.
    history : History
        Of the run. One that the time budget cut gives no diagnosis.
    """
    if epochs_cut(history):
        return _no_diagnosis(history)
    learned, seen = train["balanced_accuracy"], val["balanced_accuracy"]
    gap = difference(learned, seen)
    # Early stopping may keep weights from before the training images were learned: whether they can be
    # learned shows in the best epoch.
    reached = share(max(history["accuracy"]) * train["images"], train["images"])
    best_fit = max(learned, reached, key=lambda e: e["value"])
    missing = Estimate(value=1 - best_fit["value"], low=1 - best_fit["high"], high=1 - best_fit["low"])
    underfit = decide(missing, 1 - LEARNED)
    turn = find_turn(train, val, history)
    overfit = "yes" if turn else decide(gap, GAP)
    labels = _wrong_labels(learned, seen)
    if labels["verdict"] == "yes" and underfit == "yes":
        underfit = "undecided"  # it cannot learn what is wrong, and on other images it shows what it learned
    numbers = (
        f"balanced accuracy is {interval(learned)} on training images and {interval(seen)} on "
        f"validation images, "
        f"a gap of {interval(gap)}; training accuracy reached {percent(reached['value'])}; "
        f"validation loss was lowest after epoch {history['best_epoch'] + 1} of {len(history['loss'])}"
    )
    second = ""
    if underfit == overfit == "yes":
        second = "underfitting" if gap["value"] >= missing["value"] else "overfitting"
    return [
        _underfitting(underfit, numbers, best_fit, history, second=second),
        _overfitting(overfit, numbers, gap, history, second=second, turn=turn),
        _too_short(underfit, history),
        labels,
    ]


def epochs_cut(history: History) -> int:
    """Return how many epochs were planned where the time budget cut them, else 0.

    The clock ended the training, or it was planned for fewer than `NEARLY_ALL` of the epochs.
    """
    done, planned = len(history["loss"]), history.get("planned_epochs", len(history["loss"]))
    ended = history.get("ended_by")
    return (
        max(planned, done)
        if ended == "time" or (ended == "all epochs" and done < NEARLY_ALL * planned)
        else 0
    )


def _no_diagnosis(history: History) -> list[Diagnosis]:
    done, planned = len(history["loss"]), epochs_cut(history)
    minutes = math.ceil(history.get("seconds", 0.0) / done * planned / MAIN_SHARE / 60)
    text = f"No diagnosis: the time budget stopped training after {done} of {planned} epochs."
    if planned > done and minutes:
        text += f" --time-budget {minutes} would be enough."
    facts: dict[str, Any] = {"epochs": done, "planned_epochs": planned, "ended_by": history["ended_by"]}
    found = [answer(q, "undecided", text, **facts) for q in ("underfitting", "overfitting", "wrong labels")]
    found.insert(2, answer("training too short", "yes", text.replace("No diagnosis: the", "The", 1), **facts))
    return found


def find_turn(train: Scores, val: Scores, history: History) -> str:
    """Say where the validation loss turned while the training images were still being learned.

    Blank where it did not.

    Early stopping keeps weights from before the turn, whose gap is small. The curve shows what the training
    would have led to.
    """
    losses, best = history["val_loss"], history["best_epoch"]
    after = losses[best + 1 :]
    if not after:
        return ""
    last = float(np.mean(after[-LAST:]))
    if last < losses[best] * (1 + TURNED) or history["loss"][-1] >= history["loss"][best]:
        return ""
    fitted, seen = (
        share(history[name][-1] * scores["images"], scores["images"])  # type: ignore[literal-required]
        for name, scores in (("accuracy", train), ("val_accuracy", val))
    )
    if decide(difference(fitted, seen), GAP) != "yes":
        return ""
    return (
        f"after epoch {best + 1} the validation loss rose from {losses[best]:.2f} to {last:.2f}, while "
        f"training accuracy went "
        f"on to {percent(fitted['value'])}; the weights of epoch {best + 1} were kept"
    )


def _underfitting(
    verdict: str, numbers: str, learned: Estimate, history: History, *, second: str
) -> Diagnosis:
    text = {
        "yes": (
            f"The model underfits (high bias): even on the images it was trained with it is right too "
            f"rarely ({numbers})."
        ),
        "no": f"The model does not underfit: it has learned its training images ({numbers}).",
        "undecided": (
            f"Whether the model underfits cannot be said ({numbers}; {percent(LEARNED)} on training "
            f"images is the line)."
        ),
    }[verdict]
    if second == "underfitting":
        verdict = "undecided"
        text = (
            f"Training images are not all learned, but the gap to validation is the larger part of the "
            f"error: reduce it first ({numbers})."
        )
    remedies = [
        "more epochs",
        "a higher learning rate",
        "more filters",
        "more layers",
        "a larger image size",
        "less regularisation",
    ]
    return answer(
        "underfitting",
        verdict,
        text,
        remedies if verdict == "yes" else [],
        training_accuracy=learned,
        line=LEARNED,
        epochs=len(history["loss"]),
    )


def _overfitting(
    verdict: str, numbers: str, gap: Estimate, history: History, *, second: str, turn: str
) -> Diagnosis:
    text = {
        "yes": (
            f"The model overfits (high variance): what it learned does not carry over to new images "
            f"({turn or numbers})."
        ),
        "no": f"The model does not overfit by more than {percent(GAP)} ({numbers}).",
        "undecided": (
            f"Whether the model overfits cannot be said from so few images ({numbers}; a gap of "
            f"{percent(GAP)} is the line)."
        ),
    }[verdict]
    if second == "overfitting":
        verdict = "undecided"
        text = (
            f"There is a gap, but the error on training images is the larger part: reduce it first "
            f"({numbers})."
        )
    remedies = [
        "more images",
        "augmentation",
        "more dropout",
        "L1 or L2 penalties",
        "fewer filters or layers",
    ]
    remedies += [] if turn else ["earlier stopping"]  # which is what the turn was met with
    return answer(
        "overfitting",
        verdict,
        text,
        remedies if verdict == "yes" else [],
        gap=gap,
        line=GAP,
        best_epoch=history["best_epoch"] + 1,
        turned=bool(turn),
    )


def _wrong_labels(learned: Estimate, seen: Estimate) -> Diagnosis:
    """Say whether training labels look wrong.

    What cannot be learned there, but is right on validation images, is no fault of the model.
    """
    lead = difference(seen, learned)
    verdict = decide(lead, GAP)
    numbers = f"balanced accuracy is {interval(lead)} higher on validation than on training images"
    text = {
        "yes": f"Training labels look wrong: {numbers}.",
        "no": (
            f"The scores do not point at wrong training labels, which is no proof that there are none: "
            f"{numbers}."
        ),
        "undecided": f"Whether training labels are wrong cannot be said from the scores: {numbers}.",
    }[verdict]
    remedies = ["look for wrong labels: auditor scan DATA --select label-error"]
    return answer("wrong labels", verdict, text, remedies, lead=lead, line=GAP)


def _too_short(underfit: str, history: History) -> Diagnosis:
    """Say whether training was long enough: a statement about the run, which prescribes nothing.

    The learning rate falls to zero by the last epoch, and the loss is often lowest there: that alone says
    nothing. Training was too short where, besides, the training images have not been learned.
    """
    epochs, best = len(history["loss"]), history["best_epoch"] + 1
    ended = history.get("ended_by", "")
    numbers = f"validation loss was lowest after epoch {best} of {epochs}"
    if ended == "early stopping" or epochs - best >= OVER:
        verdict, text = "no", f"Training was long enough: {numbers}, and did not fall again."
    elif underfit == "yes" and best == epochs:
        verdict = "yes"
        text = (
            f"Training was too short: {numbers}, all that were planned, and the training images are not "
            f"learned yet."
        )
    elif underfit == "no":
        verdict, text = "no", f"Training was long enough: the training images are learned; {numbers}."
    else:
        verdict = "undecided"
        text = (
            f"Whether training was long enough cannot be said: {numbers}, near the end, or the training "
            f"images are hardly learned."
        )
    facts: dict[str, Any] = {
        "epochs": epochs,
        "best_epoch": best,
        "ended_by": ended,
        "underfitting": underfit,
    }
    return answer("training too short", verdict, text, **facts)


def name_verdict(diagnosis: Iterable[Diagnosis]) -> str:
    """Return underfitting, overfitting, neither or undecided."""
    verdicts = {d["question"]: d["verdict"] for d in diagnosis}
    found = [verdicts.get(q) for q in ("overfitting", "underfitting")]
    if "yes" in found:
        return ("overfitting", "underfitting")[found.index("yes")]
    return "undecided" if "undecided" in found else "neither"


def order_advice(diagnosis: Iterable[Diagnosis]) -> list[str]:
    """Return what to try, first things first: one list over all questions that were answered with yes."""
    yes = {d["question"]: d["remedies"] for d in diagnosis if d["verdict"] == "yes"}
    return list(dict.fromkeys(remedy for question in ORDER for remedy in yes.get(question, [])))
