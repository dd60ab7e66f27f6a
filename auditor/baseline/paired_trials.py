"""Paired trials: variants of a session trained with the same seeds and compared on the same images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from auditor.baseline.feeding import Samples
from auditor.baseline.session import Session, predict
from auditor.errors import DataError
from auditor.outputs import round_number
from auditor.record import Estimate

Recalls = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """One variant: a session that differs from the others in one thing, and the images it is judged on.

    ``judged`` maps the name of a set of images to the images. A trial that is not ``validated`` ends with the
    weights of its last epoch.
    """

    name: str
    session: Session
    judged: Mapping[str, Samples]
    samples: Samples | None = None
    epochs: int | None = None
    validated: bool = True

    @property
    def cost(self) -> float:
        """Expected seconds of one training."""
        samples = self.session.samples() if self.samples is None else self.samples
        return self.session.cost(len(samples) * (self.epochs or self.session.size.epochs))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What one training gave: seconds, and by set of images the recall of each class, ``(classes,)``."""

    recalls: Mapping[str, Recalls] = field(default_factory=dict)
    seconds: float = 0.0

    def balanced_accuracy(self, part: str, classes: npt.NDArray[np.int64] | None = None) -> float:
        """Return the mean recall on a set of images, of all classes or of some; 0 where none has an image."""
        recalls = self.recalls[part] if classes is None else self.recalls[part][classes]
        known = recalls[~np.isnan(recalls)]
        return float(known.mean()) if len(known) else 0.0


#: Outcomes by the name of the trial and the seed.
Outcomes = dict[str, dict[int, Outcome]]


def run_trial(trial: Trial, seed: int) -> Outcome | None:
    """Train and judge once.

    ``None`` where the loss was not a number, or where the clock ended the run: it compares with no other.
    """
    session = trial.session
    run = session.run(f"{trial.name}, seed {seed}", seed=seed, epochs=trial.epochs, validated=trial.validated)
    try:
        net, history = session.train(run, samples=trial.samples)
    except DataError:
        return None
    if history["ended_by"] not in ("all epochs", "early stopping"):
        return None
    classes = len(session.material.labels)
    recalls = {
        part: class_recalls(x, predict(net, x).argmax(axis=1), classes) for part, x in trial.judged.items()
    }
    return Outcome(recalls=recalls, seconds=history["seconds"])


def run_trials(trials: Sequence[Trial], seeds: Sequence[int]) -> tuple[Outcomes, list[str]]:
    """Run every trial with every seed, seed by seed: if time runs out, all trials have about as many seeds.

    Returns
    -------
    outcomes : Outcomes
    left_out : list of str
        Trials without any outcome: no time was left, or the loss was not a number.
    """
    outcomes: Outcomes = {}
    for seed in seeds:
        for trial in trials:
            if trial.session.budget.reserve(trial.cost) and (outcome := run_trial(trial, seed)) is not None:
                outcomes.setdefault(trial.name, {})[seed] = outcome
    return outcomes, [trial.name for trial in trials if trial.name not in outcomes]


def class_recalls(samples: Samples, predicted: npt.NDArray[np.int64], classes: int) -> Recalls:
    """Return the recall of each class, NaN where it has no image, shape ``(classes,)``."""
    hits = np.bincount(samples.labels[predicted == samples.labels], minlength=classes)
    support = np.bincount(samples.labels, minlength=classes)
    return np.asarray(np.divide(hits, support, out=np.full(classes, np.nan), where=support > 0))


def mean_over_seeds(values: npt.ArrayLike, *, least: float = -1.0) -> Estimate:
    """Return the mean over seeds with its Student interval, cut at ``least`` (of a share: 0) and 1.

    One seed says nothing of the spread: its interval is the whole range.
    """
    from scipy.special import stdtrit

    x = np.asarray(values, dtype=float)
    mean = float(x.mean())
    half = float(stdtrit(len(x) - 1, 0.975) * x.std(ddof=1) / len(x) ** 0.5) if len(x) > 1 else 2.0
    low, high = max(mean - half, least), min(mean + half, 1.0)
    return Estimate(value=round_number(mean), low=round_number(low), high=round_number(high))


def mean_difference(
    runs: Mapping[int, Outcome], base: Mapping[int, Outcome], measure: Callable[[Outcome], float]
) -> Estimate | None:
    """Return the mean difference of a measure to another trial, paired by seed.

    ``None`` without a common seed.
    """
    shared = [seed for seed in runs if seed in base]
    return mean_over_seeds([measure(runs[s]) - measure(base[s]) for s in shared]) if shared else None
