"""COCO annotations.

A JSON file with ``images``, ``annotations`` and ``categories``, or a folder that holds such files and the
images.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

from auditor.dataset import Dataset, LocalFiles
from auditor.errors import DataError
from auditor.readers.boxes import Box, boxed, refuse_named
from auditor.readers.folder import all_files
from auditor.readers.layout import is_image
from auditor.readers.split_names import SPLIT_WORDS
from auditor.reading import listed as listed_names

if TYPE_CHECKING:
    from auditor.readers import Columns

#: Bytes at the start of a file in which one of its keys must stand; ``info`` and ``licenses`` come before
#: them in COCO's own files.
HEAD = 1 << 16
KEYS = re.compile(rb'"(images|annotations|categories|licenses)"\s*:\s*\[')
#: Keys of the objects in these lists: a stray JSON beside images may have a list of categories or licenses
#: too.
OBJECT_KEYS = re.compile(rb'"(file_name|image_id|bbox|supercategory|coco_url)"\s*:')
#: Where annotation files are, below the folder of the data: COCO's own layout, Roboflow's, and beside the
#: images.
PLACES = ("annotations/*.json", "*.json", "*/_annotations.coco.json", "Annotations/*.json")
#: Files in a folder, and images of a file, that are looked at to tell what they are and where.
FIRST = 20
#: Whole numbers below this are exact as floats, which boxes are kept as.
EXACT = 1 << 53


def _is_coco(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        return False
    if not head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return False
    keys = set(KEYS.findall(head))
    return {b"images", b"annotations"} <= keys or (bool(keys) and OBJECT_KEYS.search(head) is not None)


def _files(location: Path) -> list[Path]:
    """Return the annotation files with boxes.

    Where ``instances_*`` exist, the others (captions, key points) repeat their objects.
    """
    if location.is_file():
        return [location] if location.suffix.lower() == ".json" and _is_coco(location) else []
    found = sorted(
        {f for place in PLACES for f in islice(location.glob(place), FIRST) if f.is_file() and _is_coco(f)}
    )
    instances = [f for f in found if f.name.startswith("instances")]
    return instances or [
        f for f in found if not f.name.startswith(("captions", "person_keypoints", "panoptic", "image_info"))
    ]


def reads(location: Path) -> bool:
    """Whether this is a COCO file, or a folder that holds one where they usually are."""
    try:
        return bool(_files(location))
    except OSError:
        return False


def _root(location: Path) -> Path:
    if location.is_dir():
        return location
    folder = location.absolute().parent
    return folder.parent if folder.name.lower() == "annotations" else folder


def read(location: Path, columns: Columns) -> Dataset:
    """Read COCO annotations: a box per sample, labelled with the name of its category.

    Crowds and images without a box are passed over.

    Raises
    ------
    DataError
        A file is no JSON or of another structure, or there is no box.
    """
    refuse_named(columns)
    root = _root(location)
    boxes: list[Box] = []
    ignored: list[str] = []
    listed: set[str] = set()
    unlisted: set[str] = set()
    annotations = _files(location)
    for file in annotations:
        boxes.extend(_boxes(file, root, ignored, listed, unlisted))
    names: dict[str, str] = {}
    if location.is_dir():
        files, names = all_files(root)
        used = {file.absolute().relative_to(root.absolute()).as_posix() for file in annotations}
        ignored.extend(
            f"{path} (in no annotation)" if is_image(path) else path
            for path in files
            if path not in listed and path not in used
        )
    source = LocalFiles(str(root.absolute()), names)
    return boxed(
        boxes,
        source,
        location=location,
        root=root,
        kind="COCO",
        relative=False,
        ignored=ignored,
        labels_from=listed_names(dict.fromkeys(file.name for file in annotations)),
        notes=[f"Objects of categories that the file does not list keep their numbers: {', '.join(unknown)}."]
        if (unknown := sorted(unlisted)[:5])
        else (),
    )


def _parsed(file: Path) -> tuple[list[Any], list[Any], list[Any]]:
    try:
        content = json.loads(file.read_bytes().decode("utf-8-sig"))
        images, annotations = content["images"], content.get("annotations", [])
        categories = content.get("categories", [])
        if not all(isinstance(part, list) for part in (images, annotations, categories)):
            raise TypeError("'images', 'annotations' and 'categories' must be lists")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())[:100]
        raise DataError(
            expected="COCO annotations: JSON with 'images', 'annotations' and 'categories'",
            received=f"'{file}' ({reason})",
            hint="export it again, or write a CSV table of crops",
        ) from None
    return images, annotations, categories


def _dicts(rows: list[Any]) -> Iterator[dict[str, Any]]:
    return (row for row in rows if isinstance(row, dict))


def _split_of(file: Path, root: Path) -> str:
    words = [
        *re.findall(r"[a-z]+", file.stem.lower()),
        *(p.lower() for p in file.absolute().relative_to(root.absolute()).parts[:-1]),
    ]
    return next((SPLIT_WORDS[w] for w in words if w in SPLIT_WORDS), "")


def _folder(file: Path, root: Path, names: list[str]) -> str:
    """Return the folder, relative to the root and with its "/", in which most of the first images are."""
    word = file.stem.split("_")[-1]
    inside = file.parent.absolute().relative_to(root.absolute()).as_posix()
    here = "" if inside == "." else f"{inside}/"
    candidates = [
        here,
        "",
        f"{word}/",
        "images/",
        f"images/{word}/",
        f"{word}/images/",
        f"{word}/data/",
        "data/",
    ]
    found = [sum((root / (c + n)).is_file() for n in names[:FIRST]) for c in candidates]
    return candidates[found.index(max(found))] if max(found, default=0) else ""


def _placed(file: Path, root: Path, names: dict[Any, str]) -> tuple[str, dict[Any, str]]:
    """Return the folder of the images, and their names below it.

    As written, with slashes for backslashes, or without folders.

    The first of these by which any of the first images is found counts.
    """
    plain = {key: PureWindowsPath(name).as_posix() for key, name in names.items()}
    alone = {key: PureWindowsPath(name).name for key, name in names.items()}
    for written in (names, plain, alone):
        some = list(written.values())[:FIRST]
        folder = _folder(file, root, some)
        if any((root / (folder + name)).is_file() for name in some):
            return folder, written
    return _folder(file, root, []), names


def _boxes(file: Path, root: Path, ignored: list[str], listed: set[str], unlisted: set[str]) -> Iterator[Box]:
    images, annotations, categories = _parsed(file)
    names = {
        row.get("id"): str(row["file_name"])
        for row in _dicts(images)
        if "file_name" in row and _hashable(row.get("id"))
    }
    labels = {
        row.get("id"): str(row.get("name") or row.get("id"))
        for row in _dicts(categories)
        if _hashable(row.get("id"))
    }
    folder, names = _placed(file, root, names)
    listed.update(folder + name for name in names.values())
    split = _split_of(file, root)
    where = file.absolute().relative_to(root.absolute()).as_posix()
    shown: set[Any] = set()
    used: set[int] = set()
    for place, row in enumerate(annotations):
        number = row.get("id") if isinstance(row, dict) else None
        if (
            not isinstance(number, int)
            or isinstance(number, bool)
            or not 0 <= number < EXACT
            or number in used
        ):
            number = _free(place, used)
        used.add(number)
        if not isinstance(row, dict) or not _hashable(row.get("image_id")) or row["image_id"] not in names:
            yield Box(
                f"{where}", number, "", *(float("nan"),) * 4, split
            )  # an image that the file does not list
            continue
        image = folder + names[row["image_id"]]
        shown.add(row["image_id"])
        if row.get("iscrowd"):
            ignored.append(f"{image}#box={number} (a crowd, not one object)")
            continue
        category = row.get("category_id")
        label = (labels.get(category) or str(category)) if _hashable(category) else ""
        if label and category not in labels:
            unlisted.add(label)
        corners = _corners(row.get("bbox"))
        if any(c != c for c in corners):
            corners = _around(row.get("segmentation"))
        yield Box(image, number, label, *corners, split)
    ignored.extend(f"{folder}{name} (no box)" for key, name in names.items() if key not in shown)


def _free(place: int, used: set[int]) -> int:
    while place in used:
        place += 1
    return place


def _around(polygons: Any) -> tuple[float, float, float, float]:
    """Return the box around the polygons ``[[x, y, x, y, ...], ...]`` of an object.

    NaN where it is something else.
    """
    if not isinstance(polygons, list) or not polygons:
        return (float("nan"),) * 4
    flat = polygons if not isinstance(polygons[0], list) else [v for polygon in polygons for v in polygon]
    if len(flat) < 6 or len(flat) % 2 or not all(isinstance(v, (int, float)) for v in flat):
        return (float("nan"),) * 4
    return _corners(
        [min(flat[::2]), min(flat[1::2]), max(flat[::2]) - min(flat[::2]), max(flat[1::2]) - min(flat[1::2])]
    )


def _hashable(value: Any) -> bool:
    return isinstance(value, (int, str))


def _corners(box: Any) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of ``[x, y, width, height]``; NaN where it is something else."""
    if (
        isinstance(box, list)
        and len(box) == 4
        and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in box)
    ):
        try:
            x, y, width, height = (float(v) for v in box)
        except OverflowError:
            return (float("nan"),) * 4
        return x, y, x + width, y + height
    return (float("nan"),) * 4
