"""YOLO annotations.

A text file per image with ``class x y width height`` in shares of the picture, as Ultralytics lays them out.
"""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from auditor.dataset import Dataset, LocalFiles
from auditor.errors import DataError, MissingExtraError
from auditor.readers.boxes import Box, boxed, refuse_named
from auditor.readers.folder import all_files
from auditor.readers.layout import SPLIT_NAMES, is_image
from auditor.readers.split_names import split_of

if TYPE_CHECKING:
    from auditor.readers import Columns

NAN = (float("nan"),) * 4
#: Entries of a folder of labels that are looked at to tell what is in it.
FIRST = 100


@dataclass(frozen=True, slots=True)
class Description:
    """What a data set's YAML file, or the list of its classes, says.

    Attributes
    ----------
    root : Path
        The folder that holds images and labels.
    names : dict of int to str
        Class names by number.
    source : str
        The file that names the classes; blank where there is none.
    places : tuple of (str, str)
        Folders or images, relative to the root, and the split that they are of.
    """

    root: Path
    names: dict[int, str]
    source: str = ""
    places: tuple[tuple[str, str], ...] = ()

    def split_of(self, image: str) -> str:
        """Return the split of an image.

        By the longest entry that holds it, else by the names of its folders.
        """
        fitting = [p for p in self.places if image == p[0] or image.startswith(f"{p[0]}/") or not p[0]]
        if fitting:
            return max(fitting, key=lambda place: len(place[0]))[1]
        return next((split for folder in image.split("/")[:-1] if (split := split_of(folder))), "")


def _yaml_of(location: Path) -> Path | None:
    """Return the YAML file that names the classes, if there is one."""
    if location.is_file():
        return location
    found = sorted(f for ending in ("yaml", "yml") for f in location.glob(f"*.{ending}"))
    return next((f for f in found if f.stem in ("data", "dataset")), found[0] if found else None)


def reads(location: Path) -> bool:
    """Whether this is a YAML file, or a folder in which ``images`` stands beside ``labels`` that hold text
    files.
    """
    try:
        if location.is_file():
            return location.suffix.lower() in (".yaml", ".yml")
        return _holds_boxes(location) or any(_holds_boxes(p) for p in _folders(location) if split_of(p.name))
    except OSError:
        return False


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(e.path) for e in islice(entries, FIRST) if e.is_dir()]


