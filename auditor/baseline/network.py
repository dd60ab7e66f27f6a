"""The baseline's network.

A small residual CNN, built once per shape and reused for every run of that shape.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.backbone import FINE_TUNING, RANDOM
from auditor.baseline.runtime import load
from auditor.baseline.scaling import Scaler
from auditor.errors import UsageError

if TYPE_CHECKING:
    import keras

#: From this side on, the first convolution has stride 2: a quarter of the work for the same number of stages.
STRIDED_STEM = 64
#: Batch statistics are averaged over about 10 steps: with Keras' 0.99 a short run is evaluated on stale
#: statistics.
MOMENTUM = 0.9
#: First bias of a class without training images: its probability, and with it the gradient that could change
#: that, is below 1e-12.
SILENT = -30.0
#: Images per call when predicting; the last piece is padded so that one trace serves all.
PREDICT_BATCH = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """All that decides the shape of a model's graph.

    ``layers`` are Keras random layers as JSON, put before the scaling and active in training alone. With a
    ``backbone`` of ``keras.applications`` and its ``weights``, filters, depth and scaler do not count.
    """

    image_size: int
    classes: int
    filters: int
    depth: int
    scaler: Scaler
    dropout: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    layers: str = "[]"
    backbone: str = ""
    weights: str = ""

    def __post_init__(self) -> None:
        if self.backbone:
            return  # which says itself what it takes
        halvings = self.depth + (self.image_size >= STRIDED_STEM)
        if self.image_size < 2**halvings:
            raise UsageError(
                expected=f"images of at least {2**halvings} px for {self.depth} stages",
                received=f"{self.image_size} px",
                hint="choose a smaller depth or a larger image size",
            )


def layers_json(layers: list[keras.Layer]) -> str:
    """Write Keras layers down so that they can be part of an `Architecture`."""
    keras_module, _ = load()
    return json.dumps([keras_module.saving.serialize_keras_object(layer) for layer in layers], sort_keys=True)


def build(architecture: Architecture, *, probabilities: bool) -> keras.Model:
    """Build the model on raw pixels ``(n, side, side, 3)`` in [0, 255].

    It gives probabilities or logits ``(n, classes)``.

    On a GPU it computes in mixed precision, with float32 weights and results.
    """
    keras, tf = load()
    policy = "mixed_float16" if tf.config.list_physical_devices("GPU") else "float32"
    make = keras.layers
    penalty: dict[str, Any] = {}
    if architecture.l1 or architecture.l2:
        penalty = {"kernel_regularizer": keras.regularizers.L1L2(l1=architecture.l1, l2=architecture.l2)}

    normalization = (
        make.BatchNormalization if probabilities or policy != "float32" else _fused_normalization()
    )

    def convolve(x: Any, filters: int, stride: int, name: str, *, active: bool = True, side: int = 3) -> Any:
        x = make.Conv2D(
            filters,
            side,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=policy,
            name=name,
            **penalty,
        )(x)
        x = normalization(momentum=MOMENTUM, dtype=policy, name=f"{name}_norm")(x)
        return make.ReLU(dtype=policy, name=f"{name}_relu")(x) if active else x

    pixels = make.Input((architecture.image_size, architecture.image_size, 3), name="pixels")
    x = pixels
    for config in json.loads(architecture.layers):
        x = keras.saving.deserialize_keras_object(config)(x)
    x = (
        _transferred(architecture, x, gated=not probabilities)
        if architecture.backbone
        else _residual(architecture, x, convolve, policy)
    )
    x = make.Dropout(architecture.dropout, dtype=policy, name="dropout")(x)
    x = make.Dense(architecture.classes, dtype="float32", name="logits", **penalty)(x)
    if probabilities:
        x = make.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, x, name="auditor_baseline")


def _residual(architecture: Architecture, x: Any, convolve: Any, policy: str) -> Any:
    """Return the features of the small CNN."""
    keras, _ = load()
    make = keras.layers
    scaler = architecture.scaler
    x = make.Rescaling(
        list(scaler.scale), list(scaler.offset), name=f"scaling_{scaler.kind.replace('-', '_')}"
    )(x)
    x = convolve(x, architecture.filters, 2 if architecture.image_size >= STRIDED_STEM else 1, "stem")
    for stage in range(architecture.depth):
        filters = architecture.filters * 2 ** (stage + 1)
        y = convolve(x, filters, 2, f"stage{stage + 1}_a")
        y = convolve(y, filters, 1, f"stage{stage + 1}_b", active=False)
        shortcut = convolve(x, filters, 2, f"stage{stage + 1}_shortcut", active=False, side=1)
        x = make.ReLU(dtype=policy, name=f"stage{stage + 1}")(
            make.Add(dtype=policy, name=f"stage{stage + 1}_add")([y, shortcut])
        )
    return make.GlobalAveragePooling2D(dtype=policy, name="features")(x)


def _fused_normalization() -> Any:
    """Return batch normalisation in one operation.

    With the dozen that Keras takes, an epoch on a CPU costs about an eighth more.
    """
    keras, tf = load()

    class FusedNormalization(keras.layers.BatchNormalization):  # type: ignore[misc, name-defined]
        """Keras' batch normalisation, with its weights; the running variance is of n - 1."""

        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:  # noqa: ARG002
            fused = tf.compat.v1.nn.fused_batch_norm
            if not training:
                mean, variance = self.moving_mean.value, self.moving_variance.value
                return fused(
                    inputs,
                    self.gamma.value,
                    self.beta.value,
                    mean,
                    variance,
                    epsilon=self.epsilon,
                    is_training=False,
                )[0]
            out, mean, variance = fused(
                inputs, self.gamma.value, self.beta.value, epsilon=self.epsilon, is_training=True
            )
            for running, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
                running.assign(running * self.momentum + now * (1 - self.momentum))
            return out

    return FusedNormalization


