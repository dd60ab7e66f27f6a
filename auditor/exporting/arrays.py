"""Arrays: ``(X, y)`` per part as scikit-learn takes them, and an ``.npz`` as Keras lays it out."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from auditor.errors import UsageError
from auditor.exporting.material import WHOLE
from auditor.outputs import COMMENT, replacing

if TYPE_CHECKING:
    from auditor.exporting.material import Material, Options

#: Bytes that the arrays of all parts may take in memory; more is refused with the number.
MOST_BYTES = 2 << 30


def make(material: Material, options: Options) -> dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[Any]]]:
    """Return ``(X, y)`` per part.

    ``X`` has shape ``(n, height * width * 3)``, RGB in [0, 1]; ``y`` are class names, shape ``(n,)``. They are
    held in memory: ``4 * height * width * 3`` bytes per image, at most `MOST_BYTES` in all.

    Raises
    ------
    UsageError
        They would take more.
    """
    height, width = options.image_size
    need = len(material.table) * height * width * 3 * 4
    if need > MOST_BYTES:
        raise UsageError(
            expected=f"arrays of at most {MOST_BYTES / 1e9:.1f} GB",
            received=f"{need / 1e9:.1f} GB for {len(material.table):,} images of {height} x {width}",
            hint="give a smaller image_size, or use 'tf-data' or 'huggingface', which stream",
        )
    made = {}
    for part, rows in material.parts.items():
        x = np.empty((len(rows), height * width * 3), np.float32)
        for row, (picture, _) in zip(x, material.pictures(part, options.image_size), strict=True):
            np.divide(picture.reshape(-1), 255, out=row, dtype=np.float32)
        made[part] = (x, rows["label"].to_numpy(dtype=str))
    return made


def write(material: Material, target: Path, options: Options) -> Path:
    """Write an ``.npz`` with ``x_train``, ``y_train`` (class numbers), ... and ``classes``.

    ``x_train`` is ``uint8`` of shape ``(n, height, width, 3)``. Pictures go to the file one at
    a time, so memory does not grow with them.
    """
    with (
        replacing(target) as made,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive,
    ):
        for part, rows in material.parts.items():
            ending = "" if part == WHOLE else "_" + part.replace("-", "_")
            with archive.open(f"x{ending}.npy", "w", force_zip64=True) as stream:
                shape = (len(rows), *options.image_size, 3)
                np.lib.format.write_array_header_2_0(
                    stream, {"descr": "|u1", "fortran_order": False, "shape": shape}
                )
                for picture, _ in material.pictures(part, options.image_size):
                    stream.write(picture.tobytes())
            with archive.open(f"y{ending}.npy", "w") as stream:
                np.lib.format.write_array(stream, np.array(material.numbers(rows["label"]), np.int64))
        with archive.open("classes.npy", "w") as stream:
            np.lib.format.write_array(stream, np.array(material.classes))
        archive.comment = COMMENT
    return target
