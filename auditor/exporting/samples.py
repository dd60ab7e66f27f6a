"""Lists of ``(path, class number)`` as in torchvision's ``ImageFolder.samples``; PyTorch is not needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from auditor.outputs import write_file

if TYPE_CHECKING:
    from auditor.exporting.material import Material, Options


class Samples(NamedTuple):
    """What a PyTorch ``Dataset`` is made of.

    Attributes
    ----------
    samples : dict of str to list of (str, int)
        File name and class number of each image, by part.
    class_to_idx : dict of str to int
        Class numbers.
    """

    samples: dict[str, list[tuple[str, int]]]
    class_to_idx: dict[str, int]


def make(material: Material, options: Options) -> Samples:
    """Return the lists; file names are absolute."""
    parts = {
        part: list(zip(material.files(rows["path"]), material.numbers(rows["label"]), strict=True))
        for part, rows in material.parts.items()
    }
    return Samples(parts, {label: k for k, label in enumerate(material.classes)})


def write(material: Material, target: Path, options: Options) -> Path:
    """Write ``{"class_to_idx": ..., "samples": {"train": [[file, 0], ...]}}``."""
    made = make(material, options)
    text = json.dumps({"class_to_idx": made.class_to_idx, "samples": made.samples}, indent=1)
    write_file(target, f"{text}\n".encode())
    return target
