"""Where labels were likely meant, in folders of images that have none."""

from __future__ import annotations

import csv
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from auditor.readers.columns import LABEL_NAMES, PATH_NAMES, find_column
from auditor.reading import LabelClue, listed

if TYPE_CHECKING:
    import pandas as pd

#: Endings of tables that can be named in place of the folder, and of other files that may hold labels.
TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
LABEL_FILES = (".json", ".xml", ".txt", ".yaml", ".yml", ".xlsx", ".xls", ".mat", ".pkl", ".npy", ".h5")
#: Names of files that hold no labels.
NO_LABELS = re.compile(r"(?i)(readme|licen[cs]e|requirements|changelog|citation|submission|classes\.txt$)")
#: Share of the images whose names must begin or end with a class name, and images per such name on average:
#: fewer are no classes, but names of their own.
NAMED_SHARE, IMAGES_PER_NAME = 0.9, 3
#: More names than these are no classes in file names.
MOST_NAMES = 1000
#: Tables whose header is read.
LOOKED_AT = 3
#: What to do where nothing can be typed.
WRITE_A_TABLE = (
    "write a CSV with the columns path and label and scan that, or put the images of each class "
    "into a folder of its own"
)
UNPACK = "unpack it and scan the table; its folder is then where its paths begin"


def needs_labels(samples: pd.DataFrame) -> bool:
    """Whether no classifier can be trained for want of labels: there are fewer than two classes."""
    return len(set(samples["label"]) - {""}) < 2


def find_label_clues(
    samples: pd.DataFrame, ignored: Sequence[str], location: Path | None = None
) -> tuple[LabelClue, ...]:
    """Return where labels were likely meant: tables and annotations beside the images, names of files, one
    class alone.

    ``location`` is the folder around them, ``None`` for what is no folder on this machine.
    """
    paths = samples["path"].tolist()
    classes = sorted(set(samples["label"]) - {""})
    clues = [*_tables(ignored, location), *_annotations(paths, ignored), *_names_by_split(samples)]
    if classes:
        clues.append(
            LabelClue(
                found=f"all labelled images are of one class, '{classes[0]}'",
                advice="name the folder that holds the folders of all classes; if no labels are meant, add "
                "--unlabelled",
            )
        )
    return tuple(clues)


def _tables(ignored: Iterable[str], location: Path | None) -> list[LabelClue]:
    """Return the tables beside the images, with the command that reads each."""
    tables = [
        n for n in ignored if n.lower().endswith(TABLES) and not NO_LABELS.search(PurePosixPath(n).name)
    ]
    tables.sort(key=lambda name: (name.count("/"), name))
    clues = []
    for name in tables[:LOOKED_AT]:
        if location is None:
            clues.append(LabelClue(found=f"'{name}' lies beside the images", advice=UNPACK))
            continue
        place = location / name
        options = _options(place)
        clues.append(
            LabelClue(
                found=f"'{name}' lies beside the images",
                type=f"auditor scan {shlex.quote(str(place))}{options}",
            )
        )
    return clues


def _options(table: Path) -> str:
    """Return the options that name the columns of a table that are not called path and label."""
    if table.suffix.lower() not in (".csv", ".tsv"):
        return ""
    try:
        with table.open(encoding="utf-8-sig", errors="replace", newline="") as text:
            header = next(csv.reader(text, delimiter="\t" if table.suffix.lower() == ".tsv" else ","), [])
    except (OSError, csv.Error):
        return ""
    names = [name.strip() for name in header]
    path, label = find_column(names, PATH_NAMES), find_column(names, LABEL_NAMES)
    others = [name for name in names if name and name != path]
    if path is None or label is not None or not others:
        return ""
    return f" --label {shlex.quote(others[0])}"


def _annotations(paths: Sequence[str], ignored: Iterable[str]) -> list[LabelClue]:
    """Return files that are named as the images are, or that may list their labels."""
    files = [
        n for n in ignored if n.lower().endswith(LABEL_FILES) and not NO_LABELS.search(PurePosixPath(n).name)
    ]
    stems = {PurePosixPath(path).stem for path in paths}
    twins = [name for name in files if PurePosixPath(name).stem in stems]
    clues = []
    if twins:
        clues.append(
            LabelClue(
                found=f"{len(twins):,} files are named as the images are ({listed(twins)})",
                advice=WRITE_A_TABLE,
            )
        )
    others = sorted(set(files) - set(twins))
    if others:
        clues.append(
            LabelClue(found=f"there are files that may hold labels ({listed(others)})", advice=WRITE_A_TABLE)
        )
    return clues


def _names_by_split(samples: pd.DataFrame) -> list[LabelClue]:
    """Return the class names in file names of the first split whose files have some."""
    for _, part in samples.groupby("split"):
        if clues := _names(part["path"].tolist()):
            return clues
    return []


def _names(paths: Sequence[str]) -> list[LabelClue]:
    """Return the class names that names of files begin or end with: ``cat.0.jpg``, ``0001_dog.jpg``."""
    stems = [PurePosixPath(path).stem for path in paths]
    begin = Counter(m[1].lower() for s in stems if (m := re.match(r"([^\W\d_][^\d]*?)[\W_]*\d", s)))
    end = Counter(m[1].lower() for s in stems if (m := re.search(r"\d[\W_]*([^\W\d_][^\d]*)$", s)))
    for names, where in ((begin, "begin"), (end, "end")):
        most = min(MOST_NAMES, len(stems) // IMAGES_PER_NAME)
        if 2 <= len(names) <= most and sum(names.values()) >= NAMED_SHARE * len(stems):
            shown = listed(f"'{name}'" for name in sorted(names))
            return [
                LabelClue(
                    found=f"names of files {where} with what may be classes ({shown})", advice=WRITE_A_TABLE
                )
            ]
    return []
