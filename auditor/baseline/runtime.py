"""Keras and TensorFlow, loaded on demand and without their chatter."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from auditor.errors import MissingExtraError, UsageError
from auditor.process import is_command

#: What each import stands for on PyPI, all in the extra ``[train]``.
EXTRA = "train"


@contextlib.contextmanager
def _native_stderr_silenced() -> Iterator[None]:
    """Send file descriptor 2 to nowhere.

    TensorFlow's C++ start-up lines are written before any log level is read.
    """
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no such descriptor, as under pythonw
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def load() -> tuple[ModuleType, ModuleType]:
    """Import and return ``(keras, tensorflow)``.

    Raises
    ------
    MissingExtraError
        One of the two is not installed.
    UsageError
        Keras was imported with another backend, or KERAS_BACKEND asks for one.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "keras" not in sys.modules and os.environ.setdefault("KERAS_BACKEND", "tensorflow") != "tensorflow":
        raise UsageError(
            expected="Keras on TensorFlow",
            received=f"KERAS_BACKEND={os.environ['KERAS_BACKEND']}",
            hint="set KERAS_BACKEND=tensorflow, or unset it, where auditor trains",
        )
    try:
        silent = is_command() and "tensorflow" not in sys.modules  # never another program's standard error
        with _native_stderr_silenced() if silent else contextlib.nullcontext():
            import tensorflow
    except ImportError:
        raise MissingExtraError.of("tensorflow", EXTRA) from None
    try:
        import keras
    except ImportError:
        raise MissingExtraError.of("keras", EXTRA) from None
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise UsageError(
            expected="Keras on TensorFlow",
            received=f"Keras on {backend}",
            hint="set KERAS_BACKEND=tensorflow before Keras is imported",
        )
    tensorflow.get_logger().setLevel(
        "ERROR"
    )  # it warns of retracing where several shapes are trained in turn, as is meant here
    return keras, tensorflow
