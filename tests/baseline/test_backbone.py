from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from auditor.baseline import train_baseline
from auditor.baseline.backbone import make, preprocessing
from auditor.baseline.fitting import rate
from auditor.baseline.network import Architecture, Network
from auditor.baseline.scaling import Scaler
from auditor.errors import DataError, UsageError
from tests.baseline.conftest import TINY, FakePlan

keras = pytest.importorskip("keras")

#: The smallest network that keras.applications has.
SMALL = "MobileNetV3Small"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__"),
    pytest.mark.filterwarnings("ignore:`input_shape` is undefined"),
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(3)
    file = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    make(SMALL, "none", 32).save_weights(file)
    return file


def options(weights: Path, **more: Any) -> Any:
    return dataclasses.replace(
        TINY, image_size=32, backbone="mobilenet-v3-small", weights=str(weights), **more
    )


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50", "DenseNet121", "EfficientNetV2B0", "VGG16"])
def test_preprocessing_is_what_keras_does(name: str) -> None:
    """Plain scaling to [-1, 1], BGR less a mean, ImageNet's mean and deviation, or nothing."""
    module = {
        "MobileNetV2": "mobilenet_v2",
        "ResNet50": "resnet",
        "DenseNet121": "densenet",
        "EfficientNetV2B0": "efficientnet_v2",
        "VGG16": "vgg16",
    }
    picture = np.random.default_rng(1).uniform(0, 255, (1, 5, 4, 3)).astype(np.float32)
    found = preprocessing(name)
    ours = picture[..., ::-1] if found.reverse else picture
    theirs = getattr(keras.applications, module[name]).preprocess_input(picture.copy())
    np.testing.assert_allclose(ours * found.scale + found.offset, theirs, rtol=1e-4, atol=1e-3)


def test_a_backbone_is_frozen_then_trained_and_serves_raw_pixels(
    bars: FakePlan, weights: Path, tmp_path: Path
) -> None:
    result = train_baseline(bars, options=options(weights, epochs=2), output=tmp_path)
    rates = result.facts["histories"][0]["learning_rate"]
    steps = -(-result.facts["counts"]["train"] // TINY.batch_size)
    planned = [rate(steps * epoch - 1, 2 * steps, TINY.learning_rate) for epoch in (1, 2)]
    assert rates[0] == pytest.approx(planned[0], rel=1e-4), "the head alone for the first third of the epochs"
    assert rates[1] == pytest.approx(planned[1] * 0.1, rel=1e-4), "then all of it, more slowly"
    model = keras.models.load_model(tmp_path / "baseline.keras")
    row = bars.table[bars.table["split"] == "test"].iloc[0]
    raw = cv2.cvtColor(
        cv2.resize(cv2.imread(str(bars.dataset.source.locate(row["path"]))), (32, 32)), cv2.COLOR_BGR2RGB
    )[None]
    served = np.asarray(model.predict(raw.astype(np.float32), verbose=0))
    assert served.shape == (1, len(result.labels)) and served.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(served[0], result.probabilities.loc[row["path"]].to_numpy(), atol=2e-2)


def test_while_it_is_frozen_only_the_head_changes(weights: Path) -> None:
    scaler = Scaler("min-max", (1.0,) * 3, (0.0,) * 3)
    shape = Architecture(
        image_size=32,
        classes=2,
        filters=16,
        depth=1,
        scaler=scaler,
        backbone=SMALL.lower(),
        weights=str(weights),
    )
    net = Network(shape)
    net.reset(seed=0, learning_rate=1e-2)
    inner = next(layer for layer in net.model.layers if layer.name.lower().startswith("mobilenet"))
    pixels = np.random.default_rng(0).integers(0, 255, (8, 32, 32, 3)).astype(np.float32)

    def changed() -> set[str]:
        before = [v.value.numpy().copy() for v in net.model.variables]
        net.model.fit(pixels, np.array([0, 1] * 4), verbose=0)
        after = [v.value.numpy() for v in net.model.variables]
        return {
            v.path for v, a, b in zip(net.model.variables, before, after, strict=True) if not (a == b).all()
        }

    known = make(SMALL, str(weights), 32).get_weights()
    assert all((a == b).all() for a, b in zip(known, inner.get_weights(), strict=True))
    assert {p.split("/")[0] for p in changed()} <= {"logits", "dropout", "seed_generator"}
    net.unfreeze()
    moved = changed()
    assert "conv/kernel" in moved and not [p for p in moved if "moving" in p]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backbone": "mobilnetv2"}, "did you mean mobilenetv2"),
        ({"weights": None}, "without --weights"),
        ({"weights": "nowhere.h5"}, "does not exist"),
        ({"backbone": None}, "alone"),
    ],
)
def test_wrong_use_is_one_line(bars: FakePlan, weights: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        train_baseline(bars, options=dataclasses.replace(options(weights), **changes))


def test_weights_of_another_network_are_one_line(bars: FakePlan, weights: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not fit"):
        train_baseline(bars, options=dataclasses.replace(options(weights), backbone="mobilenetv2"))
    (tmp_path / "no.weights.h5").write_bytes(b"no weights")
    with pytest.raises(DataError, match="does not fit"):
        train_baseline(bars, options=options(tmp_path / "no.weights.h5"))
