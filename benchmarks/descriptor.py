"""What the descriptor costs and is good for.

``python benchmarks/descriptor.py [--fashion FOLDER] [--digits] [DATA ...]``.

For each data set: CPU milliseconds per image, balanced accuracy of the default ensemble by number of columns
and of images, and how many of five strange pictures planted from another data set are among the five
furthest. At the end, the cost and recall of neighbours in cells.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from labels import data_sets

from auditor.checks.outlier import distance_to_others
from auditor.evidence import Evidence
from auditor.evidence.descriptor import fit_projection
from auditor.evidence.neighbours import find_neighbours
from auditor.evidence.probabilities import balanced_accuracy, out_of_fold


def accuracy(scan: Evidence, images: int, columns: int) -> float:
    """Return the balanced accuracy of the ensemble on some images, described by themselves alone."""
    rows = np.random.default_rng(images).permutation(np.flatnonzero(scan.readable & (scan.labels != "")))[
        :images
    ]
    given = np.unique(scan.labels[rows].astype(str), return_inverse=True)[1]
    x = fit_projection(scan.signatures[rows[:2048]])(scan.signatures[rows])[:, :columns]
    classes = int(given.max()) + 1
    return balanced_accuracy(given, out_of_fold(x, given, scan.groups[rows], classes).argmax(axis=1), classes)


def strangers(scan: Evidence, other: Evidence) -> float:
    """Return the share of five strange pictures among the five furthest, mean of four draws."""
    import pandas as pd

    hits = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        mine = rng.permutation(np.flatnonzero(scan.readable))[:2000]
        theirs = rng.permutation(np.flatnonzero(other.readable))[:5]
        images = pd.concat([scan.images.loc[mine], other.images.loc[theirs]], ignore_index=True)
        images = images.assign(path=[f"{i}.png" for i in range(len(images))], group="")
        mixed = Evidence(
            images, np.concatenate([scan.signatures[mine].array, other.signatures[theirs].array])
        )
        everyone = np.arange(len(images))
        hits.append((np.argsort(-distance_to_others(mixed, everyone, everyone))[:5] >= len(mine)).mean())
    return float(np.mean(hits))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*")
    parser.add_argument("--fashion", type=Path)
    parser.add_argument("--digits", action="store_true")
    parser.add_argument("--count", type=int, default=4000)
    found = dict(data_sets(parser.parse_args()))
    print(
        "| data | images | CPU ms per image | balanced accuracy by images: all columns / a sixth as "
        "many as images |\n|---|---|---|---|"
    )
    for name, scan in found.items():
        start = time.process_time()
        count = len(scan.descriptor)
        cost = 1000 * (time.process_time() - start) / max(count, 1)
        sizes = [n for n in (120, 400, 1500) if n <= count]
        rates = "; ".join(
            f"{n}: {accuracy(scan, n, 128):.2f} / {accuracy(scan, n, max(n // 6, 4)):.2f}" for n in sizes
        )
        print(f"| {name} | {count} | {cost:.2f} | {rates} |", flush=True)
    print("\n| data | strangers | share of five among the five furthest |\n|---|---|---|")
    for name, scan in found.items():
        for stranger, other in found.items():
            if stranger != name:
                print(f"| {name} | {stranger} | {strangers(scan, other):.2f} |", flush=True)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(200, 128))
    x = (centres[rng.integers(200, size=20_000)] + rng.normal(size=(20_000, 128))).astype(np.float32)
    everyone = np.ones(len(x), dtype=bool)
    start = time.process_time()
    exact = find_neighbours(x, everyone, 10, rng=rng)
    middle = time.process_time()
    cells = find_neighbours(x, everyone, 10, rng=rng, exact_limit=0)
    end = time.process_time()
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact.rows, cells.rows, strict=True)])
    print(
        f"\n20,000 neighbours: exact {middle - start:.1f} CPU s, in cells {end - middle:.1f} CPU s with "
        f"{recall:.3f} of them found"
    )


if __name__ == "__main__":
    main()
