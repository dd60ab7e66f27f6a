"""Discriminating experiments: short runs whose outcome differs between two explanations of the same curves.

Each answers one question, with its numbers; what does not fit into the planned work is ``undecided`` and says
so. They are run in the order of `EXPERIMENTS`: what a user acts on first comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.diagnosis import answer, decide, difference, interval
from auditor.baseline.feeding import joined
from auditor.baseline.scores import mean_recall, score, share
from auditor.baseline.session import Session, predict
from auditor.errors import DataError
from auditor.finding import percent, rounded
from auditor.grouping import number_units_of, share_a_key
from auditor.outputs import round_number
from auditor.record import Diagnosis, Estimate, History, Scores
from auditor.stats.intervals import newcombe

#: Steps on one batch: a network that can learn at all has it by heart after a hundred.
ONE_BATCH_STEPS = 100
#: Rounds in which those steps are made: the state is kept after each, which takes longer than a step.
ONE_BATCH_ROUNDS = 10
#: Share of the one batch that must be learned.
BY_HEART = 0.95
#: Steps of each run of the learning-rate trial, and the factor between rates.
RATE_STEPS, RATE_FACTOR = 100, 10.0
#: Share by which another rate must lower the validation loss to be called better: what seeds alone change it
#: by in so short a run.
RATE_MARGIN = 0.10
#: How far below the model's accuracy a run with leaks may be on clean images and still be compared with it.
COMPARABLE = 0.10
#: Balanced accuracy by which a test must surely be harder than validation to be called so: weights and rate
#: were chosen by validation images, which flatters them a little, and less is no reason to look for other
#: images.
HARDER = 0.02
#: Gain in balanced accuracy from twice the images from which on more images are worth collecting.
WORTHWHILE = 0.02


#: The question about leaks, and what the parts are called in a sentence.
LEAK = "leak-inflated test"
PART_NAMES = {"test": "test", "val": "validation"}


class CutShort(Exception):
    """The clock ended a run before it could decide anything."""


def require_whole(history: History) -> History:
    """Return a history, or raise `CutShort` where the clock ended it."""
    if history.get("ended_by") == "time":
        raise CutShort
    return history


def left_out(question: str) -> Diagnosis:
    """Return the answer to a question for which there was no time."""
    return answer(
        question, "undecided", "Not tried: it does not fit into the time budget.", ["a larger --time-budget"]
    )


def harder_test(scores: dict[str, Scores]) -> list[Diagnosis]:
    """Compare validation with test, by a model that has learned from neither. Costs nothing."""
    if "test" not in scores:
        return []
    drop = difference(scores["val"]["balanced_accuracy"], scores["test"]["balanced_accuracy"])
    verdict = decide(drop, HARDER)
    below = "lower" if drop["value"] >= 0 else "higher"
    shown = (
        drop if drop["value"] >= 0 else Estimate(value=-drop["value"], low=-drop["high"], high=-drop["low"])
    )
    numbers = f"balanced accuracy is {interval(shown)} {below} on test than on validation images"
    text = {
        "yes": f"The test images are harder than the validation images, or other ones: {numbers}.",
        "no": f"The test images are not harder than the validation images: {numbers}.",
        "undecided": (
            f"Whether the test images are harder than the validation images cannot be said: {numbers}."
        ),
    }[verdict]
    remedies = ["read the findings on label, property and content shift", "more test images"]
    return [answer("too-hard test", verdict, text, remedies, drop=drop)]


def one_batch(session: Session) -> Diagnosis:
    """Learn one batch by heart: a network that cannot is broken, or its learning rate is."""
    question = "cannot learn one batch"
    size = session.options.batch_size
    if not session.budget.reserve(session.cost(size * ONE_BATCH_STEPS)):
        return left_out(question)
    train = session.material.train
    batch = train.take(
        np.sort(np.random.default_rng([session.options.seed, 0x6F62]).permutation(len(train))[:size])
    )
    plain = replace(
        session.with_options(class_weights=False, oversample=False, logit_adjustment=0.0),
        class_weight=None,
        variation=None,
    )
    rounds = ONE_BATCH_ROUNDS
    run = replace(
        plain.run("one batch", seed=session.options.seed, epochs=rounds, patience=rounds), adjustment=(0.0,)
    )
    repeated = batch.take(np.tile(np.arange(len(batch)), ONE_BATCH_STEPS // rounds))
    net = plain.network(
        layers="[]"
    )  # dropout and penalties stay, so that nothing is traced anew: too strong ones are an answer too
    # The batch is its own validation set: what counts is the best epoch on exactly these images.
    inner = replace(
        plain,
        material=replace(
            plain.material, parts={**plain.material.parts, "train": repeated, "val": batch}, made=None
        ),
    )
    net, curves = inner.train(run, samples=repeated, net=net)
    require_whole(curves)
    right = int((predict(net, batch).argmax(axis=1) == batch.labels).sum())
    found = share(right, len(batch))
    verdict = "no" if found["value"] >= BY_HEART else "yes"
    text = (
        f"After {ONE_BATCH_STEPS} steps on the same {len(batch)} images, {percent(found['value'])} of "
        f"them are known by heart"
    )
    text += (
        ": network and pipeline can learn."
        if verdict == "no"
        else ": something else than the data keeps the network from learning."
    )
    remedies = [
        "another learning rate",
        "less dropout or weaker penalties",
        "a larger image size",
        "look at the images as the network sees them",
    ]
    return answer(question, verdict, text, remedies, accuracy=found, steps=ONE_BATCH_STEPS)


def learning_rate(session: Session) -> list[Diagnosis]:
    """Compare the first steps at the learning rate with those at a tenth and at ten times of it."""
    questions = ("learning rate too low", "learning rate too high")
    batch = session.options.batch_size
    train = session.material.train
    some = train.take(
        np.random.default_rng([session.options.seed, 0x6C72]).permutation(len(train))[: RATE_STEPS * batch]
    )
    epochs = max(1, round(RATE_STEPS * batch / len(some)))
    if not session.budget.reserve(3 * session.cost(epochs * (len(some) + len(session.material.val) / 3))):
        return [left_out(q) for q in questions]
    lowest = []
    rates = [session.options.learning_rate * f for f in (1 / RATE_FACTOR, 1.0, RATE_FACTOR)]
    for rate in rates:
        trial = session.with_options(learning_rate=rate)
        try:
            _, curves = trial.train(
                trial.run("learning rate", seed=session.options.seed, epochs=epochs, patience=epochs),
                samples=some,
            )
            lowest.append(min(require_whole(curves)["val_loss"]))
        except DataError:  # the loss was not a number
            lowest.append(float("inf"))
    numbers = ", ".join(f"{loss:.3f} at {rate:g}" for rate, loss in zip(rates, lowest, strict=True))
    found = []
    for question, other, word in ((questions[0], 2, "higher"), (questions[1], 0, "lower")):
        better = lowest[other] < lowest[1] * (1 - RATE_MARGIN)
        same = abs(lowest[other] - lowest[1]) <= RATE_MARGIN * lowest[1]
        verdict = "yes" if better else "undecided" if same else "no"
        text = (
            f"After {epochs * -(-len(some) // batch)} steps the lowest validation loss is {numbers}: a "
            f"{word} rate "
        )
        text += {"yes": "is better.", "no": "is worse.", "undecided": "makes no clear difference."}[verdict]
        suggestion = [
            f"--learning-rate {rates[other]:g}",
            f"--learning-rate {(rates[other] * rates[1]) ** 0.5:.2g}",
        ]
        found.append(
            answer(
                question,
                verdict,
                text,
                suggestion if better else [],
                rates=rates,
                lowest_val_loss=[rounded(x) if np.isfinite(x) else None for x in lowest],
            )
        )
    return found


def leak(session: Session, history: History, scores: dict[str, Scores]) -> Diagnosis:
    """Train once more with the images that leak, and compare accuracy on leaked and on clean held-out images.

    Asked first, without training: could the answer be sure if every leaked image were right?
    """
    material = session.material
    if not len(material.leaking):
        return answer(
            LEAK, "no", "No training image shares a group or a duplicate set with a validation or test image."
        )
    leaked_rows = {
        part: share_a_key(material.rows_of(part), material.table.iloc[material.leaking.rows])
        for part in ("test", "val")
        if len(material.parts[part])
    }
    part = max(leaked_rows, key=lambda p: (leaked_rows[p].sum(), p == "test"))
    leaked = leaked_rows[part]
    n, m = int(leaked.sum()), int((~leaked).sum())
    early = _leak_without_training(PART_NAMES[part], n, m, scores[part]["accuracy"])
    if early is not None:
        return early
    epochs = max(3, min(session.size.epochs, history["best_epoch"] + 1))
    everything = joined(session.samples(), material.leaking)
    if not session.budget.reserve(session.cost(len(everything) * epochs)):
        return left_out(LEAK)
    # Without variation: images that are the same each time are known again, so leaks do their worst.
    still = replace(session, variation=None)
    run = still.run("with leaks", seed=session.options.seed, epochs=epochs, patience=epochs)
    net, curves = still.train(run, samples=everything)
    require_whole(curves)
    held_out = material.parts[part]
    right = predict(net, held_out).argmax(axis=1) == held_out.labels
    return _judge_leak(right[leaked], right[~leaked], part, scores[part]["accuracy"])


def _leak_without_training(name: str, n: int, m: int, accuracy: Estimate) -> Diagnosis | None:
    """Answer where ``n`` leaked and ``m`` clean images cannot be compared, whatever a training would give."""
    again = ["split anew: auditor split DATA --ratios 60/20/20"]
    if not n:
        return answer(LEAK, "no", f"No {name} image leaks.", leaked=n, clean=m)
    if not m:
        text = f"All {n:,} {name} images leak: there are no clean ones to compare with."
        return answer(LEAK, "undecided", text, again, leaked=n, clean=m)
    if newcombe(n, n, round(accuracy["value"] * m), m)[0] > 0:
        return None
    text = (
        f"Not trained, for no answer could be sure: the model is right on {percent(accuracy['value'])} "
        f"of the {name} images, "
        f"and even on all {n:,} leaked ones that could be chance beside {m:,} clean ones."
    )
    return answer(LEAK, "undecided", text, again, leaked=n, clean=m)


def _judge_leak(
    on_leaked: npt.NDArray[np.bool_], on_clean: npt.NDArray[np.bool_], part: str, accuracy: Estimate
) -> Diagnosis:
    a, n, b, m = int(on_leaked.sum()), len(on_leaked), int(on_clean.sum()), len(on_clean)
    low, high = newcombe(a, n, b, m)
    inflation = Estimate(value=round_number(a / n - b / m), low=round_number(low), high=round_number(high))
    verdict = decide(inflation, 0.0)
    if b / m < accuracy["low"] - COMPARABLE:
        # This run learned less than the model did: what it gets right is no measure of leaks.
        verdict = "undecided"
    numbers = (
        f"trained with the leaking images, the model is right on {interval(share(a, n))} of {n:,} leaked and "
        f"{interval(share(b, m))} of {m:,} clean {PART_NAMES[part]} images, a difference of "
        f"{interval(inflation)}"
    )
    text = {
        "yes": f"Leaks inflate the score: {numbers}.",
        "no": f"Leaks do not inflate the score: {numbers}.",
        "undecided": f"Whether leaks inflate the score cannot be said: {numbers}.",
    }[verdict]
    remedies = ["split anew by groups and duplicate sets", "report the score on clean images alone"]
    counts = {"leaked": share(a, n), "clean": share(b, m), "inflation": inflation, "split": part}
    return answer(LEAK, verdict, text, remedies, **counts)


def half_the_data(session: Session, history: History, scores: dict[str, Scores]) -> Diagnosis:
    """Train on half of the training groups for as many steps.

    What the other half brought is what more images may bring.
    """
    question = "too few images"
    material = session.material
    fed = session.samples()
    epochs = len(history["loss"])
    if not session.budget.reserve(session.cost(len(fed) * epochs)):
        return left_out(question)
    half = nested_subset(session, 0.5)
    # As many steps as the whole data got, so that only the number of different images differs.
    run = session.run(
        "half the images", seed=session.options.seed, epochs=2 * epochs, patience=2 * session.size.patience
    )
    net, curves = session.train(run, samples=half)
    require_whole(curves)
    rows = material.rows_of("val")
    predicted = predict(net, material.parts["val"])
    halved = score(
        material.parts["val"].labels, predicted, material.labels, rows["path"].tolist(), number_units_of(rows)
    )
    full = scores["val"]
    # The same images, taken as independent: that is cautious.
    gain = difference(full["balanced_accuracy"], halved["balanced_accuracy"])
    verdict = decide(gain, WORTHWHILE)
    numbers = (
        f"balanced accuracy on validation images is {interval(halved['balanced_accuracy'])} with half "
        f"the training images and "
        f"{interval(full['balanced_accuracy'])} with all, a gain of {interval(gain)}"
    )
    text = {
        "yes": f"More images would help: {numbers}.",
        "no": f"More images of the same kind will hardly help: {numbers}.",
        "undecided": f"Whether more images would help cannot be said: {numbers}.",
    }[verdict]
    return answer(
        question, verdict, text, ["collect more images of the weakest classes", "augmentation"], gain=gain
    )


def nested_subset(session: Session, fraction: float) -> Any:
    """Return that share of the training images, class by class and by whole groups, nested.

    A smaller one is part of a larger one.

    Augmented images follow their parents.
    """
    material = session.material
    train, fed = material.train, session.samples()
    unit = number_units_of(material.rows_of("train"))
    rng = np.random.default_rng([session.options.seed, 0x6E65])
    kept: set[int] = set()
    for label in np.unique(train.labels):
        own = np.flatnonzero(train.labels == label)
        rank = {name: i for i, name in enumerate(rng.permutation(np.unique(unit[own])).tolist())}
        ordered = own[np.argsort([rank[u] for u in unit[own]], kind="stable")]
        kept |= set(train.rows[ordered[: max(2, round(fraction * len(own)))]].tolist())
    at = np.flatnonzero(np.isin(fed.rows, np.array(sorted(kept))))
    chosen = fed.take(at)
    if fed.alter is None:
        return chosen
    alter = fed.alter
    return replace(chosen, alter=lambda images, positions, epoch: alter(images, at[positions], epoch))


def measure_noise_floor(
    session: Session, found: Scores, seeds: int
) -> tuple[dict[str, float], list[History]]:
    """Repeat the run under other seeds: differences smaller than the spread of validation scores say nothing.

    Returns
    -------
    dict
        ``seeds``, and for balanced accuracy and accuracy the standard deviation over seeds and
        ``..._smallest_difference``: what two single runs must differ by at least to differ at the 95 % level
        (Student, so that few seeds are paid for).
    list of History
    """
    from scipy.special import stdtrit

    material = session.material
    values = [(found["balanced_accuracy"]["value"], found["accuracy"]["value"])]
    histories = []
    val = material.parts["val"]
    for seed in range(session.options.seed + 1, session.options.seed + seeds):
        if not session.budget.reserve(session.size.seconds):
            break
        net, history = session.train(session.run(f"seed {seed}", seed=seed))
        predicted = predict(net, val).argmax(axis=1)
        right = predicted == val.labels
        balanced = mean_recall(np.bincount(val.labels, weights=right), np.bincount(val.labels))
        values.append((balanced["value"], float(right.mean())))
        histories.append(history)
    if len(values) < 2:
        return {}, []
    floor: dict[str, float] = {"seeds": float(len(values))}
    for name, column in zip(("balanced_accuracy", "accuracy"), np.array(values).T, strict=True):
        std = float(column.std(ddof=1))
        floor[f"{name}_std"] = round_number(std)
        floor[f"{name}_smallest_difference"] = round_number(
            std * 2**0.5 * float(stdtrit(len(values) - 1, 0.975))
        )
    return floor, histories


Experiment = Callable[[Session, History, dict[str, Scores]], list[Diagnosis]]


def run_experiments(session: Session, history: History, scores: dict[str, Scores]) -> list[Diagnosis]:
    """Run what fits into the planned work; every question gets an answer."""
    found: list[Diagnosis] = []
    for questions, experiment in EXPERIMENTS:
        session.on_stage(f"Diagnosing: {', '.join(questions)}")
        try:
            said = experiment(session, history, scores)
        except DataError as error:  # a loss that was not a number, or no time for one epoch
            said = [
                answer(q, "undecided", f"Tried, but it came to nothing: {error.received}.") for q in questions
            ]
        except CutShort:
            said = [left_out(q) for q in questions]
        found.extend(said)
    return found


#: The questions and what answers them, in the order in which they are given time.
EXPERIMENTS: tuple[tuple[tuple[str, ...], Experiment], ...] = (
    (("too-hard test",), lambda _session, _history, scores: harder_test(scores)),
    (("leak-inflated test",), lambda session, history, scores: [leak(session, history, scores)]),
    (("cannot learn one batch",), lambda session, _history, _scores: [one_batch(session)]),
    (
        ("learning rate too low", "learning rate too high"),
        lambda session, _history, _scores: learning_rate(session),
    ),
    (("too few images",), lambda session, history, scores: [half_the_data(session, history, scores)]),
)
