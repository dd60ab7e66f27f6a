"""Folders: class folders, split folders of class folders, or images alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.dataset import Dataset, LocalFiles, shown_name
from auditor.errors import DataError
from auditor.readers.layout import arrange, is_image, refuse_columns
from auditor.readers.scientific import scientific
from auditor.readers.unknown import hint_for
from auditor.record import MARKER

if TYPE_CHECKING:
    from auditor.readers import Columns


def reads(location: Path) -> bool:
    """Whether this is a folder."""
    return location.is_dir()


def _joined(inside: str, name: str) -> str:
    return f"{inside}/{name}" if inside else name


def walk(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
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
        folders = sorted(f for f in folders if not (f.startswith(".") or (here / f / MARKER).exists()))
        yield inside, folders, sorted(files)
        stack.extend(_joined(inside, f) for f in reversed(folders))


def all_files(root: Path) -> tuple[list[str], dict[str, str]]:
    """Return the shown names of all files below a folder, and the actual names of those where the two differ."""
    shown: list[str] = []
    names: dict[str, str] = {}
    for inside, _, files in walk(root):
        for file in files:
            actual = _joined(inside, file)
            shown.append(shown_name(actual))
            if shown[-1] != actual:
                names[shown[-1]] = actual
    return shown, names


def read(location: Path, columns: Columns) -> Dataset:
    """Read a tree of images. The folder that directly names the class is the first below the root or below a split folder."""
    refuse_columns(columns, "a folder")
    if (location / MARKER).exists():
        raise DataError(
            expected="a folder of images",
            received=f"'{location}', which auditor wrote",
            hint="name the data, not the output folder",
        )
    names: dict[str, str] = {}
    images: list[str] = []
    ignored: list[str] = []
    folders: list[str] = []
    for inside, below, files in walk(location):
        folders.extend(shown_name(_joined(inside, f)) for f in below)
        for file in files:
            actual = _joined(inside, file)
            shown = shown_name(actual)
            if not is_image(shown):
                ignored.append(shown)
                continue
            images.append(shown)
            if shown != actual:
                names[shown] = actual
    if names and len(set(images)) < len(
        images
    ):  # a name with an odd byte in it, and another that spells that byte out
        images = _told_apart(images, names)
    layout = arrange(
        images,
        folders,
        location=shown_name(str(location)),
        others=len(ignored),
        hint=hint_for(location, ignored) if ignored else "",
    )
    return Dataset(
        name=shown_name(location.resolve().name),
        kind=layout.kind,
        location=str(location),
        samples=layout.samples,
        source=scientific(LocalFiles(str(location.absolute()), names), images),
        ignored=tuple(sorted(ignored)),
        empty=layout.empty,
    )


def _told_apart(images: list[str], names: dict[str, str]) -> list[str]:
    """Give the file with the odd byte another shown name where two would be shown alike; returns the shown names."""
    twice = {name for name, count in Counter(images).items() if count > 1}
    for name in twice:
        names[name + "?"] = names.pop(name)
    seen: set[str] = set()
    return [name + "?" if name in twice and (name in seen or seen.add(name)) else name for name in images]  # type: ignore[func-returns-value]
