"""What the diagnosis says where the answer is known: planted faults, each in a training of its own.

    python -m benchmarks.diagnose FOLDER [name ...]

FOLDER holds the four idx files of Fashion-MNIST: 1,500 images train, 800 validate, 800 test, unless the fault
is in them. Prints for each planted fault every answer that is `yes`, and what the expected question was
answered; for a healthy training nothing should be.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from auditor.baseline import TrainOptions, train_baseline
from auditor.dataset import Dataset
from benchmarks.compare import Pictures, Planned, read_idx

TRAIN, HELD_OUT = 1500, 800


class WithoutLeaks(Planned):
    """Leaves out the training images that have a copy in test, as a planned split does."""

    @property
    def usable(self) -> pd.DataFrame:
        held_out = set(self.table.loc[self.table["split"] != "train", "cluster"]) - {""}
        return self.table[~((self.table["split"] == "train") & self.table["cluster"].isin(held_out))]


Spoil = Callable[[dict[str, Any], pd.DataFrame, np.random.Generator], None]


def nothing(arrays: dict[str, Any], table: pd.DataFrame, rng: np.random.Generator) -> None:
    """Leave the data as they are."""


def flip_labels(arrays: dict[str, Any], table: pd.DataFrame, rng: np.random.Generator) -> None:
    """Give 30 % of the training images another label."""
    train = table.index[table["split"] == "train"]
    for at in rng.choice(train, round(0.3 * len(train)), replace=False):
        table.at[at, "label"] = str((int(table.at[at, "label"]) + rng.integers(1, 10)) % 10)


def leak(arrays: dict[str, Any], table: pd.DataFrame, rng: np.random.Generator) -> None:
    """Put copies of training images, with their labels, in the place of half of the test images."""
    train, test = (rng.permutation(table.index[table["split"] == s]) for s in ("train", "test"))
    for number, (a, b) in enumerate(zip(test[: HELD_OUT // 2], train, strict=False)):
        arrays[table.at[a, "path"]] = arrays[table.at[b, "path"]]
        table.at[a, "label"] = table.at[b, "label"]
        table.loc[[a, b], "cluster"] = f"c{number}"


def harden(arrays: dict[str, Any], table: pd.DataFrame, rng: np.random.Generator) -> None:
    """Blur the test images and turn them by up to 30 degrees."""
    for path in table.loc[table["split"] == "test", "path"]:
        turn = cv2.getRotationMatrix2D((13.5, 13.5), float(rng.uniform(-30, 30)), 1.0)
        arrays[path] = cv2.warpAffine(cv2.GaussianBlur(arrays[path], (5, 5), 1.5), turn, (28, 28))


@dataclass(frozen=True)
class Planted:
    """A fault, the question that should be answered `yes`, and how it is made."""

    name: str
    question: str
    spoil: Spoil = nothing
    options: dict[str, Any] = field(default_factory=dict)


FAULTS = (
    Planted("healthy", "", options={"epochs": None}),
    Planted("too small a network", "underfitting", options={"image_size": 16, "depth": 1, "filters": 16}),
    Planted("learning rate 1e-5", "learning rate too low", options={"learning_rate": 1e-5}),
    Planted("learning rate 0.3", "learning rate too high", options={"learning_rate": 0.3}),
    Planted("one epoch only", "training too short", options={"epochs": 1}),
    Planted("30 % of training labels flipped", "wrong labels", flip_labels),
    Planted("half of test leaked", "leak-inflated test", leak),
    Planted("test blurred and turned", "too-hard test", harden),
)


def split(folder: Path, spoil: Spoil) -> Planned:
    """Return the split, spoilt."""
    rng = np.random.default_rng(0)
    images, labels = read_idx(folder, "train")
    arrays, rows = {}, []
    for number, at in enumerate(rng.permutation(len(images))[: TRAIN + 2 * HELD_OUT].tolist()):
        arrays[path := f"{at:05d}"] = images[at]
        rows.append(
            (
                path,
                str(labels[at]),
                "train" if number < TRAIN else "val" if number < TRAIN + HELD_OUT else "test",
            )
        )
    table = (
        pd.DataFrame(rows, columns=["path", "label", "split"])
        .assign(group="", cluster="")
        .sort_values("path", ignore_index=True)
    )
    spoil(arrays, table, rng)
    samples = table[["path", "label", "split", "group"]]
    return WithoutLeaks(
        Dataset(name="planted", kind="table", location=".", samples=samples, source=Pictures(arrays)), table
    )


def main(folder: str, *names: str) -> None:
    for fault in FAULTS:
        if names and fault.name not in names:
            continue
        began = time.monotonic()
        options = TrainOptions(
            **{"image_size": 32, "epochs": 10, "seeds": 1, "scaling": "min-max", **fault.options}
        )
        facts = train_baseline(split(Path(folder), fault.spoil), options=options).facts
        said = {d["question"]: d for d in facts["diagnosis"]}
        verdict = said[fault.question]["verdict"] if fault.question else "-"
        others = ", ".join(q for q, d in said.items() if d["verdict"] == "yes" and q != fault.question)
        shaky = ", ".join(q for q, d in said.items() if d["verdict"] == "undecided")
        accuracy = facts["scores"]["val"]["balanced_accuracy"]["value"]
        took = time.monotonic() - began
        print(
            f"{fault.name} (val {accuracy:.2f}, {took:.0f} s): {fault.question or 'nothing'}: {verdict}",
            flush=True,
        )
        print(f"    also yes: {others or '-'}; undecided: {shaky or '-'}", flush=True)
        for question, d in said.items():
            if d["verdict"] == "yes" or question == fault.question:
                print(f"    {question}: {d['text']}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
