"""Weak slices: groups of images that the model gets wrong more often than the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.scores import share
from auditor.stats.intervals import newcombe

if TYPE_CHECKING:
    import pandas as pd

#: Measures whose lowest and highest third are slices: a user can change these, or collect images by them.
MEASURES = ("brightness", "contrast", "sharpness", "noise", "saturation", "pixels", "aspect")
#: Fewest images of a slice: with fewer, its interval would be wider than any difference.
FEWEST = 20
#: Most values of a text column that is sliced by: one with more holds names, not sources.
MOST_VALUES = 20
#: Slices that are listed.
LISTED = 12


def _list_slices(rows: pd.DataFrame) -> Iterator[tuple[str, str, npt.NDArray[np.bool_]]]:
    """Yield (what, which, mask) for every slice of images."""
    for name in MEASURES:
        if name in rows.columns:
            values = rows[name].to_numpy(dtype=float)
            if not np.isfinite(values).all() or len(np.unique(values)) < 6:
                continue
            low, high = np.quantile(values, [1 / 3, 2 / 3])
            yield name, f"lowest third, up to {low:.3g}", values <= low
            yield name, f"highest third, over {high:.3g}", values > high
    for name in ("format", "mode", "group", "source", "camera", "site"):
        if name in rows.columns and 2 <= rows[name].nunique() <= MOST_VALUES:
            for value in sorted(set(rows[name].astype(str)) - {""}):
                yield name, value, (rows[name].astype(str) == value).to_numpy()


def find_weak_slices(rows: pd.DataFrame, right: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return slices on which accuracy is lower than on the other images, worst first.

    Each slice is compared with the rest; the interval of the difference is Newcombe's, at a level divided by
    the number of slices looked at (Bonferroni), so that a slice is called weak by chance in at most 5 % of
    data sets.

    Parameters
    ----------
    rows : DataFrame of n rows
        Measures and columns of the images.
    right : ndarray of bool, shape (n,)
        Whether each was classified correctly.
    """
    found = [(w, v, m) for w, v, m in _list_slices(rows) if FEWEST <= m.sum() <= len(rows) - FEWEST]
    listed: list[dict[str, Any]] = []
    for what, value, mask in found:
        inside, outside = right[mask], right[~mask]
        low, high = newcombe(
            int(inside.sum()), len(inside), int(outside.sum()), len(outside), alpha=0.05 / len(found)
        )
        difference = float(inside.mean() - outside.mean())
        if difference < 0:
            listed.append(
                {
                    "slice": what,
                    "value": value,
                    "images": len(inside),
                    "accuracy": share(int(inside.sum()), len(inside)),
                    "difference": {
                        "value": float(f"{difference:.6g}"),
                        "low": float(f"{low:.6g}"),
                        "high": float(f"{high:.6g}"),
                    },
                    "verdict": "weak" if high < 0 else "undecided",
                }
            )
    return sorted(listed, key=lambda s: (s["verdict"] != "weak", s["difference"]["value"]))[:LISTED]
