"""Pascal VOC annotations: an XML file per image, as the challenge, LabelImg and CVAT write them."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from auditor.dataset import Dataset, LocalFiles
from auditor.readers.boxes import Box, boxed, refuse_named
from auditor.readers.folder import all_files
from auditor.readers.layout import SPLIT_NAMES, is_image

if TYPE_CHECKING:
    from auditor.readers import Columns

#: Entries of a folder that are looked at to tell what it is, and bytes of a file.
FIRST, HEAD = 100, 4096
#: Entities are how XML is made into a bomb, and annotations have none.
ENTITIES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
NAN = (float("nan"),) * 4


def _first(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(e.path) for e in islice(entries, FIRST)]


def reads(location: Path) -> bool:
    """Whether this is a folder with XML annotations in it, in ``Annotations``, or in the folders of its splits."""
    if not location.is_dir():
        return False
    try:
        top = _first(location)
        near = [
            p
            for p in top
            if p.is_dir() and (p.name.lower() == "annotations" or p.name.lower() in SPLIT_NAMES)
        ]
        found = [
            p for folder in (top, *(_first(p) for p in near)) for p in folder if p.suffix.lower() == ".xml"
        ]
        for file in found[:3]:
            with file.open("rb") as stream:
                if b"<annotation" in stream.read(HEAD):
                    return True
    except OSError:
        return False
    return False


def read(location: Path, columns: Columns) -> Dataset:
    """Read VOC annotations: a box per sample. Splits come from ``ImageSets/Main`` or from the folders of splits.

    Boxes count pixels from 1 and include their last one (VOC 2012 development kit, section 3.2).
    """
    refuse_named(columns)
    files, names = all_files(location)
    images = [f for f in files if is_image(f)]
    documents = [f for f in files if f.lower().endswith(".xml")]
    by_stem: dict[str, list[str]] = {}
    for path in images:
        by_stem.setdefault(PurePosixPath(path).stem, []).append(path)
    listed = _image_sets(location)
    boxes: list[Box] = []
    seen: set[str] = set()
    for document in documents:
        found = list(_boxes(location / names.get(document, document), document, by_stem, listed))
        boxes.extend(found)
        seen.update(box.image for box in found)
    others = sorted(set(files) - set(images) - set(documents))
    ignored = [*others, *(f"{path} (no box)" for path in images if path not in seen)]
    source = LocalFiles(str(location.absolute()), names)
    return boxed(
        boxes, source, location=location, root=location, kind="Pascal VOC", relative=False, ignored=ignored
    )


def _image_sets(location: Path) -> dict[str, str]:
    """Return the split of each image that ``ImageSets/Main/{train,val,test}.txt`` lists."""
    listed: dict[str, str] = {}
    for split in ("train", "val", "test"):
        for file in location.glob(f"**/ImageSets/Main/{split}.txt"):
            for line in file.read_text("utf-8", "replace").splitlines():
                if line.strip():
                    listed.setdefault(line.split()[0], split)
    return listed


def _image(document: str, name: str, by_stem: dict[str, list[str]]) -> str:
    """Return the image of a document: of its own name or the name in it, the one that shares most folders with it."""
    stem = PurePosixPath(document).stem
    candidates = by_stem.get(stem) or by_stem.get(PurePosixPath(name.replace("\\", "/")).stem) or []
    if not candidates:
        return str(PurePosixPath(document).with_suffix(".jpg"))
    return max(
        candidates, key=lambda path: (len(os.path.commonpath([path, document])), [-ord(c) for c in path])
    )


def _boxes(file: Path, document: str, by_stem: dict[str, list[str]], listed: dict[str, str]) -> Iterator[Box]:
    try:
        data = file.read_bytes()
        if ENTITIES.search(data):
            raise ValueError("entities")
        root = ElementTree.fromstring(data)  # noqa: S314 - entities, which alone are dangerous, are refused above
    except (OSError, ValueError, LookupError, ElementTree.ParseError):
        yield Box(
            document, 0, "", *NAN, ""
        )  # the document itself is reported: it has no box that can be read
        return
    image = _image(document, root.findtext("filename") or "", by_stem)
    folders = [p.lower() for p in PurePosixPath(document).parts[:-1]]
    split = listed.get(PurePosixPath(document).stem) or next(
        (SPLIT_NAMES[p] for p in folders if p in SPLIT_NAMES), ""
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
