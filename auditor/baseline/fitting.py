"""One training run.

A learning rate that rises and falls, early stopping with the best weights, a deadline, resumption.
"""

from __future__ import annotations

import contextlib
import math
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.backbone import FROZEN_SHARE
from auditor.baseline.feeding import Feed, Samples
from auditor.baseline.network import Network
from auditor.baseline.runtime import load
from auditor.baseline.varying import Variation
from auditor.errors import DataError, OutputError
from auditor.outputs import round_number
from auditor.record import History

#: Factor on the learning rate, beside its planned fall, when the validation loss has not improved for half
#: the patience: without augmentation the fall alone comes too late (recall of rare Fashion-MNIST classes
#: under oversampling .77 in place of .81).
REDUCE = 0.5
#: Share of the steps over which the learning rate rises to its peak: Adam's moments are empty at first.
WARM_UP = 0.05
#: A validation loss counts as lower when it is lower by more than this: differences below are rounding.
MIN_DELTA = 1e-4
#: Numbers kept of every epoch, and the names under which Keras reports the first four.
CURVES = ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate", "seconds")
LOGS = ("loss", "val_loss", "sparse_categorical_accuracy", "val_sparse_categorical_accuracy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """Where a training run is: what ``on_epoch`` receives."""

    run: str
    epoch: int
    epochs: int
    loss: float
    val_loss: float
    accuracy: float
    val_accuracy: float
    seconds_left: float

    @property
    def losses(self) -> str:
        """The losses in words; a run may do without validation."""
        return f"loss {self.loss:.3f}" + (
            "" if math.isnan(self.val_loss) else f", validation loss {self.val_loss:.3f}"
        )


OnEpoch = Callable[[Epoch], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run is asked to do; ``deadline`` is on `time.monotonic`'s clock.

    A run that is not ``validated`` neither stops early nor restores its best weights: it ends with those of
    its last epoch.
    """

    name: str = "baseline"
    epochs: int = 30
    patience: int = 6
    validated: bool = True
    batch_size: int = 32
    learning_rate: float = 1e-3
    seed: int = 0
    oversample: bool = False
    variation: Variation | None = None
    adjustment: tuple[float, ...] = (0.0,)
    smoothing: float = 0.0
    deadline: float = math.inf
    checkpoint: Path | None = None
    on_epoch: OnEpoch | None = None


def rate(step: int, steps: int, peak: float) -> float:
    """Return the learning rate of a step.

    A linear rise over `WARM_UP` of the steps, times a fall to zero along half a cosine.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.

    Examples
    --------
    >>> [round(rate(step, 100, 1.0), 2) for step in (0, 4, 50, 99)]
    [0.2, 1.0, 0.5, 0.0]
    """
    return (
        peak * min(1.0, (step + 1) / max(1.0, WARM_UP * steps)) * 0.5 * (1 + math.cos(math.pi * step / steps))
    )


def fit(network: Network, train: Samples, val: Samples, run: Run) -> History:
    """Train a network that is reset first; it is left with the weights of its best epoch, or as the run says.

    Parameters
    ----------
    network : Network
    train, val : Samples
        ``val`` decides when to stop and which weights are kept.
    run : Run
        With a ``checkpoint``, a run that was killed goes on after its last whole epoch and gives the same
        numbers.

    Returns
    -------
    History
        Curves over epochs; ``best_epoch`` counts from 0.

    Raises
    ------
    DataError
        The loss was not a number before a single epoch was done.
    OutputError
        A checkpoint cannot be written; the one before it is kept.
    """
    keras, tf = load()
    network.reset(
        seed=run.seed, learning_rate=run.learning_rate, adjustment=run.adjustment, smoothing=run.smoothing
    )
    network.silence(np.setdiff1d(np.arange(network.architecture.classes), train.labels))
    feed = Feed(train, run.batch_size, seed=run.seed, oversample=run.oversample, variation=run.variation)
    training = _Training(network, run, feed.steps)
    first = feed.epoch = training.resume()
    network.model.stop_training = False
    if first < run.epochs and training.wait < run.patience:
        tf.random.set_seed(run.seed)
        network.model.fit(
            feed.dataset(),
            epochs=run.epochs,
            initial_epoch=first,
            verbose=0,
            callbacks=[keras.callbacks.LambdaCallback(**training.hooks())],
            shuffle=False,
            validation_data=Feed(val, run.batch_size, seed=None).dataset() if run.validated else None,
        )
    if training.best_epoch < 0:
        raise _nothing_learned(training.ended_by, run)
    if run.validated:
        network.model.set_weights(training.best_weights)
    return training.history()


class _Training:
    """A run in progress.

    Sets the learning rate, keeps the best weights, stops, saves and reports after every epoch.

    Keras' own `EarlyStopping`, `BackupAndRestore` and `CosineDecay` do not suffice. The first two keep
    neither curves nor how long the loss has stalled over a kill, so that a run that goes on would give other
    numbers. A schedule is part of the trace, which runs of all lengths share here.
    """

    def __init__(self, network: Network, run: Run, steps: int) -> None:
        self.network, self.run, self.steps = network, run, steps
        self.curves: dict[str, list[float]] = {name: [] for name in CURVES}
        self.best, self.best_epoch, self.wait, self.reductions = math.inf, -1, 0, 0
        self.best_weights: list[npt.NDArray[Any]] = []
        self.broken = self.late = False
        self.epoch, self.started, self.pace = 0, 0.0, 1.0

    def hooks(self) -> dict[str, Callable[..., None]]:
        """Return the functions that Keras calls, by the names of its hooks."""
        names = ("on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_epoch_end")
        return {name: getattr(self, name) for name in names}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras names it
        self.epoch, self.started, self.pace = epoch, time.monotonic(), self.network.pace

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras names it
        peak = self.run.learning_rate * self.pace * REDUCE**self.reductions
        now = rate(self.epoch * self.steps + batch, self.run.epochs * self.steps, peak)
        self.network.optimizer.learning_rate.assign(now)

    def on_train_batch_end(self, _batch: int, logs: Any = None) -> None:
        if logs is not None and not math.isfinite(logs["loss"]):
            self.broken = True
        elif time.monotonic() > self.run.deadline:
            self.late = True
        if self.broken or self.late:
            self.network.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        run, network = self.run, self.network
        spent = time.monotonic() - self.started
        logged = (float(logs.get(k, math.nan)) for k in LOGS)
        values = dict(zip(CURVES, (*logged, float(network.optimizer.learning_rate), spent), strict=True))
        if not math.isfinite(values["loss"]) or (run.validated and not math.isfinite(values["val_loss"])):
            self.broken = network.model.stop_training = True
            return
        for name, value in values.items():
            self.curves[name].append(value)
        self._judge(epoch, values["val_loss"])
        if network.frozen and epoch + 1 >= math.ceil(run.epochs * FROZEN_SHARE):
            network.unfreeze()
            self.wait = 0
        typical = float(np.median(self.curves["seconds"]))
        stops = self.wait >= run.patience
        if not stops and epoch + 1 < run.epochs and time.monotonic() + typical > run.deadline:
            self.late = True
        if stops or self.late:
            network.model.stop_training = True
        if run.checkpoint is not None:
            self.save(run.checkpoint)
        if run.on_epoch is not None:
            left = max(min((run.epochs - epoch - 1) * typical, run.deadline - time.monotonic()), 0.0)
            known = {k: values[k] for k in ("loss", "val_loss", "accuracy", "val_accuracy")}
            run.on_epoch(Epoch(run=run.name, epoch=epoch + 1, epochs=run.epochs, seconds_left=left, **known))

    def _judge(self, epoch: int, val_loss: float) -> None:
        """Keep the weights of the lowest validation loss.

        Count the epochs since, and halve the rate when they are many.
        """
        if not self.run.validated:
            self.best_epoch = epoch
        elif val_loss < self.best - MIN_DELTA:
            self.best, self.best_epoch, self.wait = val_loss, epoch, 0
            self.best_weights = self.network.model.get_weights()
        else:
            self.wait += 1
            self.reductions += self.wait % max(2, self.run.patience // 2) == 0

    def resume(self) -> int:
        """Take up the run's checkpoint, where there is one that can be read.

        Return the number of the next epoch.
        """
        if self.run.checkpoint is None:
            return 0
        try:
            with self.run.checkpoint.open("rb") as stream, np.load(stream) as saved:
                best, *counters = saved["counters"].tolist()
                curves = {name: saved[f"curve_{name}"].tolist() for name in CURVES}
                state, weights = (
                    [saved[f"{kind}_{i}"] for i in range(sum(n.startswith(f"{kind}_") for n in saved.files))]
                    for kind in ("state", "best")
                )
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            return 0  # a checkpoint that cannot be read is as good as none
        self.curves, self.best, self.best_weights = curves, best, weights
        self.best_epoch, self.wait, self.reductions = map(int, counters)
        self.network.restore(state)
        return len(curves["loss"])

    def save(self, file: Path) -> None:
        """Write the checkpoint.

        Raises
        ------
        OutputError
            There is no room; the checkpoint before it is kept.
        """
        arrays: dict[str, Any] = {f"curve_{k}": np.array(v) for k, v in self.curves.items()}
        arrays["counters"] = np.array([self.best, self.best_epoch, self.wait, self.reductions])
        arrays |= {f"state_{i}": v for i, v in enumerate(self.network.state())}
        arrays |= {f"best_{i}": v for i, v in enumerate(self.best_weights)}
        part = file.with_suffix(".part.npz")
        try:
            np.savez(part, **arrays)
            part.replace(file)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            done = len(self.curves["loss"])
            kept = (
                f"the run goes on after epoch {done - 1}"
                if file.exists()
                else "no epoch of this run could be kept"
            )
            raise OutputError(
                expected=f"room for a checkpoint of {sum(a.nbytes for a in arrays.values()) / 1e6:.1f} "
                f"MB in '{file.parent}'",
                received=f"{error.strerror or error}, after epoch {done}",
                hint=f"free some space and give the same command again: {kept}",
            ) from None

    @property
    def ended_by(self) -> str:
        """What ended the run, in the words of `History`."""
        if self.broken:
            return "loss not a number"
        if self.late:
            return "time"
        return "early stopping" if self.wait >= self.run.patience else "all epochs"

    def history(self) -> History:
        """Return the curves and what ended the run."""
        history = History(
            name=self.run.name,
            seed=self.run.seed,
            best_epoch=self.best_epoch,
            stopped_early=self.wait >= self.run.patience,
            seconds=round(sum(self.curves["seconds"]), 3),
            ended_by=self.ended_by,
        )
        for name in CURVES[:-1]:
            history[name] = [round_number(v) for v in self.curves[name] if not math.isnan(v)]  # type: ignore[literal-required]
        return history


def _nothing_learned(ended_by: str, run: Run) -> DataError:
    if ended_by == "loss not a number":
        return DataError(
            expected="a loss that is a number",
            received=f"NaN or infinity in the first epoch of '{run.name}'",
            hint=f"lower the learning rate, which was {run.learning_rate:g}",
        )
    return DataError(
        expected="time for one epoch of training",
        received=f"none for '{run.name}'",
        hint="allow more time, or a smaller image size",
    )
