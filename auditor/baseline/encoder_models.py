"""The models of encoders: Keras files in safe mode, ONNX files, networks of ``keras.applications``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.backbone import DOWNLOAD, RANDOM, first_line, make, named, preprocessing
from auditor.baseline.runtime import load
from auditor.errors import DataError, MissingExtraError, UsageError

#: Pictures that a model gets at once.
BATCH = 32
#: Side in pixels where neither the model nor the user names one: what most ImageNet networks were trained on.
DEFAULT_SIZE = 224
#: Mean and deviation of ImageNet's channels in [0, 1], as torchvision's networks expect them.
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)

Pictures = npt.NDArray[np.uint8]
Floats32 = npt.NDArray[np.float32]

#: What becomes of pixels from 0 to 255, by the name of ``--encoder-scaling``.
SCALINGS: dict[str, Callable[[Floats32], Floats32]] = {
    "raw": lambda x: x,
    "unit": lambda x: x / np.float32(255),
    "symmetric": lambda x: x / np.float32(127.5) - np.float32(1),
    "imagenet": lambda x: (x / np.float32(255) - IMAGENET_MEAN) / IMAGENET_DEVIATION,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A loaded model: pictures in, vectors out.

    Attributes
    ----------
    size : (int, int)
        Height and width of its pictures.
    scale : callable
        What becomes of pixels.
    run : callable
        From scaled pictures ``(n, height, width, 3)`` to what the model says.
    """

    size: tuple[int, int]
    scale: Callable[[Floats32], Floats32]
    run: Callable[[Floats32], npt.NDArray[Any]]

    def __call__(self, pictures: Pictures) -> Floats32:
        """Return vectors of RGB pictures, shape ``(n, n_columns)``; maps are averaged over the picture."""
        try:
            said = np.asarray(self.run(self.scale(pictures.astype(np.float32))), dtype=np.float32)
        except Exception as error:  # TensorFlow's and ONNX Runtime's are of many kinds
            raise _unfit(
                "a model that takes pictures", f"one that fails on them ({first_line(error)})"
            ) from None
        if said.ndim == 4:
            said = said.mean(axis=(1, 2))
        if said.ndim != 2 or len(said) != len(pictures):
            raise _unfit("a vector for each picture", f"an output of shape {said.shape}")
        return said


def _unfit(expected: str, received: str) -> DataError:
    return DataError(
        expected=expected,
        received=received,
        hint="save the model up to its last layer of features, as one of pictures",
    )


def load_keras(file: Path, size: int | None, scaling: str) -> Model:
    """Load a .keras file in safe mode: nothing in it is executed but Keras' own layers.

    Raises
    ------
    DataError
        It is damaged, holds code, or is no model from one picture to one vector.
    """
    keras, tensorflow = load()
    try:
        network = keras.models.load_model(file, compile=False, safe_mode=True)
        inputs, outputs = list(network.inputs), list(network.outputs)
    except Exception as error:  # zipfile's, h5py's and Keras' errors are of many kinds
        raise _unfit(
            "a .keras file that opens in safe mode", f"'{file.name}' ({first_line(error)})"
        ) from None
    shape = _require_one(file, [tuple(i.shape) for i in inputs], len(outputs))
    if len(shape) != 4 or shape[3] != 3:
        raise _unfit(
            "a model of RGB pictures, channels last", f"'{file.name}' with an input of shape {shape}"
        )
    chosen = _choose_size(file, shape[1:3], size)
    signature = [tensorflow.TensorSpec((None, *chosen, 3), tensorflow.float32)]
    step = tensorflow.function(
        lambda x: network(x, training=False), input_signature=signature, jit_compile=False
    )
    return Model(
        size=chosen, scale=SCALINGS[scaling], run=lambda x: step(tensorflow.convert_to_tensor(x)).numpy()
    )


