"""A ``tf.data.Dataset`` of pictures and labels.

It can only be read from its beginning, so its pictures are kept in a temporary file.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from auditor.dataset import Dataset
from auditor.errors import DataError
from auditor.readers.archive import Member, TarFiles
from auditor.readers.layout import SPLIT_NAMES
from auditor.readers.temporary import temporary_folder

#: Pictures that are looked at to tell whether floats are in [0, 1] or in [0, 255]: one black picture cannot
#: say it.
FIRST = 64
EXPECTED = "a tf.data.Dataset of (image, label) pairs or of dicts with 'image' and 'label'"


def is_pipeline(data: object) -> bool:
    """Whether this is a ``tf.data.Dataset``."""
    return hasattr(data, "element_spec") and hasattr(data, "cardinality")


def read(data: Any) -> Dataset:
    """Read a dataset, or a mapping of splits to datasets, once.

    Each picture is kept as PNG in a temporary tar until this process ends.

    Raises
    ------
    DataError
        It never ends, or its elements are no pictures.
    """
    import pandas as pd

    parts = data if isinstance(data, Mapping) else {"images": data}
    file = temporary_folder() / "pictures.tar"
    rows: list[tuple[str, str, str, str]] = []
    members: dict[str, Any] = {}
    refused: dict[str, str] = {}
    with tarfile.open(file, "w") as archive:
        for part, dataset in parts.items():
            split = SPLIT_NAMES.get(str(part).lower(), "")
            for number, (picture, label) in enumerate(_elements(dataset)):
                path = f"{part}/{number:07d}.png"
                rows.append((path, label, split, ""))
                if isinstance(picture, str):
                    refused[path] = picture
                    continue
                info = tarfile.TarInfo(path)
                info.size = len(picture)
                archive.addfile(info, io.BytesIO(picture))
                archive.members = []  # type: ignore[attr-defined]  # or a million of them are kept in memory
                padded = -(-len(picture) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
                members[path] = Member(archive.offset - padded, len(picture), -1)
    if not rows:
        raise DataError(
            expected=EXPECTED, received="one without an element", hint="check that its source is not used up"
        )
    samples = pd.DataFrame(rows, columns=["path", "label", "split", "group"], dtype=str)
    return Dataset(
        name="dataset",
        kind="tf.data",
        location="dataset",
        samples=samples.sort_values("path", ignore_index=True),
        source=TarFiles(str(file), members, refused),
    )


def _elements(dataset: Any) -> Iterator[tuple[bytes | str, str]]:
    """Yield each picture as PNG, or why it is none, and its label."""
    import numpy as np

    from auditor.readers.virtual import encode_png

    if int(dataset.cardinality()) == -1:  # tf.data.INFINITE_CARDINALITY
        raise DataError(
            expected=EXPECTED,
            received="one that repeats without end",
            hint="leave .repeat() away, or .take(n)",
        )
    names = [str(n) for n in getattr(dataset, "class_names", None) or ()]
    rank = len(getattr(_parts(dataset.element_spec)[0], "shape", ()))
    pairs = (_parts(element) for element in (dataset.unbatch() if rank == 4 else dataset).as_numpy_iterator())
    first = list(islice(pairs, FIRST))
    scaled = any(
        np.asarray(picture).dtype.kind == "f" and np.asarray(picture).max(initial=0) > 1
        for picture, _ in first
    )
    for source in (iter(first), pairs):
        for picture, label in source:
            pixels = np.asarray(picture)
            try:
                if (
                    scaled
                    and pixels.dtype.kind == "f"
                    and pixels.size
                    and pixels.min() >= 0
                    and pixels.max() <= 255
                ):
                    pixels = np.rint(pixels).astype(np.uint8)
                yield encode_png(pixels), _label(label, names)
            except OSError as error:
                yield str(error), _label(label, names)


def _parts(element: Any) -> tuple[Any, Any]:
    """Return picture and label of an element, or of what describes one."""
    if isinstance(element, Mapping):
        image = next((element[k] for k in ("image", "images", "x") if k in element), None)
        label = next((element[k] for k in ("label", "labels", "y") if k in element), None)
    elif isinstance(element, tuple):
        image, label = element[0], element[1] if len(element) > 1 else None
    else:
        image, label = element, None
    if image is None or isinstance(image, (Mapping, tuple)):
        raise DataError(
            expected=EXPECTED,
            received=f"elements {str(element)[:80]}",
            hint="map it: dataset.map(lambda e: (e['picture'], e['kind']))",
        )
    return image, label


def _label(label: Any, names: list[str]) -> str:
    """Return a label in words; one-hot rows and sigmoid columns are numbers of classes."""
    import numpy as np

    if label is None:
        return ""
    value = np.asarray(label)
    if value.size > 1:
        if value.dtype.kind not in "biuf" or not np.isclose(value.sum(), 1):
            raise DataError(
                expected="one label per picture, or one-hot rows",
                received=f"labels of shape {value.shape}",
                hint="write a table",
            )
        value = np.asarray(value.argmax())
    item = value.reshape(-1)[0] if value.size else ""
    if isinstance(item, bytes):
        return item.decode("utf-8", "backslashreplace")
    if isinstance(item, (np.floating, float)) and float(item).is_integer():
        item = int(item)
    text = str(item)
    return names[int(text)] if text.isdigit() and int(text) < len(names) else text
