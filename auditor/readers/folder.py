"""Folders: class folders, split folders of class folders, or images alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.dataset import Dataset, LocalFiles, shown_name
from auditor.errors import DataError
from auditor.readers.label_clues import find_label_clues, needs_labels
from auditor.readers.layout import arrange, is_image, refuse_columns, with_left_out
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


#: How often one folder is read through different links; more would let a few links fan out without end.
MOST_READS = 8


def walk(
    root: Path, skipped: dict[str, list[str]] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (folder relative to the root, its folders, its files), following links but never in a circle.

    ``skipped`` receives the folders that are not entered, by reason.
    """
    skipped = {} if skipped is None else skipped
    reads: Counter[tuple[int, int]] = Counter()
    stack: list[tuple[str, tuple[tuple[int, int], ...]]] = [("", ())]
    while stack:
        inside, around = stack.pop()
        here = root / inside
        folders: list[str] = []
        files: list[str] = []
        try:
            found = here.stat()
            place = (found.st_dev, found.st_ino)
            reads[place] += 1
            if place in around or reads[place] > MOST_READS:
                reason = "links in a circle" if place in around else f"linked more than {MOST_READS} times"
                skipped.setdefault(reason, []).append(inside)
                continue
            with os.scandir(here) as entries:
                for entry in entries:
                    try:
                        (folders if entry.is_dir() else files).append(entry.name)
                    except OSError:
                        files.append(entry.name)
        except OSError:
            yield inside, [], [""]
            continue
        if MARKER in files and (here / MARKER).is_file():
            skipped.setdefault("written by auditor", []).append(inside)
            continue
        hidden = sorted(_joined(inside, f) for f in folders if f.startswith("."))
        if hidden:
            skipped.setdefault("hidden", []).extend(hidden)
        folders = sorted(f for f in folders if not f.startswith("."))
        written = [f for f in folders if (here / f / MARKER).is_file()]
        if written:
            skipped.setdefault("written by auditor", []).extend(_joined(inside, f) for f in written)
            folders = [f for f in folders if f not in written]
        yield inside, folders, sorted(files)
        stack.extend((_joined(inside, f), (*around, place)) for f in reversed(folders))


def all_files(root: Path) -> tuple[list[str], dict[str, str]]:
    """Return the shown names of all files below a folder, and the actual names of those where the two
    differ."""
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
    """Read a tree of images; what its folders mean, `auditor.readers.layout.arrange` says."""
    refuse_columns(columns, "a folder")
    if (location / MARKER).is_file():
        raise DataError(
            expected="a folder of images",
            received=f"'{location}', which auditor wrote",
            hint="name the data, not the output folder",
        )
    names: dict[str, str] = {}
    images: list[str] = []
    ignored: list[str] = []
    folders: list[str] = []
    skipped: dict[str, list[str]] = {}
    for inside, below, files in walk(location, skipped):
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
    not_entered = {reason: sorted(map(shown_name, where)) for reason, where in skipped.items()}
    outside = {folder for where in not_entered.values() for folder in where}
    layout = arrange(
        images,
        [folder for folder in folders if folder not in outside],
        location=shown_name(str(location)),
        ignored=ignored,
        hint=hint_for(location, ignored) if ignored else "",
    )
    reading = with_left_out(layout.reading, ignored, not_entered)
    if needs_labels(layout.samples):
        reading = replace(reading, label_clues=find_label_clues(layout.samples, ignored, location))
    return Dataset(
        name=shown_name(location.resolve().name),
        kind=layout.kind,
        location=str(location),
        samples=layout.samples,
        source=scientific(LocalFiles(str(location.absolute()), names), images),
        ignored=tuple(sorted([*ignored, *layout.left_out])),
        empty=layout.empty,
        reading=reading,
    )


def _told_apart(images: list[str], names: dict[str, str]) -> list[str]:
    """Give the file with the odd byte another shown name where two would be shown alike; returns the shown
    names."""
    twice = {name for name, count in Counter(images).items() if count > 1}
    for name in twice:
        names[name + "?"] = names.pop(name)
    seen: set[str] = set()
    return [name + "?" if name in twice and (name in seen or seen.add(name)) else name for name in images]  # type: ignore[func-returns-value]