def _transferred(architecture: Architecture, x: Any, *, gated: bool) -> Any:
    """Return the features of a backbone, its batch statistics left as they are.

    In training behind a gate that stops gradients.
    """
    from auditor.baseline import backbone

    keras, _ = load()
    wanted = backbone.preprocessing(architecture.backbone)
    if wanted.reverse:
        x = keras.ops.flip(x, axis=-1)
    x = keras.layers.Rescaling(list(wanted.scale), list(wanted.offset), name="preprocessing")(x)
    network = backbone.make(architecture.backbone, architecture.weights, architecture.image_size)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False  # Keras then leaves its statistics alone while training, too
    x = network(x)
    return _gate()(x) if gated else x


def _gate() -> Any:
    """Return a layer that lets no gradient through until its weight is 1."""
    keras, tf = load()

    class Gate(keras.layers.Layer):  # type: ignore[misc, name-defined]
        """Passes its input on; gradients too once ``open`` is 1."""

        def build(self, shape: Any) -> None:  # noqa: ARG002 - Keras passes it
            self.open = self.add_weight(shape=(), initializer="zeros", trainable=False, name="open")

        def call(self, x: Any) -> Any:
            return self.open * x + (1 - self.open) * tf.stop_gradient(x)

    return Gate(name="gate")


