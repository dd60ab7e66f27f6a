"""Folders: class folders, split folders of class folders, or images alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.dataset import Dataset, LocalFiles, shown_name
from auditor.errors import DataError
from auditor.record import MARKER

if TYPE_CHECKING:
    from auditor.readers import Columns

#: Extensions of the image formats that Pillow or OpenCV decode; a file with another one is counted as ignored.
IMAGE_EXTENSIONS = frozenset(
    ".jpg .jpeg .jpe .jfif .jp2 .j2k .png .apng .gif .bmp .dib .tif .tiff .webp .avif .ppm .pgm .pbm .pnm .ico .tga .mpo .qoi .sgi .rgb".split()
)

#: Folder names that mean a split, in lower case.
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}


def reads(location: Path) -> bool:
    """Whether this is a folder."""
    return location.is_dir()


def _walk(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (folder relative to the root, its folders, its files), following links but never in a circle."""
    seen: set[tuple[int, int]] = set()
    stack = [""]
    while stack:
        inside = stack.pop()
        here = root / inside
        folders: list[str] = []
        files: list[str] = []
        try:
            found = here.stat()
            if (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
            with os.scandir(here) as entries:
                for entry in entries:
                    try:
                        (folders if entry.is_dir() else files).append(entry.name)
                    except OSError:
                        files.append(entry.name)
        except OSError:
            yield inside, [], [""]
            continue
        if MARKER in files:
            continue
        folders = sorted(f for f in folders if not f.startswith("."))
        yield inside, folders, sorted(files)
        stack.extend(os.path.join(inside, f) for f in reversed(folders))


def read(location: Path, columns: Columns) -> Dataset:
    """Read a tree of images. The folder that directly names the class is the first below the root or below a split folder."""
    import pandas as pd

    if columns.label or columns.split or columns.group:
        named = next(n for n in (columns.label, columns.split, columns.group) if n)
        raise DataError(expected="a table, where columns are named", received=f"a folder, and the column '{named}'", hint="leave the option out, or give a CSV")
    if (location / MARKER).exists():
        raise DataError(expected="a folder of images", received=f"'{location}', which auditor wrote", hint="name the data, not the output folder")
    names: dict[str, str] = {}
    images: list[str] = []
    ignored: list[str] = []
    folders: list[str] = []
    for inside, below, files in _walk(location):
        folders.extend(os.path.join(inside, f) for f in below)
        for file in files:
            actual = os.path.join(inside, file)
            shown = shown_name(actual)
            extension = os.path.splitext(file)[1].lower()
            if extension in IMAGE_EXTENSIONS and not file.startswith("."):
                images.append(shown)
                if shown != actual:
                    names[shown] = actual
            else:
                ignored.append(shown)
    if not images:
        raise DataError(
            expected="a folder with images in class folders",
            received=f"'{location}' with no image in it ({len(ignored)} other files)",
            hint=f"images are files that end in {', '.join(sorted(IMAGE_EXTENSIONS)[:6])}, ...",
        )
    parts = [path.split("/") for path in images]
    top = {p[0] for p in parts if len(p) > 1} | {f for f in map(shown_name, folders) if "/" not in f}
    is_split = bool(top) and all(t.lower() in SPLIT_NAMES for t in top)
    depth = 1 if is_split else 0
    samples = pd.DataFrame(
        {
            "path": images,
            "label": [p[depth] if len(p) > depth + 1 else "" for p in parts],
            "split": [SPLIT_NAMES[p[0].lower()] if is_split and len(p) > 1 else "" for p in parts],
            "group": "",
        }
    ).astype(str)
    present = set(zip(samples["split"], samples["label"], strict=True))
    empty = []
    for f in map(shown_name, folders):
        p = f.split("/")
        split = SPLIT_NAMES[p[0].lower()] if is_split else ""
        if len(p) == depth + 1 and (split, p[-1]) not in present:
            empty.append((split, p[-1]))
        if is_split and len(p) == 1 and split not in set(samples["split"]):
            empty.append((split, ""))
    labelled = bool((samples["label"] != "").any())
    kind = ("split folders" if is_split else "class folders") if labelled else "images"
    return Dataset(
        name=shown_name(location.resolve().name),
        kind=kind,
        location=str(location),
        samples=samples.sort_values("path", ignore_index=True),
        source=LocalFiles(str(location.absolute()), names),
        ignored=tuple(sorted(ignored)),
        empty=tuple(sorted(empty)),
    )
