"""The arguments of ``keras.utils.image_dataset_from_directory``: the same files, classes and split, without Keras."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.dataset import Dataset, LocalFiles
from auditor.errors import DataError, UsageError
from auditor.readers.folder import all_files

#: What Keras reads (keras/src/utils/image_dataset_utils.py, ``ALLOWLIST_FORMATS``).
FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
#: Its arguments that say which files there are, and those that only say how they are fed to a model.
SELECTING = (
    "directory",
    "labels",
    "label_mode",
    "class_names",
    "shuffle",
    "seed",
    "validation_split",
    "subset",
    "follow_links",
)
FEEDING = (
    "color_mode", "batch_size", "image_size", "interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "data_format", "format",
    "verbose",
)  # fmt: skip
#: Which splits each value of ``subset`` means.
SUBSETS: dict[object, tuple[str, ...]] = {
    None: ("",),
    "training": ("train",),
    "validation": ("val",),
    "both": ("train", "val"),
}


def is_arguments(data: object) -> bool:
    """Whether this is such a list of arguments."""
    return isinstance(data, Mapping) and "directory" in data


def read(arguments: Mapping[str, Any]) -> Dataset:
    """Return the data set that Keras would read.

    Raises
    ------
    UsageError
        An argument that Keras does not know or would refuse.
    DataError
        The folder is missing, or Keras would find nothing in it.
    """
    import pandas as pd

    _refuse(arguments)
    root = Path(arguments["directory"])
    if not root.is_dir():
        raise DataError(
            expected="a folder as 'directory'", received=f"'{root}', which is none", hint="check the path"
        )
    labels = arguments.get("labels", "inferred")
    if labels is None or arguments.get("label_mode", "int") is None:
        labels = None
    classes = _classes(root, arguments) if isinstance(labels, str) else [""]
    found = [
        (path, name)
        for name in classes
        for path in _files(root, name, bool(arguments.get("follow_links", False)))
    ]
    if labels is not None and not isinstance(labels, str):
        if len(labels) != len(found):
            raise UsageError(
                expected=f"{len(found):,} 'labels', one for each file in '{root}'",
                received=f"{len(labels):,}",
                hint="order them by path",
            )
        found = [(path, str(label)) for (path, _), label in zip(found, labels, strict=True)]
    rows = [(path, label, split, "") for path, label, split in _divided(found, arguments)]
    if not rows:
        raise DataError(
            expected=f"files that end in {', '.join(FORMATS)}",
            received=f"'{root}' with none in this subset",
            hint="check 'directory' and 'subset'",
        )
    files, names = all_files(root)
    actual = {name: shown for shown, name in names.items()}
    samples = pd.DataFrame(rows, columns=["path", "label", "split", "group"], dtype=str)
    samples["path"] = [actual.get(path, path) for path in samples["path"]]
    listed = {actual.get(path, path) for path, _ in found}
    return Dataset(
        name=root.resolve().name,
        kind="Keras folder",
        location=str(root),
        samples=samples.sort_values("path", ignore_index=True),
        source=LocalFiles(str(root.absolute()), names),
        ignored=tuple(sorted(set(files) - listed)),
    )


def _refuse(arguments: Mapping[str, Any]) -> None:
    unknown = [name for name in arguments if name not in (*SELECTING, *FEEDING)]
    labels, subset, share = (
        arguments.get("labels", "inferred"),
        arguments.get("subset"),
        arguments.get("validation_split"),
    )
    wrong = {
        f"'{unknown[0]}'" if unknown else "": bool(unknown),
        f"labels={labels!r}": labels not in ("inferred", None)
        if isinstance(labels, str)
        else not isinstance(labels, (Sequence, type(None))),
        f"subset={subset!r}": subset not in SUBSETS,
        f"validation_split={share!r}": share is not None
        and not (isinstance(share, (int, float)) and 0 < share < 1),
        "one of 'validation_split' and 'subset' without the other": bool(share) != bool(subset),
        "'class_names' with labels that are not inferred": bool(arguments.get("class_names"))
        and labels != "inferred",
        "a split of shuffled files without a 'seed'": bool(share)
        and arguments.get("shuffle", True)
        and arguments.get("seed") is None,
    }
    for received, is_wrong in wrong.items():
        if is_wrong:
            raise UsageError(
                expected="the arguments of keras.utils.image_dataset_from_directory",
                received=received,
                hint="give what you give to Keras",
            )


def _classes(root: Path, arguments: Mapping[str, Any]) -> list[str]:
    present = sorted(p.name for p in root.iterdir() if not p.name.startswith(".") and p.is_dir())
    asked = arguments.get("class_names")
    if asked is None:
        return present
    if not set(asked) <= set(present):
        raise UsageError(
            expected=f"'class_names' that are folders of '{root}': {', '.join(present[:12])}",
            received=f"{list(asked)}",
            hint="check them",
        )
    return [str(name) for name in asked]


def _files(root: Path, name: str, follow_links: bool) -> list[str]:
    """Return the files of a class, relative to the root and in Keras's order: by folder, then by name."""
    found = []
    for folder, _, files in sorted(os.walk(root / name, followlinks=follow_links), key=lambda step: step[0]):
        inside = Path(folder).relative_to(root).as_posix()
        found += [
            f"{inside}/{file}" if inside != "." else file
            for file in sorted(files)
            if file.lower().endswith(FORMATS)
        ]
    return found


def _divided(found: list[tuple[str, str]], arguments: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return path, class and split of what the subset holds; Keras shuffles by its seed and takes validation from the end."""
    wanted = SUBSETS[arguments.get("subset")]
    if wanted == ("",):
        return [(path, label, "") for path, label in found]
    if arguments.get("shuffle", True):
        import numpy as np

        found = list(found)
        np.random.RandomState(arguments["seed"]).shuffle(found)  # the generator that Keras uses
    held_out = int(arguments["validation_split"] * len(found))
    # found[:-0] is empty, in Keras too
    parts = {"train": found[:-held_out], "val": found[-held_out:]}
    return [(path, label, split) for split in wanted for path, label in parts[split]]
