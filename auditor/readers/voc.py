"""Pascal VOC annotations: an XML file per image, as the challenge, LabelImg and CVAT write them."""

from __future__ import annotations

import os
import re
import shlex
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from auditor.dataset import Dataset, LocalFiles, shown_name
from auditor.readers.boxes import Box, boxed, refuse_named
from auditor.readers.folder import all_files
from auditor.readers.layout import is_image
from auditor.readers.name_labels import find_names
from auditor.readers.split_names import split_of

if TYPE_CHECKING:
    from auditor.readers import Columns

#: Folders that are looked at to tell what a folder is, entries of each, and bytes of a file.
FOLDERS, FIRST, HEAD = 200, 100, 4096
#: Folders in which annotations lie, besides the folder itself and those of splits.
PLACES = frozenset(
    {"annotations", "annotation", "xml", "xmls", "labels", "voc", "vocdevkit", "bboxes", "boxes"}
)
#: Entities are how XML is made into a bomb, and annotations have none.
ENTITIES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
NAN = (float("nan"),) * 4


def _documents(location: Path) -> Iterator[Path]:
    """Yield XML files among the first entries of a folder.

    Of the folders in it where annotations usually lie.
    """
    folders, seen = [location], 0
    while folders and seen < FOLDERS:
        folder, seen = folders.pop(0), seen + 1
        with os.scandir(folder) as entries:
            for entry in sorted(islice(entries, FIRST), key=lambda e: e.name):
                if entry.name.lower().endswith(".xml"):
                    yield Path(entry.path)
                elif entry.is_dir() and _is_place(entry.name.lower()):
                    folders.append(Path(entry.path))


def _is_place(name: str) -> bool:
    return name in PLACES or split_of(name) != "" or re.fullmatch(r"voc\d{4}", name) is not None


def reads(location: Path) -> bool:
    """Whether this is a folder with XML annotations.

    In it, or in folders that are named after them or after splits.
    """
    if not location.is_dir():
        return False
    try:
        for file in islice(_documents(location), 3):
            if not file.is_file():  # a pipe would wait for ever
                continue
            with file.open("rb") as stream:
                if b"<annotation" in stream.read(HEAD):
                    return True
    except OSError:
        return False
    return False


def read(location: Path, columns: Columns) -> Dataset:
    """Read VOC annotations: a box per sample.

    Splits come from ``ImageSets/Main`` or from the folders of splits.

    Boxes count pixels from 1 and include their last one (VOC 2012 development kit, section 3.2).
    """
    refuse_named(columns)
    files, names = all_files(location)
    images = [f for f in files if is_image(f)]
    documents = [f for f in files if f.lower().endswith(".xml")]
    by_name: dict[str, list[str]] = {}
    for path in images:  # by its whole name, and by its stem
        for key in (PurePosixPath(path).name, PurePosixPath(path).stem):
            by_name.setdefault(key, []).append(path)
    listed = _image_sets(location)
    boxes: list[Box] = []
    seen: set[str] = set()
    for document in documents:
        found = list(_boxes(location / names.get(document, document), document, by_name, listed))
        boxes.extend(found)
        seen.update(box.image for box in found)
    others = sorted(set(files) - set(images) - set(documents))
    ignored = [*others, *(f"{path} (no box)" for path in images if path not in seen)]
    source = LocalFiles(str(location.absolute()), names)
    dataset = boxed(
        boxes, source, location=location, root=location, kind="Pascal VOC", relative=False, ignored=ignored
    )
    folders = {PurePosixPath(path).parent for path in seen}
    without = [path for path in images if path not in seen and PurePosixPath(path).parent in folders]
    if not find_names(without)[0]:
        return dataset
    note = (
        f"{len(without):,} images, such as '{without[0]}', have no box and are left out; "
        f"auditor scan {shlex.quote(shown_name(str(location)))} --label filename reads all images whole, "
        "with the classes in the names of their files."
    )
    return replace(dataset, reading=replace(dataset.reading, notes=(*dataset.reading.notes, note)))


def _image_sets(location: Path) -> dict[str, str]:
    """Return the split of each image that ``ImageSets/Main/{train,val,test}.txt`` lists."""
    listed: dict[str, str] = {}
    for split in ("train", "val", "test"):
        for file in location.glob(f"**/ImageSets/Main/{split}.txt"):
            if not file.is_file():
                continue
            for line in file.read_text("utf-8", "replace").splitlines():
                if line.strip():
                    listed.setdefault(line.split()[0], split)
    return listed


def _image(document: str, name: str, by_name: dict[str, list[str]]) -> str:
    """Return the image of a document: the one that it names, else one of its own or of that stem.

    Of several, such as a mask beside the annotations, a path with a folder ``images`` goes before others, then the
    one that shares most folders with the document.
    """
    named = PureWindowsPath(name).name
    stem = PurePosixPath(document).stem
    candidates = by_name.get(stem) or by_name.get(PurePosixPath(named).stem) or []
    exact = [path for path in candidates if PurePosixPath(path).name == named]
    if not candidates:
        exact = by_name.get(named, [])
    if not (exact or candidates):
        return str(PurePosixPath(document).with_suffix(".jpg"))
    return max(
        exact or candidates,
        key=lambda path: (
            any("image" in part.lower() for part in PurePosixPath(path).parts[:-1]),
            len(os.path.commonpath([path, document])),
            [-ord(c) for c in path],
        ),
    )


def _boxes(file: Path, document: str, by_name: dict[str, list[str]], listed: dict[str, str]) -> Iterator[Box]:
    try:
        data = file.read_bytes() if file.is_file() else b""
        if ENTITIES.search(data.replace(b"\0", b"")):  # UTF-16 puts one between two letters
            raise ValueError("entities")
        root = ElementTree.fromstring(data)  # noqa: S314 - entities, which alone are dangerous, are refused above
    except (OSError, ValueError, LookupError, ElementTree.ParseError):
        yield Box(
            document, 0, "", *NAN, ""
        )  # the document itself is reported: it has no box that can be read
        return
    image = _image(document, root.findtext("filename") or "", by_name)
    folders = PurePosixPath(document).parts[:-1]
    split = listed.get(PurePosixPath(document).stem) or next(
        (split for folder in folders if (split := split_of(folder))), ""
    )
    for number, item in enumerate(root.iter("object"), 1):
        yield Box(image, number, (item.findtext("name") or "").strip(), *_corners(item.find("bndbox")), split)


def _corners(box: ElementTree.Element | None) -> tuple[float, float, float, float]:
    if box is None:
        return NAN
    try:
        left, top, right, bottom = (
            float(box.findtext(side) or "nan") for side in ("xmin", "ymin", "xmax", "ymax")
        )
    except ValueError:
        return NAN
    return left - 1, top - 1, right, bottom
