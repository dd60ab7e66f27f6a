"""Opening an encoder by its file or name, before any image is read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from auditor.baseline.encoder import Encoder
from auditor.baseline.encoder_models import (
    DOWNLOAD,
    RANDOM,
    Model,
    file_digest,
    load_keras,
    load_named,
    load_onnx,
    named,
)
from auditor.errors import DataError, UsageError

#: Models that are files, by their endings.
LOADERS = {".keras": load_keras, ".onnx": load_onnx}


def open_encoder(
    encoder: str | Path,
    *,
    weights: str | Path | None = None,
    size: int | None = None,
    scaling: str | None = None,
) -> Encoder:
    """Return a loaded encoder.

    Parameters
    ----------
    encoder : str or Path
        A .keras or .onnx file, or the name of a network of ``keras.applications``.
    weights : str or Path, optional
        Of a named network: a file, ``imagenet`` for Keras' own download, or ``none``.
    size : int, optional
        Side of its pictures in pixels.
    scaling : str, optional
        A key of `auditor.baseline.encoder_models.SCALINGS`; "raw" by default.

    Raises
    ------
    DataError, UsageError, MissingExtraError
        There is no such model, it cannot be loaded, or it is none from a picture to a vector.
    """
    file = Path(encoder)
    if file.suffix.lower() in LOADERS or file.exists():
        return _open_file(file, weights, size, scaling)
    return _open_named(str(encoder), weights, size, scaling)


def _open_file(file: Path, weights: str | Path | None, size: int | None, scaling: str | None) -> Encoder:
    if file.suffix.lower() not in LOADERS or not file.is_file():
        raise DataError(
            expected="an encoder: a .keras or .onnx file, or the name of a network of keras.applications",
            received=f"'{file}', which {'is none' if file.exists() else 'does not exist'}",
            hint="check the path, or save the model with model.save('encoder.keras')",
        )
    if weights is not None:
        raise UsageError(
            expected="--encoder-weights with the name of a network",
            received=f"--encoder-weights with the file '{file.name}'",
            hint="leave it out: the file holds its weights",
        )
    scaling = scaling or "raw"
    model = LOADERS[file.suffix.lower()](file, size, scaling)
    return _encoder(f"'{file.name}'", file_digest(file), model, {"model": file.name, "scaling": scaling})


def _open_named(network: str, weights: str | Path | None, size: int | None, scaling: str | None) -> Encoder:
    name = named(network)
    if weights is None or scaling is not None:
        raise UsageError(
            expected="where the weights of the encoder come from, and its own scaling",
            received=f"--encoder {network} "
            + ("without --encoder-weights" if weights is None else "with --encoder-scaling"),
            hint=f"--encoder-weights FILE, or --encoder-weights {DOWNLOAD} to let Keras download them",
        )
    model = load_named(name, str(weights), size)
    is_file = str(weights) not in (DOWNLOAD, RANDOM)
    digest = file_digest(Path(weights)) if is_file else str(weights)
    facts = {"model": name, "weights": Path(weights).name}
    return _encoder(f"{name} ({Path(weights).name})", digest, model, facts)


def _encoder(name: str, digest: str, model: Model, facts: dict[str, str]) -> Encoder:
    """Return the encoder with all that its vectors depend on in its facts."""
    said = {**facts, "sha256": digest, "size": list(model.size)}
    whole = hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()
    return Encoder(name=name, digest=whole, model=model, facts=said)
