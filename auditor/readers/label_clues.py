"""Where labels were likely meant, in folders of images that have none."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from auditor.dataset import Dataset, shown_name
from auditor.errors import AuditorError
from auditor.readers.name_labels import FILENAME, find_names
from auditor.readers.split_names import split_of
from auditor.reading import LabelClue, listed

if TYPE_CHECKING:
    import pandas as pd

#: Endings of tables that can be named in place of the folder, and of other files that may hold labels.
TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
LABEL_FILES = (".json", ".xml", ".txt", ".yaml", ".yml", ".xlsx", ".xls", ".mat", ".pkl", ".npy", ".h5")
#: Names of files that hold no labels.
NO_LABELS = re.compile(r"(?i)(readme|licen[cs]e|requirements|changelog|citation|submission|classes\.txt$)")
#: Tables that are read, and folders in which the files of one are looked for: more would make opening slow.
LOOKED_AT, ROOTS = 3, 8
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
    clues = [*_tables(paths, ignored, location), *_annotations(paths, ignored), *_names_by_split(samples)]
    if classes:
        clues.append(
            LabelClue(
                found=f"all labelled images are of one class, '{classes[0]}'",
                advice="name the folder that holds the folders of all classes; if no labels are meant, add "
                "--unlabelled",
            )
        )
    return tuple(clues)


def _tables(paths: Sequence[str], ignored: Iterable[str], location: Path | None) -> list[LabelClue]:
    """Return the tables beside the images, with the command that reads each; one that describes training
    images goes first."""
    tables = [
        n for n in ignored if n.lower().endswith(TABLES) and not NO_LABELS.search(PurePosixPath(n).name)
    ]
    tables.sort(key=lambda name: (_part_of_table(name), name.count("/"), name))
    folders = _folders(paths, location) if location and tables else []
    clues = []
    for name in tables[:LOOKED_AT]:
        found = f"'{name}' lies beside the images"
        if location is None:
            clues.append(LabelClue(found=found, advice=UNPACK))
        elif (options := _options(location / name, folders)) is None:
            clues.append(LabelClue(found=found, advice=WRITE_A_TABLE))
        else:
            place = shlex.quote(shown_name(str(location / name)))
            clues.append(LabelClue(found=found, type=f"auditor scan {place}{options}"))
    return clues


def _part_of_table(name: str) -> int:
    """Return 0 for a table of training images, 2 for one of test images, which often has no labels, else
    1.
    """
    parts = {split_of(re.split(r"[_\W]", part)[0]) for part in PurePosixPath(name).with_suffix("").parts}
    return 0 if "train" in parts else 2 if "test" in parts else 1


def _options(file: Path, folders: Sequence[Path]) -> str | None:
    """Return the options with which a table is read with labels and finds its files, below its own folder or
    one of others; ``None`` where there are none."""
    from auditor.readers import Columns
    from auditor.readers.table import read

    for root in (None, *folders):
        try:
            data = read(file, Columns(root=root))
        except AuditorError:
            continue
        typed = [clue.type for clue in data.reading.label_clues if clue.type]
        if not _has_files(data) or not (data.labelled or typed):
            continue
        options = [] if data.labelled else typed[:1]
        options += [f"--root {shlex.quote(shown_name(str(root)))}"] if root else []
        return "".join(f" {option}" for option in options)
    return None


def _has_files(data: Dataset) -> bool:
    """Whether the first file of a table is where its path leads."""
    try:
        return data.source.stat(data.samples["path"].iloc[0]).size > 0
    except OSError:
        return False


def _folders(paths: Iterable[str], location: Path) -> list[Path]:
    """Return the folders around images, those of training images first."""
    inside = {folder for path in paths for folder in PurePosixPath(path).parents}
    first = sorted(inside, key=lambda folder: (_part_of_table(f"{folder}/x"), len(folder.parts), str(folder)))
    return [location / folder for folder in first[:ROOTS]]


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
        where, names = find_names(part["path"].tolist())
        if where:
            shown = listed(f"'{name}'" for name in sorted(set(names) - {""}))
            found = f"names of files {where} with what may be classes ({shown})"
            return [LabelClue(found=found, type=f"--label {FILENAME}")]
    return []
