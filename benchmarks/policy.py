"""What a policy does to the classes of a data set, and how the augmentation that follows from it is budgeted.

    python benchmarks/policy.py [DATA] [--policy microscopy] [--per-class 100]

``DATA`` is a folder of class folders (or split folders; then its training images); without it scikit-learn's
handwritten digits are written to a temporary folder. Prints each transform at each magnitude with the share
of pictures that change class, then the notes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


def write_digits(root: Path) -> None:
    """The digits as PNG, 32 px."""
    import cv2
    from sklearn.datasets import load_digits

    digits = load_digits()
    for i, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        (root / str(label)).mkdir(exist_ok=True)
        cv2.imwrite(
            str(root / str(label) / f"{i:04}.png"),
            cv2.resize((image * 15.9).astype(np.uint8), (32, 32), interpolation=cv2.INTER_CUBIC),
        )


@dataclass(frozen=True)
class Split:
    """All labelled images, in train unless the folders say otherwise."""

    dataset: Any
    table: Any
    usable: Any


def main() -> None:
    """Print the table."""
    from auditor.augmentation import PRESETS, check_policy
    from auditor.readers import open_dataset

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?")
    parser.add_argument("--policy", default="microscopy", choices=sorted(PRESETS))
    parser.add_argument("--per-class", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.data is None:
            write_digits(Path(folder))
        dataset = open_dataset(options.data or folder)
        table = dataset.samples[dataset.samples["label"] != ""].assign(cluster="")
        table["split"] = table["split"].where(table["split"] != "", "train")
        start = time.process_time()
        found = check_policy(Split(dataset, table, table), options.policy, per_class=options.per_class)
        seconds = time.process_time() - start
    whole = found.table[found.table["label"] == ""].drop(columns=["label", "to", "to_share", "example"])
    print(f"judge: {found.judge}; {seconds:.0f} CPU s")
    print(whole.to_string(index=False, float_format="{:.3f}".format))
    print("\n".join(found.notes))


if __name__ == "__main__":
    main()
