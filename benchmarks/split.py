"""How near planned splits come to their ratios, beside scikit-learn's, and what a million rows cost.

    python benchmarks/split.py quality [--seeds 20]
    python benchmarks/split.py size [--rows 1000000] [--groups 200000]

``quality`` cuts grouped data with heavy-tailed group sizes (Pareto, exponent 1.1, at most 300 images; every
group has a class mix of its own) into five folds, and into 60/20/20 (for scikit-learn: three, one and one of
its five folds). The deviation is the distance of a class's share of a part from the part's ratio, in
percentage points.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from sklearn.model_selection import StratifiedGroupKFold

from auditor.dataset import Dataset, LocalFiles
from auditor.splitting import plan_split
from auditor.splitting.assign import assign_units, share_deviation
from auditor.splitting.bound import deviation_bound

SETTINGS = ((60, 3), (200, 5), (1_000, 10), (5_000, 10))
FOLDS = 5


def heavy_tailed(rng: np.random.Generator, groups: int, classes: int) -> npt.NDArray[np.int64]:
    """Return images of each class in each group, shape (n_groups, n_classes); every class is there."""
    sizes = np.minimum(np.ceil(rng.pareto(1.1, groups) + 1), 300).astype(int)
    prior = rng.dirichlet(np.full(classes, 2.0))
    counts = np.stack([rng.multinomial(n, rng.dirichlet(prior * classes / 2 + 1e-3)) for n in sizes])
    return counts[:, counts.sum(axis=0) >= FOLDS]


def theirs(counts: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Return the fold of each group by scikit-learn."""
    label = np.concatenate([np.repeat(np.arange(counts.shape[1]), row) for row in counts])
    group = np.repeat(np.arange(len(counts)), counts.sum(axis=1))
    fold = np.zeros(len(counts), dtype=np.int64)
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for k, (_, test) in enumerate(splitter.split(np.zeros(len(label)), label, group)):
        fold[np.unique(group[test])] = k
    return fold


def quality(seeds: int) -> None:
    """Print the table of deviations."""
    heads = [
        "groups",
        "classes",
        "parts",
        "largest: scikit-learn",
        "auditor",
        "lower bound",
        "mean: scikit-learn",
        "auditor",
    ]
    heads.append("nearer, same, farther")
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    cpu = {"scikit-learn": 0.0, "auditor": 0.0}
    for groups, classes in SETTINGS:
        rows: dict[str, list[tuple[float, ...]]] = {}
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            counts = heavy_tailed(rng, groups, classes)
            table = csr_array(counts.astype(float))
            start = time.process_time()
            fold = theirs(counts, seed)
            cpu["scikit-learn"] += time.process_time() - start
            for name, ratios, other in (
                ("5 folds", np.full(FOLDS, 1 / FOLDS), fold),
                ("60/20/20", np.array([0.6, 0.2, 0.2]), np.maximum(fold - 2, 0)),
            ):
                start = time.process_time()
                part = assign_units(table, np.arange(counts.shape[1]), ratios, rng)
                cpu["auditor"] += time.process_time() - start
                a, b = (np.abs(share_deviation(table, p, ratios)) for p in (other, part))
                rows.setdefault(name, []).append(
                    (
                        a.max(),
                        b.max(),
                        deviation_bound(table, ratios),
                        a.mean(),
                        b.mean(),
                        np.sign(np.round(a.max() - b.max(), 9)),
                    )
                )
        for name, found in rows.items():
            *points, sign = np.array(found, dtype=float).T
            shown = " | ".join(f"{100 * p.mean():.2f}" for p in points)
            print(
                f"| {groups:,} | {classes} | {name} | {shown} | {(sign > 0).sum()}, "
                f"{(sign == 0).sum()}, {(sign < 0).sum()} |",
                flush=True,
            )
    print(
        f"\nCPU seconds: scikit-learn {cpu['scikit-learn']:.1f} (one split each), auditor "
        f"{cpu['auditor']:.1f} (two splits each)"
    )


def size(rows: int, groups: int) -> None:
    """Print what planning a large split costs, certificate included."""
    rng = np.random.default_rng(0)
    weights = rng.pareto(1.5, groups) + 0.2
    group = np.concatenate([np.arange(groups), rng.choice(groups, rows - groups, p=weights / weights.sum())])
    label = rng.choice(20, rows, p=rng.dirichlet(np.full(20, 2.0)))
    table = pd.DataFrame(
        {
            "path": [f"images/{i:07}.jpg" for i in range(rows)],
            "label": np.char.add("class ", label.astype(str)),
            "split": "",
            "group": np.char.add("patient ", group.astype(str)),
            "status": "ok",
            "sha256": [f"{h:064x}" for h in rng.integers(0, 2**63, rows)],
            "phash": [f"{h:016x}" for h in rng.integers(0, 2**63, rows)],
            "cluster": "",
        }
    )
    for column in table.columns:
        table[column] = table[column].astype(str)
    dataset = Dataset(
        name="made",
        kind="table",
        location="made.csv",
        samples=table,
        source=LocalFiles("."),
        group_column="group",
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for options in ({}, {"folds": 5}):
        start = time.process_time()
        plan = plan_split(dataset, table, **options)
        took = time.process_time() - start
        facts, peak = plan.facts, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"{rows:,} rows, {groups:,} groups, {options or facts['ratios']}: {took:.1f} CPU s, peak "
            f"{peak / 2**20:.2f} GiB "
            f"({before / 2**20:.2f} of it the table and how it was made), "
            f"largest deviation {100 * facts['largest_deviation']:.3f} points (bound "
            f"{100 * facts['deviation_bound']:.3f})",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("quality", "size"))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=200_000)
    options = parser.parse_args()
    if options.what == "quality":
        quality(options.seeds)
    else:
        size(options.rows, options.groups)
