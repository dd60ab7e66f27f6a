"""What the checks of single pictures have in common: the share of pictures beyond a limit, and the list of them, worst first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent

#: An image is odd where it is farther out than the central 90 % of the images reach, twice over (3.3 standard
#: deviations if normal).
CENTRAL, MARGIN = 0.90, 2.0


def odd_beyond(logs: npt.NDArray[np.float64], least: float, most: float) -> tuple[float, float]:
    """Return the median of some logarithms, and the distance from it beyond which a value is odd for this data set.

    The reach of the central 95 % rather than a deviation: sizes come in clumps (one per class, or all the
    same), where a deviation is 0. A fault in up to 5 % of the images does not move it.

    Parameters
    ----------
    logs : ndarray of float, shape (n,)
    least, most : float
        The distance is at least ``log(least)`` and at most ``log(most)``.

    Examples
    --------
    >>> median, limit = odd_beyond(np.log(np.full(100, 50.0)), 2.0, 4.0)
    >>> round(float(np.exp(median))), round(float(np.exp(limit)), 3)
    (50, 2.0)
    """
    median = float(np.median(logs))
    low, high = np.quantile(logs, ((1 - CENTRAL) / 2, (1 + CENTRAL) / 2))
    reach = MARGIN * max(median - low, high - median)
    return median, float(np.clip(reach, np.log(least), np.log(most)))


def make_examples(evidence: Evidence, rows: npt.NDArray[np.int64], score: npt.NDArray[np.float64]) -> Any:
    """Return the evidence table of some images, worst (highest score) first; ties in order of path."""
    order = np.lexsort((rows, -score))
    table = evidence.images.loc[rows[order], ["path", "label", "split"]].reset_index(drop=True)
    return table.assign(score=score[order])


def share_finding(
    evidence: Evidence,
    code: str,
    beyond: npt.NDArray[np.bool_],
    score: npt.NDArray[np.float64],
    *,
    what: str,
    warn_share: float,
    title: str,
    fine: str,
    limit: str,
    why: str,
    fix: str,
    details: Mapping[str, Any] | None = None,
) -> Finding:
    """Return the finding "this share of the readable images is beyond the limit".

    Parameters
    ----------
    beyond : ndarray of bool, shape (n_images,)
        Which images are; unreadable ones are left out here.
    score : ndarray of float, shape (n_images,)
        Higher is worse.
    what : str
        The effect's name, as in ``"share of dark images"``.
    title, fine : str
        The headline where the share is over ``warn_share``, or where no image is beyond the limit.
    limit : str
        What the limit is, in words, to follow "of 1,000 readable images".
    """
    rows = np.flatnonzero(beyond & evidence.readable)
    total = int(evidence.readable.sum())
    share = len(rows) / total if total else 0.0
    labels = sorted(set(evidence.labels[rows]) - {""})
    table = make_examples(evidence, rows, score[rows]) if len(rows) else None
    worst = f" The worst is {table['path'].iat[0]}." if table is not None else ""
    return Finding(
        code=code,
        title=title if share > warn_share else (fine if not len(rows) else f"{fine}, but for a few"),
        summary=f"{len(rows):,} of {total:,} readable images ({percent(share, 2)}) {limit}.{worst}",
        why=why,
        affected=len(rows),
        total=total,
        effect=Effect.counted(what, share, warn_at=warn_share, unit="share"),
        fix=Fix(text=fix),
        examples=table,
        classes=tuple(labels),
        splits=tuple(s for s in evidence.split_names if (evidence.splits[rows] == s).any()),
        details=dict(details or {}),
    )
