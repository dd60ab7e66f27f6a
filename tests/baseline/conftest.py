from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from auditor.baseline import Baseline, TrainOptions, train_baseline
from auditor.dataset import Dataset, LocalFiles

#: As small as a model can be that still has every kind of layer.
TINY = TrainOptions(
    image_size=16,
    filters=16,
    depth=1,
    epochs=6,
    patience=6,
    batch_size=16,
    scaling="min-max",
    experiments=False,
    seeds=1,
)


@dataclass
class FakePlan:
    """What training needs of a plan."""

    dataset: Dataset
    table: pd.DataFrame

    @property
    def usable(self) -> pd.DataFrame:
        return self.table[self.table["split"] != ""]


def draw(label: str, rng: np.random.Generator, noise: float = 20.0) -> np.ndarray:
    """A bright bar, upright or lying or slanted, somewhere on a noisy ground.

    Classes that no mean colour tells apart.
    """
    picture = np.full((24, 24, 3), 60.0)
    at = int(rng.integers(6, 18))
    if label == "upright":
        picture[2:22, at - 2 : at + 2] = 200
    elif label == "lying":
        picture[at - 2 : at + 2, 2:22] = 200
    else:
        for i in range(24):
            picture[i, max(0, i + at - 14) : max(0, i + at - 9)] = 200
    return np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


MakePlan = Callable[..., FakePlan]


@pytest.fixture(scope="package")
def make_plan(tmp_path_factory: pytest.TempPathFactory) -> MakePlan:
    def make(counts: Iterable[tuple[str, str, int]], *, seed: int = 0, noise: float = 20.0) -> FakePlan:
        root = tmp_path_factory.mktemp("bars")
        rng = np.random.default_rng(seed)
        rows = []
        for split, label, n in counts:
            for i in range(n):
                path = f"{split}-{label}-{i:03d}.png"
                cv2.imwrite(str(root / path), draw(label, rng, noise))
                rows.append((path, label, split, "", ""))
        table = (
            pd.DataFrame(rows, columns=["path", "label", "split", "group", "cluster"])
            .astype(str)
            .sort_values("path", ignore_index=True)
        )
        dataset = Dataset(
            name="bars",
            kind="table",
            location=str(root),
            samples=table[["path", "label", "split", "group"]],
            source=LocalFiles(str(root)),
        )
        return FakePlan(dataset, table)

    return make


@pytest.fixture(scope="package")
def bars(make_plan: MakePlan) -> FakePlan:
    return make_plan(
        [
            ("train", "upright", 60),
            ("train", "lying", 40),
            ("val", "upright", 20),
            ("val", "lying", 15),
            ("test", "upright", 20),
            ("test", "lying", 12),
        ]
    )


@dataclass
class Trained:
    result: Baseline
    folder: Path
    plan: FakePlan


@pytest.fixture(scope="package")
def trained(bars: FakePlan, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("out")
    return Trained(train_baseline(bars, options=TINY, output=folder), folder, bars)
