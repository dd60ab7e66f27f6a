"""Transfer learning.

A network of ``keras.applications`` in place of the small CNN, with weights from a file or Keras' own
download.
"""

from __future__ import annotations

import importlib
import inspect
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from auditor.baseline.runtime import load
from auditor.errors import DataError, UsageError

#: Side of the pictures unless it is asked for: the largest that the small CNN would take, and half or more of
#: what these networks saw.
IMAGE_SIZE = 128
#: Share of the epochs for which the backbone is frozen, and the factor on the learning rate when it is let
#: go: a head of random weights would wash its features out (Kumar et al., "Fine-tuning can distort pretrained
#: features", ICLR 2022, train the head first).
FROZEN_SHARE, FINE_TUNING = 1 / 3, 0.1
#: What asks Keras to download its ImageNet weights, and what asks for none.
DOWNLOAD, RANDOM = "imagenet", "none"


class Preprocessing(NamedTuple):
    """What a network expects of raw RGB pixels in [0, 255].

    Channels turned around or not, then a scale and an offset for each.
    """

    reverse: bool
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]


@cache
def _applications() -> dict[str, tuple[str, str]]:
    """Return module and function of each network by its name in lower case."""
    keras, _ = load()
    functions = {
        n: f for n, f in vars(keras.applications).items() if n[0].isupper() and inspect.isfunction(f)
    }
    return {name.lower(): (f.__module__, name) for name, f in functions.items()}


def named(backbone: str) -> str:
    """Return a backbone's name in lower case without punctuation, as it is looked up.

    Raises
    ------
    UsageError
        ``keras.applications`` has no such network.
    """
    wanted = backbone.lower().replace("-", "").replace("_", "")
    if wanted not in _applications():
        from difflib import get_close_matches

        near = get_close_matches(wanted, _applications(), 3, 0.5) or sorted(_applications())[:6]
        raise UsageError(
            expected="a network of keras.applications",
            received=f"'{backbone}'",
            hint=f"did you mean {', '.join(near)}?",
        )
    return wanted


def preprocessing(backbone: str) -> Preprocessing:
    """Return what a network's ``preprocess_input`` does: it is asked about black and about pure colours."""
    module = importlib.import_module(_applications()[named(backbone)][0])

    def given(*pixel: float) -> npt.NDArray[np.float64]:
        made: npt.NDArray[np.float64] = np.asarray(
            module.preprocess_input(np.array([[[pixel]]], dtype=np.float32)), dtype=np.float64
        )
        return made.ravel()

    black = given(0, 0, 0)
    gain = np.stack([given(*(255.0 * np.eye(3)[k])) - black for k in range(3)]) / 255
    reverse = abs(gain[0, 0]) < abs(gain[0, 2])
    scale = gain[[2, 1, 0], [0, 1, 2]] if reverse else np.diag(gain)
    return Preprocessing(bool(reverse), tuple(scale.tolist()), tuple(black.tolist()))


def make(backbone: str, weights: str, image_size: int) -> Any:
    """Return the network without its head, from preprocessed pixels to pooled features.

    Parameters
    ----------
    backbone : str
        As in ``keras.applications``, in any case: ``mobilenetv2``, ``EfficientNetV2B0``, ...
    weights : str
        A file, ``imagenet`` for Keras' own download, or ``none``.

    Raises
    ------
    DataError
        The weights are missing, of another network, or cannot be downloaded.
    UsageError
        The network does not take pictures of this size.
    """
    keras, _ = load()
    function = getattr(keras.applications, _applications()[named(backbone)][1])
    shape = (image_size, image_size, 3)
    try:
        network = function(include_top=False, weights=None, input_shape=shape, pooling="avg")
    except ValueError as error:
        raise UsageError(
            expected=f"pictures that {backbone} can take",
            received=f"{image_size} px ({first_line(error)})",
            hint="choose a larger --image-size",
        ) from None
    if weights == RANDOM:
        return network
    if weights == DOWNLOAD:
        try:
            return function(include_top=False, weights=DOWNLOAD, input_shape=shape, pooling="avg")
        except Exception as error:  # Keras raises a bare Exception where a download fails
            raise DataError(
                expected=f"Keras' download of the ImageNet weights of {backbone}",
                received=first_line(error),
                hint="download them elsewhere and name the file with --weights",
            ) from None
    if not Path(weights).is_file():
        raise DataError(
            expected="a file of weights, or 'imagenet'",
            received=f"'{weights}', which does not exist",
            hint="check the path",
        )
    try:
        network.load_weights(weights)
    except Exception as error:  # h5py's and Keras' errors are of many kinds
        raise DataError(
            expected=f"weights of {backbone} without its head (include_top=False)",
            received=f"'{weights}', which does not fit ({first_line(error)})",
            hint="save them with keras.applications' model.save_weights('x.weights.h5'), or name the "
            "right --backbone",
        ) from None
    return network


def first_line(error: Exception) -> str:
    """Return what an error says, in one short line."""
    return " ".join(str(error).split())[:140] or type(error).__name__


def check_backbone(backbone: str | None, weights: str | None) -> None:
    """Refuse early what would fail late.

    An unknown network, or one without a word on where its weights come from.

    Raises
    ------
    UsageError
    """
    if backbone is None:
        if weights is not None:
            raise UsageError(
                expected="--backbone with --weights",
                received=f"--weights '{weights}' alone",
                hint="name the network",
            )
        return
    named(backbone)
    if weights is None:
        raise UsageError(
            expected="where the weights of the backbone come from",
            received=f"--backbone {backbone} without --weights",
            hint=f"--weights FILE, or --weights {DOWNLOAD} to let Keras download them, or --weights {RANDOM}",
        )
    if weights not in (DOWNLOAD, RANDOM) and not Path(weights).is_file():
        raise UsageError(
            expected="a file of weights, or 'imagenet'",
            received=f"'{weights}', which does not exist",
            hint="check the path",
        )
