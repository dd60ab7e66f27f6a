"""Encoders: every picture once, kept beside the scan, taken up after a kill; no model of another kind."""

import numpy as np
import pandas as pd
import pytest

from auditor.baseline import encoder as encoder_module
from auditor.baseline.encoder import Encoder
from auditor.baseline.encoder_models import SCALINGS, Model
from auditor.baseline.encoder_opening import open_encoder
from auditor.errors import AuditorError, DataError
from tests.conftest import encoded, picture


class Pictures:
    """Bytes of pictures in memory, counting how often each is read."""

    def __init__(self, count):
        self.files = {f"{i:03d}.png": encoded(picture("red", i)) for i in range(count)}
        self.read_paths = []

    def read(self, path):
        self.read_paths.append(path)
        return self.files[path]


def table(source, **columns):
    n = len(source.files)
    digests = [f"{hash(data) & (2**64 - 1):064x}" for data in source.files.values()]
    return pd.DataFrame({"path": list(source.files), "status": ["ok"] * n, "sha256": digests} | columns)


def mean_colour(x):
    return x.mean(axis=(1, 2))


def encoder_of(run=mean_colour, digest="a" * 64):
    model = Model(size=(8, 6), scale=SCALINGS["unit"], run=run)
    return Encoder(name="'m.keras'", digest=digest, model=model, facts={})


def direct(source):
    """Mean colours by Pillow alone."""
    import io

    from PIL import Image

    return np.stack(
        [np.asarray(Image.open(io.BytesIO(d))).mean(axis=(0, 1)) / 255 for d in source.files.values()]
    )


def test_each_image_gets_its_vector_and_files_that_are_the_same_are_read_once():
    source = Pictures(70)
    images = table(source)
    images.loc[69, "sha256"] = images.loc[3, "sha256"]
    images.loc[10, "status"] = "unreadable"
    values, rows = encoder_of().encode(source, images, None)
    assert rows[10] == -1
    assert rows[69] == rows[3]
    good = np.delete(np.arange(69), 10)
    assert np.abs(values[rows[good]] - direct(source)[good]).max() < 0.02
    assert sorted(source.read_paths) == [f"{i:03d}.png" for i in good]


def test_what_was_encoded_before_a_kill_is_not_encoded_again(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_module, "CHUNK", 16)
    source, left = Pictures(64), [3]

    def dies(x):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return mean_colour(x)

    with pytest.raises(KeyboardInterrupt):
        encoder_of(dies).encode(source, table(source), tmp_path)
    before = len(set(source.read_paths))
    source.read_paths.clear()
    told = []
    values, rows = encoder_of().encode(source, table(source), tmp_path, lambda *done: told.append(done))
    assert len(source.read_paths) == 64 - 48 < before
    assert told == [(64, 64)]
    assert np.abs(values[rows] - direct(source)).max() < 0.02


def test_a_damaged_part_is_made_again_and_another_model_has_its_own(tmp_path):
    source = Pictures(5)
    encoder_of().encode(source, table(source), tmp_path)
    (part,) = tmp_path.rglob("*.npz")
    part.write_bytes(b"damaged")
    values, rows = encoder_of().encode(source, table(source), tmp_path)
    assert np.abs(values[rows] - direct(source)).max() < 0.02
    encoder_of(lambda x: -mean_colour(x), digest="b" * 64).encode(source, table(source), tmp_path)
    assert len(list(tmp_path.rglob("*.npz"))) == 2
    source.read_paths.clear()
    encoder_of().encode(source, table(source), tmp_path)
    assert source.read_paths == []


def test_maps_are_averaged_over_the_picture():
    source = Pictures(3)
    values, rows = encoder_of(lambda x: x).encode(source, table(source), None)
    assert np.abs(values[rows] - direct(source)).max() < 0.02


def fails(x):
    raise RuntimeError("no\nsuch kernel")


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (fails, "fails on them (no such kernel)"),
        (lambda x: x.mean(axis=(1, 2, 3)), "an output of shape (3,)"),
        (lambda x: mean_colour(x)[:1], "an output of shape (1, 3)"),
    ],
)
def test_a_model_that_makes_no_vectors_is_refused(run, said):
    source = Pictures(3)
    with pytest.raises(DataError) as refused:
        encoder_of(run).encode(source, table(source), None)
    assert said in str(refused.value)


def test_a_picture_that_is_gone_is_named():
    source = Pictures(3)
    source.files["001.png"] = b"gone"
    with pytest.raises(DataError, match=r"'001\.png', which cannot be read any more"):
        encoder_of().encode(source, table(source), None)


def test_scalings_are_those_of_their_names():
    x = np.array([[[[0.0, 127.5, 255.0]]]], dtype=np.float32)
    assert np.allclose(SCALINGS["raw"](x).ravel(), [0, 127.5, 255])
    assert np.allclose(SCALINGS["unit"](x).ravel(), [0, 0.5, 1])
    assert np.allclose(SCALINGS["symmetric"](x).ravel(), [-1, 0, 1])
    # Normalize of torchvision, by hand: (0 - .485) / .229, (.5 - .456) / .224, (1 - .406) / .225
    assert np.allclose(SCALINGS["imagenet"](x).ravel(), [-2.1179, 0.1964, 2.64], atol=1e-4)


