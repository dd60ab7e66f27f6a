"""File names of Roboflow, ``IMG_1_jpg.rf.<hash>.jpg``.

Versions of one picture, augmented or not, share what stands before ``.rf.``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from auditor.dataset import Dataset

#: The stem of such a name. The hash has 32 hexadecimal digits; shorter ones and other letters are seen too.
STEM = re.compile(r"(?P<picture>.+)\.rf\.[0-9A-Za-z]{8,}")
GROUPS_FROM = "Roboflow's file names"


def original_of(path: str) -> str:
    """Return the name of the picture that a file of Roboflow is a version of, or "".

    Examples
    --------
    >>> original_of("train/cat/IMG_1_jpg.rf.0123456789abcdef0123456789abcdef.jpg"), original_of("a.rf.jpg")
    ('IMG_1_jpg', '')
    """
    found = STEM.fullmatch(PurePosixPath(path).stem)
    return found["picture"] if found else ""


def grouped(dataset: Dataset) -> Dataset:
    """Return a data set in which versions of one picture of one class are a group, where names say so and no
    group is given.
    """
    if any(dataset.samples["group"].tolist()):
        return dataset
    originals = [original_of(path) for path in dataset.samples["path"]]
    if not any(originals):
        return dataset
    groups = [
        f"{label}/{original}" if label and original else original
        for label, original in zip(dataset.samples["label"], originals, strict=True)
    ]
    return replace(
        dataset,
        samples=dataset.samples.assign(group=groups),
        reading=replace(dataset.reading, groups_from=GROUPS_FROM),
    )
