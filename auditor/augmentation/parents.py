"""Parents: which training images others may be made from, how many of each, and with which seed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from auditor.grouping import KEYS, PlannedSplit, share_a_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def training_rows(plan: PlannedSplit) -> pd.DataFrame:
    """Return the rows whose images may be trained on, and so may be parents.

    Beyond the plan's own choice, a row is left out if its path, duplicate set or group also stands in another
    split: nothing that derives from a held-out picture is ever made (a plan may have been edited by hand).
    """
    usable = plan.usable
    rows = usable[(usable["split"] == "train") & (usable["label"] != "")]
    table = plan.table
    held_out = table[~table["split"].isin(("train", ""))]
    return rows[~share_a_key(rows, held_out, ("path", *KEYS))]


def image_seed(seed: int, parent: str, copy: int, epoch: int = 0) -> int:
    """Return the seed of one image, in [0, 2**32). It depends on the parent and the copy's number alone."""
    return int.from_bytes(
        hashlib.sha256(f"{seed}\0{parent}\0{copy}\0{epoch}".encode("utf-8", "backslashreplace")).digest()[:4]
    )


def choose_representatives(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each duplicate set of each class, the first by path: the parents."""
    unit = rows["cluster"].where(rows["cluster"] != "", rows["path"])
    ordered = rows.assign(_unit=unit).sort_values("path", kind="stable")
    return ordered.drop_duplicates(["label", "_unit"]).drop(columns="_unit")


def spread_evenly(parents: Sequence[str], made: int, seed: int) -> list[tuple[str, int]]:
    """Return (parent, copy number) of ``made`` images, spread evenly: no parent has two more than another."""
    if not parents:
        return []
    each, rest = divmod(made, len(parents))
    # Who gets one more is decided by a hash, so that it does not depend on what else is in the class.
    lucky = set(sorted(parents, key=lambda p: image_seed(seed, p, -1))[:rest])
    return [(p, copy) for p in parents for copy in range(each + (p in lucky))]
