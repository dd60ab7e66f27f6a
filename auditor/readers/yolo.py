"""YOLO annotations: a text file per image with ``class x y width height`` in shares of the picture, as Ultralytics lays them out."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from auditor.dataset import Dataset, LocalFiles
from auditor.errors import DataError, MissingExtraError
from auditor.readers.boxes import Box, boxed, refuse_named
from auditor.readers.folder import all_files
from auditor.readers.layout import SPLIT_NAMES, is_image

if TYPE_CHECKING:
    from auditor.readers import Columns

NAN = (float("nan"),) * 4


def _description(location: Path) -> Path | None:
    """Return the YAML file that names the classes, if there is one."""
    if location.is_file():
        return location
    found = sorted(f for ending in ("yaml", "yml") for f in location.glob(f"*.{ending}"))
    return next((f for f in found if f.stem in ("data", "dataset")), found[0] if found else None)


def reads(location: Path) -> bool:
    """Whether this is a YAML file with ``names``, or a folder in which ``images`` and ``labels`` stand side by side."""
    try:
        if location.is_file():
            return location.suffix.lower() in (".yaml", ".yml")
        return any(
            (p / "labels").is_dir() and (p / "images").is_dir()
            for p in (location, *(location / s for s in SPLIT_NAMES))
        )
    except OSError:
        return False


def read(location: Path, columns: Columns) -> Dataset:
    """Read YOLO annotations: a box per sample, and the box around each polygon of a segmentation.

    Raises
    ------
    DataError
        The YAML file cannot be read, or there is no box.
    """
    refuse_named(columns)
    root = location.parent if location.is_file() else location
    names = _names(location, root)
    boxes: list[Box] = []
    files, actual = all_files(root)
    others = {f for f in files if not is_image(f)}
    ignored: list[str] = []
    for image in filter(is_image, files):
        text = _text_of(image)
        found = list(_boxes(root / actual.get(text, text), image, names)) if text in others else []
        others.discard(text)
        boxes.extend(found)
        if not found:
            ignored.append(f"{image} (no box)")
    source = LocalFiles(str(root.absolute()), actual)
    return boxed(
        boxes, source, location=location, root=root, kind="YOLO", relative=True, ignored=[*ignored, *others]
    )


def _text_of(image: str) -> str:
    """Return where the boxes of an image are: the last folder ``images`` is ``labels`` there.

    Examples
    --------
    >>> _text_of("images/train/a.jpg"), _text_of("train/images/a.b.png"), _text_of("a.jpg")
    ('labels/train/a.txt', 'train/labels/a.b.txt', 'a.txt')
    """
    parts = list(PurePosixPath(image).with_suffix(".txt").parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            parts[place] = "labels"
            break
    return "/".join(parts)


def _names(location: Path, root: Path) -> dict[int, str]:
    """Return the class names by number, from the YAML file or from ``classes.txt``; without either, classes keep their numbers."""
    described = _description(location)
    if described is None:
        listed = next(
            (f for f in (root / "classes.txt", root / "labels" / "classes.txt") if f.is_file()), None
        )
        return dict(enumerate(listed.read_text("utf-8", "replace").splitlines())) if listed else {}
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        raise MissingExtraError.of("pyyaml", "yolo") from None
    try:
        content: Any = yaml.safe_load(described.read_text("utf-8-sig"))
        names = content["names"]
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        return {int(number): str(name) for number, name in pairs}
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        yaml.YAMLError,
    ) as error:
        raise DataError(
            expected="a YAML file with the class 'names' of a YOLO data set",
            received=f"'{described}' ({' '.join(str(error).split())[:100]})",
            hint="names: [rose, tulip]",
        ) from None


def _boxes(file: Path, image: str, names: dict[int, str]) -> Iterator[Box]:
    split = next(
        (SPLIT_NAMES[p.lower()] for p in PurePosixPath(image).parts[:-1] if p.lower() in SPLIT_NAMES), ""
    )
    try:
        lines = file.read_bytes().decode("utf-8-sig", "replace").splitlines()
    except OSError:
        yield Box(image, 0, "", *NAN, split)
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        label, corners = _line(line)
        yield Box(image, number, "" if label is None else names.get(label, str(label)), *corners, split)


def _line(line: str) -> tuple[int | None, tuple[float, float, float, float]]:
    """Return class and corners of a line, in shares; a confidence may follow, and more numbers are a polygon.

    Examples
    --------
    >>> _line("3 0.5 0.5 0.5 1.0"), _line("0 0.1 0.2 0.6 0.2 0.6 0.8")
    ((3, (0.25, 0.0, 0.75, 1.0)), (0, (0.1, 0.2, 0.6, 0.8)))
    """
    try:
        label, *numbers = (float(word) for word in line.split())
    except ValueError:
        return None, NAN
    if not label.is_integer() or label < 0:
        return None, NAN
    if len(numbers) in (4, 5):
        x, y, width, height = numbers[:4]
        corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    elif len(numbers) >= 6 and len(numbers) % 2 == 0:
        corners = (min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2]))
    else:
        return int(label), NAN
    return int(label), corners if all(math.isfinite(c) for c in corners) else NAN
