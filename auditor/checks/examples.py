"""The images that a finding shows, and how their number is said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.evidence import Evidence
from auditor.finding import percent

Rows = npt.NDArray[np.int64]


def list_examples(
    evidence: Evidence,
    rows: Rows,
    score: npt.NDArray[np.float64] | float = 1.0,
    *,
    others: Rows | None = None,
    other_split: str = "",
    suggested: Sequence[str] | npt.NDArray[np.object_] | None = None,
) -> pd.DataFrame | None:
    """Return the examples of a finding, worst (highest score) first; ``None`` if there are none.

    Ties are in order of rows.

    Parameters
    ----------
    evidence : Evidence
    rows : ndarray of int64, shape (n,)
    score : float or ndarray of float, shape (n,)
        Higher is worse.
    others : ndarray of int64, shape (n,), optional
        The other image of each pair.
    other_split : str
        The split that single images are compared with.
    suggested : sequence of str, shape (n,), optional
        The label that each should have.
    """
    if not len(rows):
        return None
    scores = np.broadcast_to(np.asarray(score, dtype=float), len(rows))
    order = np.lexsort((rows, -scores))
    table = evidence.images.loc[rows[order], ["path", "label", "split"]].reset_index(drop=True)
    if others is not None:
        table["other_path"] = evidence.images["path"].to_numpy(dtype=object)[others[order]]
        table["other_split"] = evidence.splits[others[order]]
    elif other_split:
        table["other_split"] = other_split
    if suggested is not None:
        table["suggested_label"] = np.asarray(suggested, dtype=object)[order]
    return table.assign(score=scores[order].round(6))


def join_sides(parts: Sequence[pd.DataFrame]) -> pd.DataFrame | None:
    """Return the examples of both splits, worst first; of equally bad ones, the splits take turns."""
    if not parts:
        return None
    turns = pd.concat([part.assign(turn=np.arange(len(part))) for part in parts], ignore_index=True)
    ordered = turns.sort_values(["score", "turn"], ascending=[False, True], kind="stable", ignore_index=True)
    return ordered.drop(columns="turn")


def classes_of(evidence: Evidence, rows: Rows) -> tuple[str, ...]:
    """Return the known classes of some rows, sorted."""
    return tuple(sorted(set(evidence.labels[rows].tolist()) - {""}))


def splits_of(evidence: Evidence, rows: Rows) -> tuple[str, ...]:
    """Return the known splits of some rows, in the order in which splits are shown."""
    present = set(evidence.splits[rows].tolist())
    return tuple(name for name in evidence.split_names if name in present)


def say_share(number: int, total: int, one: str, many: str, noun: str = "images") -> str:
    """Return how many of how many images, with the verb that agrees.

    Examples
    --------
    >>> say_share(0, 9, "is dark", "are dark"), say_share(1, 200, "is dark", "are dark")
    ('None of 9 images is dark', '1 of 200 images (0.50 %) is dark')
    """
    if not number:
        return f"None of {total:,} {noun} {one}"
    share = number / total
    shown = percent(share, 2 if share < 0.01 else 1)
    return f"{number:,} of {total:,} {noun} ({shown}) {one if number == 1 else many}"


def name_some(names: Sequence[str], most: int = 4) -> str:
    """Return the first of some names, and how many more there are.

    Examples
    --------
    >>> name_some(["a", "b"]), name_some(["a", "b", "c"], most=1)
    ('a, b', 'a and 2 more')
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def count_values(values: npt.NDArray[np.object_] | list[str], most: int = 5) -> str:
    """Return how often each value occurs, commonest first, as words.

    Examples
    --------
    >>> count_values(["b", "a", "b"])
    '2 b, 1 a'
    """
    names, counts = np.unique(np.asarray(values, dtype=str), return_counts=True)
    order = np.lexsort((names, -counts))
    return name_some([f"{counts[i]:,} {names[i]}" for i in order], most)
