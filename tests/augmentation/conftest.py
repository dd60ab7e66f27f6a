"""Tiny images on disk and a planned split of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from auditor.dataset import Dataset, LocalFiles


@dataclasses.dataclass(frozen=True)
class Planned:
    """What augmentation needs of a planned split."""

    dataset: Dataset
    table: pd.DataFrame
    usable: pd.DataFrame


def picture(number: int, height: int = 24, width: int = 32) -> np.ndarray:
    """A smooth picture that differs from its mirror image, its half turn, and from other numbers."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[0:height, 0:width]
    out = np.stack(
        [np.sin(x * f / 9 + p) + np.cos(y * g / 7) + x / width for f, g, p in rng.uniform(0.5, 2, (3, 3))],
        axis=-1,
    )
    out = (out - out.min()) / np.ptp(out)
    return (40 + 175 * out).astype(np.uint8)


def make_planned(root: Path, rows: list[tuple[str, str, str, str, str]]) -> Planned:
    """Write a picture for each (path, label, split, group, cluster) and return the plan."""
    for number, (path, *_) in enumerate(rows):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(picture(number))
        if file.suffix == ".jpg":
            image.save(file, quality=95)
        elif "grey" in file.stem:
            image.convert("L").save(file)
        else:
            image.save(file)
    table = pd.DataFrame(rows, columns=["path", "label", "split", "group", "cluster"]).astype(str)
    dataset = Dataset(
        name="tiny", kind="table", location=str(root), samples=table, source=LocalFiles(str(root))
    )
    return Planned(dataset, table, table[table["split"] != ""])


@pytest.fixture
def planned(tmp_path: Path) -> Planned:
    """8 cats (two of them copies of one another), 3 dogs, 2 birds to train on.

    One of each in val and test.
    """
    rows = [(f"cat/{i}.png", "cat", "train", "", "cat/0.png" if i in (0, 1) else "") for i in range(8)]
    rows += [(f"dog/{i}.jpg", "dog", "train", "", "") for i in range(3)]
    rows += [(f"bird/grey{i}.png", "bird", "train", "", "") for i in range(2)]
    rows += [
        (f"{label}/{split}.png", label, split, "", "")
        for split in ("val", "test")
        for label in ("cat", "dog", "bird")
    ]
    return make_planned(tmp_path / "data", sorted(rows))
