"""Labels from the names of files or of the folders around them, where the user asks for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from auditor.dataset import Dataset
from auditor.errors import DataError
from auditor.readers.split_names import split_of

#: What ``--label`` takes in place of a column for data that is no table.
FILENAME, FOLDER = "filename", "folder"
#: Share of the images whose names must begin or end with a class name, and images per such name on average:
#: fewer are no classes, but names of their own.
NAMED_SHARE, IMAGES_PER_NAME = 0.9, 3
#: More names than these are no classes in file names.
MOST_NAMES = 1000
#: The words before the first number of a file name, and those after its last: ``cat.0.jpg``, ``0001_dog.jpg``.
BEGINNING = re.compile(r"([^\W\d_][^\d]*?)[\W_]*\d")
END = re.compile(r"\d[\W_]*([^\W\d_][^\d]*)$")


def find_names(paths: Sequence[str]) -> tuple[str, list[str]]:
    """Return where names of files hold what may be classes (``begin``, ``end`` or nowhere), and that of each.

    Examples
    --------
    >>> find_names(["cat.0.jpg", "cat.1.jpg", "cat.2.jpg", "dog.0.jpg", "dog.1.jpg", "dog.2.jpg"])
    ('begin', ['cat', 'cat', 'cat', 'dog', 'dog', 'dog'])
    """
    stems = [PurePosixPath(path).stem for path in paths]
    found = {
        "begin": [m[1] if (m := BEGINNING.match(stem)) else "" for stem in stems],
        "end": [m[1] if (m := END.search(stem)) else "" for stem in stems],
    }
    most = min(MOST_NAMES, len(stems) // IMAGES_PER_NAME)
    for where, names in found.items():
        counts = Counter(name.lower() for name in names if name)
        enough = sum(counts.values()) >= NAMED_SHARE * len(stems)
        if 2 <= len(counts) <= most and enough and not any(map(split_of, counts)):
            return where, names
    return "", [""] * len(stems)


def labelled_by_name(dataset: Dataset, label: str) -> Dataset:
    """Return a data set whose classes are what names of files begin or end with, or the folder of each file.

    Raises
    ------
    DataError
        The names hold no classes.
    """
    samples = dataset.samples.copy()
    if label == FOLDER:
        where = "the folder of each picture"
        parents = [PurePosixPath(path).parent.name for path in samples["path"]]
        samples["label"] = ["" if split_of(name) else name for name in parents]
    else:
        samples["label"], where = "", ""
        for _, part in samples.groupby("split"):
            found, names = find_names(part["path"].tolist())
            samples.loc[part.index, "label"] = names
            where = f"the {'beginning' if found == 'begin' else 'end'} of file names" if found else where
    if len(set(samples["label"]) - {""}) < 2:
        raise DataError(
            expected=f"classes in the names of "
            f"{'folders' if label == FOLDER else 'files'}, for --label {label}",
            received=f"'{dataset.location}', whose names hold none or one",
            hint="names like cat.0.jpg or 0001_dog.png hold classes; else write a CSV with path and label",
        )
    reading = replace(dataset.reading, labels_from=where, label_clues=(), notes=())
    return replace(dataset, samples=samples, empty=(), reading=reading)