def keras_file(folder, kind):
    keras = pytest.importorskip("keras")
    a = keras.Input((8, 8, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(a)
    models = {
        "good": lambda: keras.Model(a, pooled),
        "two inputs": lambda: keras.Model([a, b := keras.Input((3,))], keras.layers.Add()([pooled, b])),
        "three outputs": lambda: keras.Model(a, [pooled, -pooled, pooled * 2]),
        "grey": lambda: keras.Model(g := keras.Input((8, 8, 1)), keras.layers.GlobalAveragePooling2D()(g)),
        "code": lambda: keras.Model(a, keras.layers.Lambda(lambda x: x + 1)(pooled)),
    }
    models[kind]().save(folder / "m.keras")
    return folder / "m.keras"


def test_a_keras_file_says_its_size(tmp_path):
    opened = open_encoder(keras_file(tmp_path, "good"))
    assert opened.model.size == (8, 8)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.uint8)
    assert np.allclose(opened.model(pictures), pictures.mean(axis=(1, 2)), atol=1e-2)
    again = open_encoder(tmp_path / "m.keras", scaling="unit")
    assert again.digest != opened.digest


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("two inputs", "2 inputs and 1 outputs"),
        ("three outputs", "1 inputs and 3 outputs"),
        ("grey", "an input of shape (None, 8, 8, 1)"),
        ("code", "opens in safe mode"),
    ],
)
def test_a_keras_file_of_another_kind_is_refused_in_one_line(tmp_path, kind, said):
    with pytest.raises(DataError) as refused:
        open_encoder(keras_file(tmp_path, kind))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("nowhere.keras", {}, "does not exist"),
        ("damaged.keras", {}, "damaged.keras"),
        ("model.h5", {}, "which is none"),
        ("mobilnetv2", {"weights": "none"}, "did you mean mobilenetv2"),
        ("mobilenetv2", {}, "without --encoder-weights"),
        ("mobilenetv2", {"weights": "nowhere.h5"}, "nowhere.h5"),
        ("m.keras", {"weights": "imagenet"}, "leave it out"),
        ("m.keras", {"size": 16}, "--encoder-size 16"),
    ],
)
def test_an_encoder_that_cannot_be_opened_is_one_line(tmp_path, monkeypatch, name, options, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "damaged.keras").write_bytes(b"no zip file")
    (tmp_path / "model.h5").write_bytes(b"")
    if name == "m.keras":
        keras_file(tmp_path, "good")
    with pytest.raises(AuditorError) as refused:
        open_encoder(name, **options)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def onnx_file(folder, shape, outputs=1, inputs=1):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    names = [f"y{i}" for i in range(outputs)]
    graph = helper.make_graph(
        [helper.make_node("GlobalAveragePool", ["x0"], [name]) for name in names],
        "mean",
        [helper.make_tensor_value_info(f"x{i}", kind, shape) for i in range(inputs)],
        [helper.make_tensor_value_info(name, kind, None) for name in names],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "m.onnx")
    return folder / "m.onnx"


@pytest.mark.parametrize("shape", [(None, 3, 8, 8), (2, 3, 8, 8), ("n", 3, "h", "w")])
def test_an_onnx_file_makes_vectors_whatever_its_batch(tmp_path, shape):
    opened = open_encoder(onnx_file(tmp_path, shape), size=8)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)
    assert np.allclose(opened.model(pictures), pictures.mean(axis=(1, 2)), atol=1e-2)


@pytest.mark.parametrize(
    ("shape", "counts", "said"),
    [
        ((None, 3, 8, 8), {"inputs": 2}, "2 inputs and 1 outputs"),
        ((None, 3, 8, 8), {"outputs": 3}, "1 inputs and 3 outputs"),
        ((None, 1, 8, 8), {}, "an input of tensor(float) (None, 1, 8, 8)"),
    ],
)
def test_an_onnx_file_of_another_kind_is_refused(tmp_path, shape, counts, said):
    with pytest.raises(DataError) as refused:
        open_encoder(onnx_file(tmp_path, shape, **counts))
    assert said in str(refused.value)


def test_a_damaged_onnx_file_is_refused_in_one_line(tmp_path):
    pytest.importorskip("onnxruntime")
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08damaged")
    with pytest.raises(DataError, match=r"'m\.onnx', which does not open"):
        open_encoder(tmp_path / "m.onnx")


def test_onnx_runtime_is_asked_for_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    (tmp_path / "m.onnx").write_bytes(b"")
    with pytest.raises(AuditorError, match=r"auditor\[onnx\]"):
        open_encoder(tmp_path / "m.onnx")
