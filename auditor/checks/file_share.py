"""What the checks of files have in common: the share of files with a defect, its exact bound from a sample, their list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a check of files says.

    ``has`` follows a number of images ("3 of 100 images <has>"); ``fine`` is the headline where there is
    none.
    """

    title: str
    fine: str
    has: str
    why: str
    fix: Fix
    more: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def file_finding(
    evidence: Evidence,
    code: str,
    affected: npt.NDArray[np.bool_],
    words: Wording,
    *,
    effect: str,
    warn_share: float | None,
    error_share: float | None = None,
    score: npt.NDArray[np.float64] | None = None,
) -> Finding:
    """Return the finding "this share of the files has this defect".

    Where a time budget left images out, the interval runs from what was found to the most that the sample
    could have missed.

    Parameters
    ----------
    affected : ndarray of bool, shape (n_images,)
        Which images have the defect.
    effect : str
        The effect's name, as in "share of unreadable images".
    warn_share, error_share : float or None
        Thresholds of the share, in [0, 1].
    score : ndarray of float, shape (n_images,), optional
        Higher is worse; 1 for all without.
    """
    rows = np.flatnonzero(affected & evidence.measured)
    total, sampled = len(evidence.images), int(evidence.measured.sum())
    share = len(rows) / sampled if sampled else 0.0
    bound = ""
    if sampled == total:
        size = Effect.counted(effect, share, warn_at=warn_share, error_at=error_share, unit="share")
    else:
        from auditor.stats.sampling import most_affected

        most = max(
            most_affected(len(rows), max(proportional_part(evidence), len(rows)), total) / total, share
        )
        size = Effect(
            name=effect,
            value=share,
            low=min(len(rows) / total, share),
            high=most,
            unit="share",
            warn_at=warn_share,
            error_at=error_share,
        )
        bound = (
            f" A sample of {sampled:,} of {total:,} images was read: at most {percent(most, 3)} of all are affected "
            "(95 % confidence, exact)."
        )
    table = None
    if len(rows):
        scores = np.ones(len(rows)) if score is None else np.nan_to_num(score[rows].astype(float), nan=0.0)
        order = np.lexsort((rows, -scores))
        table = (
            evidence.images.loc[rows[order], ["path", "label", "split"]]
            .reset_index(drop=True)
            .assign(score=scores[order])
        )
    return Finding(
        code=code,
        title=words.title if len(rows) else words.fine,
        summary=f"{len(rows):,} of {sampled:,} images{' read' if sampled < total else ''} ({percent(share, 2)}) {words.has}."
        + (f" {words.more}" if words.more and len(rows) else "")
        + bound,
        why=words.why,
        affected=len(rows),
        total=sampled,
        effect=size,
        fix=words.fix if len(rows) else None,
        examples=table,
        classes=tuple(sorted(set(evidence.labels[rows].tolist()) - {""})),
        splits=tuple(s for s in evidence.split_names if (evidence.splits[rows] == s).any()),
        details={"sampled": sampled, **words.details},
    )


def proportional_part(evidence: Evidence) -> int:
    """Return how many of the images that were read make up a sample in proportion to classes and splits.

    Small classes are read first and so are over-represented; what they have beyond their share says nothing
    about the rest.
    """
    import pandas as pd

    read = pd.Series(evidence.measured).groupby([evidence.labels, evidence.splits])
    taken, sizes = read.sum().to_numpy(), read.size().to_numpy()
    return int(np.minimum(taken, sizes * (taken.sum() / sizes.sum())).sum())


def counted(values: npt.NDArray[np.object_] | list[str], most: int = 5) -> str:
    """Return how often each value occurs, commonest first, as words.

    Examples
    --------
    >>> counted(["b", "a", "b"])
    '2 b, 1 a'
    """
    names, counts = np.unique(np.asarray(values, dtype=str), return_counts=True)
    order = np.lexsort((names, -counts))
    shown = ", ".join(f"{counts[i]:,} {names[i]}" for i in order[:most])
    return shown + (f" and {len(order) - most} other kinds" if len(order) > most else "")