class Network:
    """A compiled model that is reset rather than rebuilt: tracing costs more than a short run.

    The loss is softmax cross-entropy, with label smoothing and logit adjustment held in variables, so that
    runs which differ in them, in class weights or in the seed share one trace.
    """

    def __init__(self, architecture: Architecture) -> None:
        keras, tf = load()
        self.architecture = architecture
        self.model = build(architecture, probabilities=False)
        self.traces = 0
        adjustment = tf.Variable(tf.zeros(architecture.classes), trainable=False)
        smoothing = tf.Variable(0.0, trainable=False)
        self._adjustment, self._smoothing = adjustment, smoothing

        def loss(labels: Any, logits: Any) -> Any:
            self.traces += 1  # runs while tracing only
            targets = tf.one_hot(tf.cast(tf.reshape(labels, [-1]), tf.int32), architecture.classes)
            targets = targets * (1 - smoothing) + smoothing / architecture.classes
            return tf.nn.softmax_cross_entropy_with_logits(targets, tf.cast(logits, tf.float32) + adjustment)

        self._pretrained = (
            {v.path: v.value.numpy() for v in self.model.variables if self._of_backbone(v)}
            if architecture.backbone
            else {}
        )
        self.optimizer = keras.optimizers.Adam()
        self.model.compile(
            self.optimizer, loss=loss, metrics=["sparse_categorical_accuracy"], jit_compile=False
        )
        self.optimizer.build(self.model.trainable_variables)

    def _of_backbone(self, variable: Any) -> bool:
        return not variable.path.startswith(("logits", "gate", "seed_generator", "dropout"))

    @property
    def frozen(self) -> bool:
        """Whether a backbone's weights are held."""
        return (
            bool(self.architecture.backbone) and float(self.model.get_layer("gate").open.value.numpy()) == 0.0
        )

    def unfreeze(self) -> None:
        """Train the backbone too from now on, more slowly than its head was."""
        self.model.get_layer("gate").open.assign(1.0)

    @property
    def pace(self) -> float:
        """The share of the learning rate at which it is trained now."""
        return FINE_TUNING if self.architecture.backbone and not self.frozen else 1.0

    @property
    def variables(self) -> list[Any]:
        """All that training changes.

        Weights, batch statistics, dropout's counters, the optimiser's moments.
        """
        return [
            *self.model.trainable_variables,
            *self.model.non_trainable_variables,
            *self.optimizer.variables,
        ]

    @property
    def parameters(self) -> int:
        """Number of trainable weights."""
        return int(sum(np.prod(v.shape) for v in self.model.trainable_variables))

    def reset(
        self, *, seed: int, learning_rate: float, adjustment: npt.ArrayLike = 0.0, smoothing: float = 0.0
    ) -> None:
        """Put everything back to the start of a run.

        Fresh weights from the seed, no memory in the optimiser.
        """
        rng = np.random.default_rng([seed, 0x6261])
        for variable in self.model.trainable_variables + self.model.non_trainable_variables:
            known = self._pretrained.get(variable.path)
            variable.assign(_start(variable, rng, seed) if known is None else known)
        for variable in self.optimizer.variables:
            variable.assign(np.zeros(variable.shape, dtype=variable.dtype))
        self.optimizer.learning_rate.assign(learning_rate)
        self._adjustment.assign(
            np.broadcast_to(np.asarray(adjustment, dtype=np.float32), (self.architecture.classes,))
        )
        self._smoothing.assign(smoothing)

    def silence(self, classes: npt.NDArray[np.int64]) -> None:
        """Start with probabilities next to none for classes that training will not show."""
        bias = self.model.get_layer("logits").bias
        first = bias.value.numpy().copy()
        first[classes] = SILENT
        bias.assign(first)

    def state(self) -> list[npt.NDArray[Any]]:
        """Return copies of all `variables`."""
        return [v.value.numpy().copy() for v in self.variables]

    def restore(self, state: list[npt.NDArray[Any]]) -> None:
        """Assign `variables` from `state`."""
        for variable, value in zip(self.variables, state, strict=True):
            variable.assign(value)

    def logits(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return logits ``(n, classes)`` of images ``(n, side, side, 3)``."""
        out = np.empty((len(images), self.architecture.classes))
        for start in range(0, len(images), PREDICT_BATCH):
            piece = images[start : start + PREDICT_BATCH]
            padded = np.concatenate(
                [piece, np.zeros((PREDICT_BATCH - len(piece), *piece.shape[1:]), piece.dtype)]
            )
            out[start : start + len(piece)] = np.asarray(self.model.predict_on_batch(padded))[: len(piece)]
        return out

    def serving_model(self) -> keras.Model:
        """Return a new model of plain Keras layers with these weights.

        Raw pixels in, class probabilities out.
        """
        held = replace(self.architecture, weights=RANDOM) if self.architecture.backbone else self.architecture
        model = build(held, probabilities=True)
        model.set_weights([w.value.numpy() for w in self.model.weights if not w.path.startswith("gate")])
        return model


def _start(variable: Any, rng: np.random.Generator, seed: int) -> npt.NDArray[Any]:
    """Return the first value of a variable.

    He-normal kernels, Glorot-uniform for the last layer, ones and zeros for the rest.
    """
    shape, path = tuple(variable.shape), variable.path
    if "seed_generator" in path:
        return np.array([seed, 0], dtype=variable.dtype)
    if path.endswith("kernel"):
        inputs = int(np.prod(shape[:-1]))
        if path.startswith("logits"):
            limit = (6 / (inputs + shape[-1])) ** 0.5
            return rng.uniform(-limit, limit, shape).astype(variable.dtype)
        return rng.normal(0, (2 / inputs) ** 0.5, shape).astype(variable.dtype)
    return np.full(shape, 1 if path.endswith(("gamma", "moving_variance")) else 0, dtype=variable.dtype)


@lru_cache(maxsize=4)
def network(architecture: Architecture) -> Network:
    """Return the compiled network of a shape.

    A few are kept, so that a second run of a shape does not trace again.
    """
    return Network(architecture)


def softmax(logits: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return probabilities ``(n, classes)`` of logits.

    Examples
    --------
    >>> softmax([[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """
    z = np.asarray(logits, dtype=np.float64)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))