def load_onnx(file: Path, size: int | None, scaling: str) -> Model:
    """Load an .onnx file; channels may come first or last.

    Raises
    ------
    DataError
        It is damaged, or no model from one picture to one vector.
    MissingExtraError
        ONNX Runtime is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError.of("onnxruntime", "onnx") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised too
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own, of many kinds
        raise _unfit("an .onnx file", f"'{file.name}', which does not open ({first_line(error)})") from None
    inputs = session.get_inputs()
    shape = _require_one(file, [tuple(i.shape) for i in inputs], len(session.get_outputs()))
    first = len(shape) == 4 and shape[1] == 3
    if len(shape) != 4 or not (first or shape[3] == 3) or inputs[0].type not in ONNX_TYPES:
        raise _unfit("a model of RGB pictures", f"'{file.name}' with an input of {inputs[0].type} {shape}")
    chosen = _choose_size(file, shape[2:4] if first else shape[1:3], size)
    dtype, name = ONNX_TYPES[inputs[0].type], inputs[0].name
    count = shape[0] if isinstance(shape[0], int) else None

    def run(x: Floats32) -> npt.NDArray[Any]:
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2) if first else x).astype(dtype)
        said = _in_fixed_batches(lambda part: session.run(None, {name: part})[0], x, count)
        return said.transpose(0, 2, 3, 1) if first and said.ndim == 4 else said

    return Model(size=chosen, scale=SCALINGS[scaling], run=run)


#: Kinds of numbers that an ONNX model may take.
ONNX_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}


def _in_fixed_batches(
    run: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], x: npt.NDArray[Any], count: int | None
) -> npt.NDArray[Any]:
    """Run a model that takes ``count`` pictures at once, the last ones filled up; all without a count."""
    if count is None or count == len(x):
        return run(x)
    said = []
    for start in range(0, len(x), count):
        part = x[start : start + count]
        filled = np.concatenate([part, np.zeros((count - len(part), *x.shape[1:]), x.dtype)])
        said.append(run(filled)[: len(part)])
    return np.concatenate(said)


def load_named(network: str, weights: str, size: int | None) -> Model:
    """Make a network of ``keras.applications`` without its head.

    Raises
    ------
    DataError, UsageError
        The weights are missing or of another network; it does not take pictures of this size.
    """
    _, tensorflow = load()
    side = size or DEFAULT_SIZE
    model, expected = make(network, weights, side), preprocessing(network)
    step = tensorflow.function(
        lambda x: model(x, training=False),
        input_signature=[tensorflow.TensorSpec((None, side, side, 3), tensorflow.float32)],
        jit_compile=False,
    )

    def scale(x: Floats32) -> Floats32:
        x = x[..., ::-1] if expected.reverse else x
        return np.asarray(x * np.asarray(expected.scale) + np.asarray(expected.offset), dtype=np.float32)

    return Model(size=(side, side), scale=scale, run=lambda x: step(tensorflow.convert_to_tensor(x)).numpy())


def _require_one(file: Path, inputs: list[tuple[Any, ...]], outputs: int) -> tuple[Any, ...]:
    """Return the shape of the one input; refuse models of several inputs or outputs."""
    if len(inputs) != 1 or outputs != 1:
        raise _unfit(
            "a model from one picture to one vector",
            f"'{file.name}' with {len(inputs)} inputs and {outputs} outputs",
        )
    return inputs[0]


def _choose_size(file: Path, said: tuple[Any, ...], asked: int | None) -> tuple[int, int]:
    """Return height and width: what the model says, else what was asked for."""
    height, width = (side if isinstance(side, int) and side > 0 else None for side in said)
    if asked is not None and {height, width} - {None, asked}:
        raise UsageError(
            expected=f"pictures of {height}x{width} px, which '{file.name}' is made for",
            received=f"--encoder-size {asked}",
            hint="leave --encoder-size out",
        )
    return height or asked or DEFAULT_SIZE, width or asked or DEFAULT_SIZE


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


__all__ = [
    "BATCH",
    "DOWNLOAD",
    "RANDOM",
    "Model",
    "file_digest",
    "load_keras",
    "load_named",
    "load_onnx",
    "named",
]
