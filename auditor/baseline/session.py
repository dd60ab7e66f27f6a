"""What all runs of one call share: samples, size, scaling, the time budget."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.feeding import Samples
from auditor.baseline.fitting import OnEpoch, Run, fit
from auditor.baseline.material import Material
from auditor.baseline.network import Architecture, Network, network, softmax
from auditor.baseline.options import TrainOptions
from auditor.baseline.pixels import STREAM
from auditor.baseline.scaling import Scaler
from auditor.baseline.sizing import Size, seconds_per_image
from auditor.baseline.time_budget import TimeBudget
from auditor.baseline.varying import Variation
from auditor.record import History

#: Receives a sentence about what begins.
OnStage = Callable[[str], None]


def ignore_stage(text: str) -> None:
    """Do nothing with what begins."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Session:
    """The setting in which runs are made; runs differ from each other by what `train` is given."""

    material: Material
    options: TrainOptions
    size: Size
    scaler: Scaler
    layers: str = "[]"
    variation: Variation | None = None
    class_weight: tuple[float, ...] | None = None
    budget: TimeBudget = field(default_factory=TimeBudget)
    folder: Path | None = None
    on_epoch: OnEpoch | None = None
    on_stage: OnStage = ignore_stage

    def cost(self, images: float) -> float:
        """Return the expected seconds of feeding ``images`` (times epochs) to the network."""
        return images * seconds_per_image(self.size.image_size, self.size.filters, self.size.depth)

    def network(self, **changes: Any) -> Network:
        """Return the network of this session's shape, or of one that differs."""
        o = self.options
        shape = Architecture(
            image_size=self.size.image_size,
            classes=len(self.material.labels),
            filters=self.size.filters,
            depth=self.size.depth,
            scaler=self.scaler,
            dropout=o.dropout,
            l1=o.l1,
            l2=o.l2,
            layers=self.layers,
            backbone=o.backbone or "",
            weights=o.weights or "",
        )
        return network(replace(shape, **changes))

    def samples(self) -> Samples:
        """Return what is trained on by default: with augmentation where there is any."""
        return self.material.made if self.material.made is not None else self.material.train

    def weighted(self, samples: Samples) -> Samples:
        """Return samples with the class weights that the options ask for, scaled to a mean of 1."""
        per_class: npt.NDArray[np.float64] | None = None
        counts = np.bincount(samples.labels, minlength=len(self.material.labels)).astype(float)
        if self.options.class_weights:
            per_class = np.divide(1.0, counts, out=np.zeros_like(counts), where=counts > 0)
        elif self.class_weight is not None:
            per_class = np.array(self.class_weight)
        if per_class is None:
            return samples
        weights = per_class[samples.labels]
        return replace(samples, weights=(weights / weights.mean()).astype(np.float32))

    def validation(self) -> Samples:
        """Return the validation samples, weighted as the training loss is, so that both curves measure the
        same thing.
        """
        val = self.material.val
        if not (self.options.class_weights or self.options.oversample or self.material.made is not None):
            return val
        counts = np.bincount(val.labels, minlength=len(self.material.labels)).astype(float)
        weights = (1.0 / np.maximum(counts, 1))[val.labels]
        return replace(val, weights=(weights / weights.mean()).astype(np.float32))

    def adjustment(self) -> tuple[float, ...]:
        """Return what logit adjustment adds to the logits in the loss.

        ``tau * log(prior)``, zero at its largest.
        """
        tau = self.options.logit_adjustment
        counts = np.bincount(self.material.train.labels, minlength=len(self.material.labels))
        prior = np.log(np.maximum(counts, 1) / counts.max())
        return tuple((tau * prior).tolist())

    def run(
        self,
        name: str,
        *,
        seed: int,
        epochs: int | None = None,
        patience: int | None = None,
        deadline: float | None = None,
        validated: bool = True,
    ) -> Run:
        """Return the description of a run with this session's settings."""
        o = self.options
        return Run(
            name=name,
            epochs=epochs or self.size.epochs,
            patience=patience or self.size.patience,
            validated=validated,
            batch_size=o.batch_size,
            learning_rate=o.learning_rate,
            seed=seed,
            oversample=o.oversample,
            variation=self.variation,
            adjustment=self.adjustment(),
            smoothing=o.label_smoothing,
            deadline=self.budget.deadline if deadline is None else deadline,
            on_epoch=self.on_epoch,
        )

    def checkpoint(self, run: Run, samples: Samples, architecture: Architecture) -> Path | None:
        """Return the file of a run's checkpoint.

        Its name is the same only where a run can go on, with the same data and settings.
        """
        if self.folder is None:
            return None
        settings = replace(run, deadline=0.0, checkpoint=None, on_epoch=None)
        key = hashlib.sha256(repr((architecture, settings, samples.cache.file.name, self.options)).encode())
        for array in (samples.rows, samples.labels, samples.weights):
            key.update(np.ascontiguousarray(array).tobytes())
        return self.folder / f"run-{key.hexdigest()[:16]}.npz"

    def train(
        self, run: Run, *, samples: Samples | None = None, net: Network | None = None
    ) -> tuple[Network, History]:
        """Make a run.

        The network holds the weights of its best epoch afterwards, until the next run of the same shape.

        A run that has its checkpoint goes on from it, and one that was finished is only read back.
        """
        net = net or self.network()
        chosen = self.weighted(self.samples() if samples is None else samples)
        run = replace(run, checkpoint=self.checkpoint(run, chosen, net.architecture))
        return net, fit(net, chosen, self.validation(), run)

    def remove_checkpoints(self) -> None:
        """Remove the checkpoints: everything that was asked for is done."""
        for file in self.folder.glob("run-*.npz") if self.folder is not None else ():
            file.unlink(missing_ok=True)

    def with_options(self, **changes: Any) -> Session:
        """Return the same session under other options."""
        return replace(self, options=replace(self.options, **changes))


def predict(net: Network, samples: Samples) -> npt.NDArray[np.float64]:
    """Return class probabilities ``(n, classes)``, streamed from the cache."""
    out = np.empty((len(samples), net.architecture.classes))
    for start in range(0, len(samples), STREAM):
        piece = samples.cache.images(samples.rows[start : start + STREAM])
        out[start : start + len(piece)] = softmax(net.logits(piece))
    return out
