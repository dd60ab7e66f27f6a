"""Scan tables for the tests of splits, without any image file."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from auditor.dataset import Dataset, LocalFiles


def scan_table(
    labels: Sequence[str],
    *,
    group: Sequence[str] | None = None,
    cluster: Sequence[str] | None = None,
    split: Sequence[str] | None = None,
    phash: Sequence[int] | None = None,
    **columns: Sequence[object],
) -> pd.DataFrame:
    """Return a scan's table with made-up digests, in the order of the paths."""
    n = len(labels)
    blank = [""] * n
    table = pd.DataFrame(
        {
            "path": [f"{i:06}.png" for i in range(n)],
            "label": list(labels),
            "split": split or blank,
            "group": group or blank,
        }
    )
    table = table.astype(str).assign(
        status="ok", reason="", sha256=[f"{i:064x}" for i in range(n)], cluster=cluster or blank
    )
    hashes = np.random.default_rng(1).integers(0, 2**63, n) if phash is None else phash
    return table.assign(phash=[f"{int(h):016x}" for h in hashes], **columns)


def dataset_of(
    table: pd.DataFrame, root: str = "/nowhere", group_column: str | None = None, kind: str = "table"
) -> Dataset:
    """Return the data set of a table."""
    samples = table[["path", "label", "split", "group"]]
    return Dataset(
        name="made",
        kind=kind,
        location=root,
        samples=samples,
        source=LocalFiles(root),
        group_column=group_column,
    )
