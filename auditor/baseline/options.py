"""What can be asked of a training run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from auditor.errors import UsageError

Scaling = Literal["min-max", "standard", "auto"]

#: The fewest filters: with fewer channels than a vector has lanes, TensorFlow 2.21's oneDNN convolutions
#: corrupt memory when the batch size varies (4, 8 and 12 crash within an epoch in bare Keras too; 16, 17, 20
#: and 24 do not). Batches of one size or ``TF_ENABLE_ONEDNN_OPTS=0`` do not crash, but the last batch is
#: smaller, and without oneDNN an epoch costs 1.7 times as much.
FEWEST_FILTERS = 16

#: (name, smallest, largest) of the options that are numbers; a value outside is refused.
_RANGES = (
    ("image_size", 16, 512),
    ("filters", FEWEST_FILTERS, 512),
    ("depth", 1, 6),
    ("epochs", 1, 100_000),
    ("batch_size", 1, 4096),
    ("learning_rate", 0, 10),
    ("dropout", 0, 0.95),
    ("l1", 0, 10),
    ("l2", 0, 10),
    ("patience", 1, 100_000),
    ("logit_adjustment", 0, 10),
    ("label_smoothing", 0, 0.9),
    ("tune", 1, 10_000),
    ("target_recall", 0.01, 0.999),
    ("seeds", 1, 100),
    ("seed", 0, 2**31 - 1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """Options of the baseline. ``None`` stands for the stated rule of `auditor.baseline.sizing`.

    Parameters
    ----------
    image_size : int, optional
        Side of the square that pictures are resized to, in pixels.
    filters : int, optional
        Channels of the first convolution, at least 16; every stage doubles them.
    depth : int, optional
        Number of residual stages, each of which halves the side.
    epochs : int, optional
        The most epochs that are trained; early stopping usually ends sooner.
    batch_size : int
        Images per step.
    learning_rate : float
        Adam's first step size; it is halved when the validation loss stalls.
    dropout : float
        Share of the last features dropped while training, in [0, 1).
    l1, l2 : float
        Penalties on the kernels of all layers; both may be set.
    scaling : {"auto", "min-max", "standard"}
        How pixels are scaled inside the model, fitted on the training images alone. ``auto`` trains both for
        a short while from the same weights and keeps the one with the lower validation loss.
    patience : int, optional
        Epochs without a lower validation loss after which training stops (the best weights are kept).
    backbone : str, optional
        A network of ``keras.applications`` in place of the small CNN, such as ``mobilenetv2``: its head is
        trained first, then all of it.
    weights : str, optional
        A file with the backbone's weights (without its head), ``imagenet`` for Keras' own download, or
        ``none``.
    class_weights : bool
        Weigh the loss by the inverse of the class frequency.
    oversample : bool
        Draw each class equally often.
    logit_adjustment : float
        Strength (tau) of logit adjustment; 0 for none, 1 for the Bayes-consistent choice for balanced
        accuracy.
    vary : bool
        Augment every training image mildly as it is fed: moved, zoomed, turned and lit a little otherwise
        each time; mirrored too where the policy of a planned augmentation mirrors.
    label_smoothing : float
        Share of the target spread over all classes, in [0, 1).
    seed : int
        Seeds weights, order of images, dropout and augmentation.
    seeds : int
        How many runs, from ``seed`` upwards, measure the noise floor; the first one is the model.
    experiments : bool
        Whether the diagnosis is decided by experiments, as far as the time budget allows.
    compare : bool
        Whether the ways against imbalance are trained with every seed and compared.
    remedies : bool
        Whether remedies against under- or overfitting are trained with every seed and compared.
    tune : int, optional
        Trials of a hyperparameter search on the validation images, before the model is trained with the best
        of them.
    target_recall : float, optional
        Recall for which the learning curve says how many images each class needs.

    References
    ----------
    Menon et al., "Long-tail learning via logit adjustment", ICLR 2021.
    """

    image_size: int | None = None
    filters: int | None = None
    depth: int | None = None
    epochs: int | None = None
    batch_size: int = 32
    learning_rate: float = 3e-3
    dropout: float = 0.2
    l1: float = 0.0
    l2: float = 1e-4
    scaling: Scaling = "auto"
    patience: int | None = None
    backbone: str | None = None
    weights: str | None = None
    class_weights: bool = False
    oversample: bool = False
    logit_adjustment: float = 0.0
    vary: bool = True
    label_smoothing: float = 0.0
    seed: int = 0
    seeds: int = 3
    experiments: bool = True
    compare: bool = False
    remedies: bool = False
    tune: int | None = None
    target_recall: float | None = None

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(
                    expected=f"{name.replace('_', '-')} between {low} and {high}",
                    received=f"{value}",
                    hint="leave it out for the default",
                )
        if self.learning_rate == 0:
            raise UsageError(
                expected="a positive learning-rate", received="0", hint="leave it out for the default"
            )
        if self.scaling not in ("min-max", "standard", "auto"):
            raise UsageError(
                expected="scaling 'min-max', 'standard' or 'auto'",
                received=f"'{self.scaling}'",
                hint="choose one of them",
            )
        if self.oversample and (self.class_weights or self.logit_adjustment):
            raise UsageError(
                expected="one way of rebalancing",
                received="oversampling together with class weights or logit adjustment",
                hint="they correct for the same thing twice: choose one",
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the options as plain JSON."""
        return {f.name: getattr(self, f.name) for f in fields(self)}