def _holds_boxes(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    named = {p.name.lower(): p for p in _folders(folder)}
    if not {"images", "labels"} <= named.keys():
        return False
    labels = named["labels"]
    return any(
        f.suffix.lower() == ".txt" for p in (labels, *_folders(labels)) for f in islice(p.iterdir(), FIRST)
    )


def read(location: Path, columns: Columns) -> Dataset:
    """Read YOLO annotations: a box per sample, and the box around each polygon of a segmentation.

    Raises
    ------
    DataError
        The YAML file cannot be read, or there is no box.
    """
    refuse_named(columns)
    about = _described(location)
    boxes: list[Box] = []
    files, actual = all_files(about.root)
    others = {f for f in files if not is_image(f)}
    by_name = {f.lower(): f for f in sorted(others, reverse=True)}
    ignored: list[str] = []
    for image in filter(is_image, files):
        text = next((by_name[t.lower()] for t in _texts_of(image) if t.lower() in by_name), None)
        found = [] if text is None else list(_boxes(about.root / actual.get(text, text), image, about))
        others.discard(text or "")
        boxes.extend(found)
        if not found:
            ignored.append(f"{image} (no box)")
    return boxed(
        boxes,
        LocalFiles(str(about.root.absolute()), actual),
        location=location,
        root=about.root,
        kind="YOLO",
        relative=True,
        ignored=[*ignored, *(f for f in others if f != about.source)],
        labels_from=about.source or "class numbers",
        notes=_beyond(boxes, about),
    )


def _beyond(boxes: list[Box], about: Description) -> list[str]:
    """Return a note on class numbers that have no name."""
    if not about.names:
        return []
    known = set(about.names.values())
    found = [box.label for box in boxes if box.label.isdigit() and box.label not in known]
    if not found:
        return []
    numbers = ", ".join(sorted(set(found), key=int)[:5])
    return [
        f"{len(found):,} boxes have class numbers beyond the {len(about.names):,} names of {about.source}"
        f" ({numbers}): they keep their numbers."
    ]


def _texts_of(image: str) -> tuple[str, str]:
    """Return where the boxes of an image may be.

    Where its last folder ``images`` is ``labels``, or beside it.

    Examples
    --------
    >>> _texts_of("Images/train/a.jpg")[0], _texts_of("train/images/a.b.png")[0], _texts_of("a.jpg")[0]
    ('labels/train/a.txt', 'train/labels/a.b.txt', 'a.txt')
    """
    beside = PurePosixPath(image).with_suffix(".txt")
    parts = list(beside.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place].lower() == "images":
            parts[place] = "labels"
            break
    return "/".join(parts), str(beside)


def _described(location: Path) -> Description:
    """Return what the YAML file or ``classes.txt`` says; without either, classes keep their numbers."""
    described = _yaml_of(location)
    if described is None:
        listed = next((f for f in ("classes.txt", "labels/classes.txt") if (location / f).is_file()), "")
        lines = (location / listed).read_text("utf-8", "replace").splitlines() if listed else []
        return Description(location, dict(enumerate(lines)), listed)
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        raise MissingExtraError.of("pyyaml", "yolo") from None
    try:
        content: Any = yaml.safe_load(described.read_text("utf-8-sig"))
        names = _names(content["names"], content.get("nc"), described.parent)
        root = _root(described, content.get("path"))
        places = tuple(
            (place, split)
            for key in ("train", "val", "test")
            if (split := SPLIT_NAMES[key])
            for place in _places(content.get(key), root)
        )
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
    return Description(root, names, described.name, places)


def _names(names: Any, count: Any, folder: Path) -> dict[int, str]:
    """Return class names by number.

    A list, a mapping, one text of several names, or the file that lists them.
    """
    if isinstance(names, str):
        if (folder / names).is_file():
            names = (folder / names).read_text("utf-8", "replace").splitlines()
        else:
            by_comma, by_blank = [n.strip(" '\"[]") for n in names.split(",")], names.split()
            fitting = [n for n in (by_comma, by_blank) if count in (None, len(n))]
            if not fitting:
                raise ValueError(f"nc is {count}, and 'names' is one text, {names!r}")
            names = fitting[0]
    pairs = names.items() if isinstance(names, dict) else enumerate(names or ())
    return {int(number): str(name) for number, name in pairs}


def _root(described: Path, path: Any) -> Path:
    """Return the folder of the data.

    What ``path`` names where images are there, else that of the YAML file.
    """
    here = described.parent
    if not isinstance(path, str) or not path.strip():
        return here
    named = here / path.replace("\\", "/")
    for folder in (named, here.parent / PurePosixPath(path.replace("\\", "/")).name):
        if folder.is_dir() and not _has_images(here):
            return folder.resolve()
    return here


def _has_images(folder: Path) -> bool:
    """Whether a folder has a folder ``images``, or splits with such a folder."""
    return any(
        p.name.lower() == "images"
        or (split_of(p.name) and any(q.name.lower() == "images" for q in _folders(p)))
        for p in _folders(folder)
    )


def _places(entry: Any, root: Path) -> list[str]:
    """Return the folders or images, relative to the root, that an entry ``train``, ``val`` or ``test``
    names.
    """
    found: list[str] = []
    for text in entry if isinstance(entry, list) else [entry]:
        if not isinstance(text, str):
            continue
        place = _inside(text, root)
        if place.endswith(".txt") and (root / place).is_file():
            lines = (root / place).read_text("utf-8", "replace").splitlines()
            found.extend(_inside(line, root) for line in lines if line.strip())
        elif text.strip():
            found.append(place)
    return found


def _inside(text: str, root: Path) -> str:
    """Return a path relative to the root.

    What leads out of it, as Roboflow's ``../train/images``, is taken to start in it.
    """
    path = PurePosixPath(text.strip().replace("\\", "/"))
    if path.is_absolute() and path.is_relative_to(root.absolute().as_posix()):
        path = path.relative_to(root.absolute().as_posix())
    return "/".join(part for part in path.parts if part not in ("..", ".", "/"))


def _boxes(file: Path, image: str, about: Description) -> Iterator[Box]:
    split = about.split_of(image)
    try:
        lines = file.read_bytes().decode("utf-8-sig", "replace").splitlines()
    except OSError:
        yield Box(image, 0, "", *NAN, split)
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        label, corners = _line(line)
        yield Box(image, number, "" if label is None else about.names.get(label, str(label)), *corners, split)


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
