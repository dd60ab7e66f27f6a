"""The network that is trained is the one that is saved."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.baseline.network import Architecture, Network, build, softmax
from auditor.baseline.scaling import Scaler


@pytest.fixture(scope="module")
def net() -> Network:
    scaler = Scaler(kind="min-max", scale=(1 / 255,) * 3, offset=(0.0,) * 3)
    net = Network(Architecture(image_size=16, classes=3, filters=16, depth=2, scaler=scaler))
    net.reset(seed=0, learning_rate=1e-3)
    return net


def test_normalisation_in_one_operation_is_keras_own(net: Network) -> None:
    """Trained alike from the same weights, plain Keras layers reach the same loss and the same running
    statistics.
    """
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (96, 16, 16, 3)).astype(np.uint8), random.integers(0, 3, 96)
    plain = build(net.architecture, probabilities=True)
    plain.set_weights([w.value.numpy() for w in net.model.weights])
    plain.compile(type(net.optimizer)(1e-3), loss="sparse_categorical_crossentropy", jit_compile=False)
    ours = net.model.fit(images, labels, batch_size=48, epochs=3, shuffle=False, verbose=0).history["loss"]
    theirs = plain.fit(images, labels, batch_size=48, epochs=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(ours, theirs, rtol=2e-3)
    for mine, keras in zip(net.model.weights, plain.weights, strict=True):
        if (
            "moving" in mine.path
        ):  # a variance of n - 1 in place of n: of 48 x 4 x 4 values and more, by less than 0.2 %
            np.testing.assert_allclose(
                mine.value.numpy(), keras.value.numpy(), rtol=0.02, atol=2e-3, err_msg=mine.path
            )


def test_the_saved_model_predicts_what_the_trained_one_does(net: Network) -> None:
    images = np.random.default_rng(1).integers(0, 256, (7, 16, 16, 3)).astype(np.uint8)
    saved = net.serving_model()
    assert {type(layer).__module__.split(".")[0] for layer in saved.layers} == {"keras"}
    np.testing.assert_allclose(saved.predict_on_batch(images), softmax(net.logits(images)), atol=1e-5)
