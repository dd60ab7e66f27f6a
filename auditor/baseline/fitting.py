"""One training run: a learning rate that rises and falls, early stopping with the best weights, a deadline, resumption."""

from __future__ import annotations

import contextlib
import math
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
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
    """Where a training run is: what ``on_epoch`` is told."""

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
    """Return the learning rate of a step: a linear rise over `WARM_UP` of the steps, times a fall to zero along half a cosine.

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


@dataclass(slots=True)
class _Progress:
    """The state of a run between epochs: what a checkpoint holds, beside the variables."""

    curves: dict[str, list[float]] = field(default_factory=lambda: {k: [] for k in CURVES})
    best: float = math.inf
    best_epoch: int = -1
    wait: int = 0
    reductions: int = 0
    best_state: list[npt.NDArray[Any]] = field(default_factory=list)


def _save(file: Path, progress: _Progress, state: list[npt.NDArray[Any]]) -> None:
    arrays: dict[str, Any] = {f"curve_{k}": np.array(v) for k, v in progress.curves.items()}
    arrays["counters"] = np.array([progress.best, progress.best_epoch, progress.wait, progress.reductions])
    arrays |= {f"state_{i}": v for i, v in enumerate(state)} | {
        f"best_{i}": v for i, v in enumerate(progress.best_state)
    }
    part = file.with_suffix(".part.npz")
    try:
        np.savez(part, **arrays)
        part.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        done = len(progress.curves["loss"])
        kept = (
            f"the run goes on after epoch {done - 1}"
            if file.exists()
            else "no epoch of this run could be kept"
        )
        raise OutputError(
            expected=f"room for a checkpoint of {sum(a.nbytes for a in arrays.values()) / 1e6:.1f} MB in '{file.parent}'",
            received=f"{error.strerror or error}, after epoch {done}",
            hint=f"free some space and give the same command again: {kept}",
        ) from None


def _load(file: Path) -> tuple[_Progress, list[npt.NDArray[Any]]] | None:
    try:
        with file.open("rb") as stream, np.load(stream) as saved:
            best, best_epoch, wait, reductions = saved["counters"].tolist()
            count = sum(name.startswith("state_") for name in saved.files)
            progress = _Progress(
                curves={k: saved[f"curve_{k}"].tolist() for k in CURVES},
                best=best,
                best_epoch=int(best_epoch),
                wait=int(wait),
                reductions=int(reductions),
                best_state=[saved[f"best_{i}"] for i in range(count) if f"best_{i}" in saved.files],
            )
            return progress, [saved[f"state_{i}"] for i in range(count)]
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None  # a checkpoint that cannot be read is as good as none


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
    progress = _Progress()
    resumed = _load(run.checkpoint) if run.checkpoint is not None else None
    if resumed:
        progress, state = resumed
        network.restore(state)
    first = feed.epoch = len(progress.curves["loss"])
    began = time.monotonic()

    class Keeper(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        """Keeps the best weights, reduces the rate, stops, saves, reports."""

        broken = False
        late = False
        started = 0.0
        epoch = 0
        pace = 1.0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch, self.started, self.pace = epoch, time.monotonic(), network.pace

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            peak = run.learning_rate * self.pace * REDUCE**progress.reductions
            network.optimizer.learning_rate.assign(
                rate(self.epoch * feed.steps + batch, run.epochs * feed.steps, peak)
            )

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if logs is not None and not math.isfinite(logs["loss"]):
                self.broken = self.model.stop_training = True
            elif time.monotonic() > run.deadline:
                self.late = self.model.stop_training = True

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            spent = time.monotonic() - self.started
            logged = (float(logs.get(k, math.nan)) for k in LOGS)
            values = dict(zip(CURVES, (*logged, float(network.optimizer.learning_rate), spent), strict=True))
            if not (
                math.isfinite(values["loss"]) and (math.isfinite(values["val_loss"]) or not run.validated)
            ):
                self.broken = self.model.stop_training = True
                return
            for name, value in values.items():
                progress.curves[name].append(value)
            if not run.validated:
                progress.best_epoch = epoch
            elif values["val_loss"] < progress.best - MIN_DELTA:
                progress.best, progress.best_epoch, progress.wait = values["val_loss"], epoch, 0
                progress.best_state = network.state()
            else:
                progress.wait += 1
                progress.reductions += progress.wait % max(2, run.patience // 2) == 0
            if network.frozen and epoch + 1 >= math.ceil(run.epochs * FROZEN_SHARE):
                network.let_go()
                progress.wait = 0
            if progress.wait >= run.patience:
                self.model.stop_training = True
            typical = float(np.median(progress.curves["seconds"]))
            if (
                time.monotonic() + typical > run.deadline
                and epoch + 1 < run.epochs
                and not self.model.stop_training
            ):
                self.late = self.model.stop_training = True
            if run.checkpoint is not None:
                _save(run.checkpoint, progress, network.state())
            if run.on_epoch is not None:
                left = min((run.epochs - epoch - 1) * typical, run.deadline - time.monotonic())
                run.on_epoch(
                    Epoch(
                        run=run.name,
                        epoch=epoch + 1,
                        epochs=run.epochs,
                        seconds_left=max(left, 0.0),
                        **{k: values[k] for k in ("loss", "val_loss", "accuracy", "val_accuracy")},
                    )
                )

    keeper = Keeper()
    network.model.stop_training = False
    if first < run.epochs and progress.wait < run.patience:
        tf.random.set_seed(run.seed)
        network.model.fit(
            feed.dataset(),
            epochs=run.epochs,
            initial_epoch=first,
            verbose=0,
            callbacks=[keeper],
            shuffle=False,
            validation_data=Feed(val, run.batch_size, seed=None).dataset() if run.validated else None,
        )
    if progress.best_epoch < 0:
        raise _nothing_learned(keeper.broken, run)
    if run.validated:
        network.restore(progress.best_state)
    done = len(progress.curves["loss"])
    history = History(
        name=run.name,
        seed=run.seed,
        best_epoch=progress.best_epoch,
        stopped_early=progress.wait >= run.patience,
        seconds=round(sum(progress.curves["seconds"]), 3) if done else time.monotonic() - began,
    )
    for name in ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"):
        history[name] = [float(f"{v:.6g}") for v in progress.curves[name] if not math.isnan(v)]
    history["ended_by"] = _reason(keeper.broken, keeper.late, progress.wait >= run.patience)
    return history


def _reason(broken: bool, late: bool, stopped: bool) -> str:
    """Say what ended a run."""
    return (
        "loss not a number" if broken else "time" if late else "early stopping" if stopped else "all epochs"
    )


def _nothing_learned(broken: bool, run: Run) -> DataError:
    if broken:
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
