"""Pictures that look like nothing else, and test images that look like nothing in training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.checks.base import skipped
from auditor.evidence import Evidence
from auditor.evidence.probabilities import canonical_order
from auditor.finding import Effect, Finding, Fix, percent
from auditor.stats.intervals import wilson
from auditor.stats.nearest import find_nearest

#: Neighbours whose mean distance says how far away a picture is: one is fooled by a pair of outliers, many by
#: a small class. Ten found the most of five strange pictures planted in 4,000 (``benchmarks/descriptor.py``).
NEAREST = 10
#: Images that each is compared with, at most: a clump of strange pictures is thinned out along with the rest.
REFERENCES = 4000
#: Images that are compared with those at once: 25 MB.
BLOCK = 16_384
#: A test image is uncovered where it is further from training than this share of training images is from the
#: rest of training.
COVERED = 0.99
#: Groups on either side below which coverage is not judged (DESIGN.md).
FEWEST = 10

Distances = npt.NDArray[np.float64]


def fence(distances: Distances, reach: float) -> float:
    """Return the distance beyond which a picture is far from every other.

    In logarithms, the median plus ``reach`` times the distance of the upper quartile from it. The upper half
    alone: near duplicates make the lower half long without making anything an outlier.
    """
    median, upper = np.quantile(np.log(np.maximum(distances, 1e-6)), [0.5, 0.75])
    return float(np.exp(median + reach * max(upper - median, 0.01)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """Pictures that look like nothing else, and test images that look like nothing in training."""

    code: ClassVar[str] = "outlier"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = True

    #: Upper quartile distances beyond the median; for a normal distribution 4.45 is three deviations, or 0.13
    #: % of the images.
    reach: float = 4.45
    #: A normal distribution has 0.13 % beyond the fence; a tail that is ten times heavier is worth a look.
    warn_share: float = 0.013
    #: Test images that training does not cover; 1 % is expected where test and training are alike.
    warn_uncovered: float = 0.05
    #: Below this, neighbours are far for want of images.
    min_images: int = 50

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding about all pictures, and one about each split against training."""
        rows = np.flatnonzero(evidence.readable)
        if len(rows) < self.min_images:
            yield skipped(
                self,
                f"{len(rows)} readable images are too few to say which is unlike the rest; {self.min_images} are needed.",
            )
            return
        references = np.sort(canonical_order(evidence, rows)[:REFERENCES])
        distance = distance_to_others(evidence, rows, references)
        limit = fence(distance, self.reach)
        far = distance > limit
        share = float(far.mean())
        yield Finding(
            code=self.code,
            title="Some pictures look like no other"
            if share > self.warn_share
            else "Few pictures look like no other",
            summary=(
                f"{int(far.sum()):,} of {len(rows):,} images ({percent(share, 2)}) are more than {_times(limit, distance)} "
                f"as far from their {NEAREST} nearest look-alikes as the median image is."
                + (
                    f" Each was compared with a sample of {len(references):,}."
                    if len(references) < len(rows)
                    else ""
                )
            ),
            why=(
                "Pictures unlike all others are often errors of collection: other objects, broken exports, test cards. Or they are "
                "rare cases worth more images."
            ),
            affected=int(far.sum()),
            total=len(rows),
            effect=Effect.counted(
                "share of images unlike all others", share, warn_at=self.warn_share, unit="share"
            ),
            fix=Fix(
                text="Look at them: drop what does not belong, and collect more of what does.",
                command="auditor apply decisions.csv DATA -o OUT/cleaned.csv",
            ),
            examples=_examples(evidence, rows[far], distance[far]),
            details={"limit": limit, "median": float(np.median(distance))},
        )
        if "train" in evidence.split_names:
            for split in evidence.split_names:
                if split != "train":
                    yield self._coverage(evidence, split)

    def _coverage(self, evidence: Evidence, split: str) -> Finding:
        train, other = (np.flatnonzero(evidence.readable & (evidence.splits == s)) for s in ("train", split))
        scope = f"train-{split}"
        if min(len(np.unique(evidence.groups[r])) for r in (train, other)) < FEWEST:
            return Finding(
                code=self.code,
                scope=scope,
                title=f"Whether training covers {split} was not checked",
                summary=(
                    f"There are {len(train):,} training and {len(other):,} {split} images, fewer than {FEWEST} unrelated ones on one side."
                ),
            )
        references = np.sort(canonical_order(evidence, train)[:REFERENCES])
        limit = float(np.quantile(distance_to_others(evidence, references, references), COVERED))
        distance = distance_to_others(evidence, other, references)
        far = distance > limit
        share = float(far.mean())
        groups = np.unique(evidence.groups[other])
        low, high = wilson(share * len(groups), len(groups))
        low, high = min(low, share), max(high, share)
        bad = low > self.warn_uncovered
        return Finding(
            code=self.code,
            scope=scope,
            title=f"Training does not cover {split}" if bad else f"Training covers {split}",
            summary=(
                f"{int(far.sum()):,} of {len(other):,} {split} images ({percent(share, 1)}, 95 % interval "
                f"{percent(low, 1)} to {percent(high, 1)}) look less like training "
                f"than 99 % of training images look like the rest of it; {percent(1 - COVERED)} is expected where both are alike."
            ),
            why="Where training has nothing alike, a model guesses, and often with full confidence.",
            affected=int(far.sum()),
            total=len(other),
            effect=Effect(
                name="share not covered by training",
                value=share,
                low=low,
                high=high,
                warn_at=self.warn_uncovered,
                unit="share",
                detectable=min(1.0, self.warn_uncovered + high - share),
            ),
            fix=Fix(
                text="Collect training images like these, or make the split anew if both should come from the same place.",
                command="auditor split DATA -o OUT",
            ),
            examples=_examples(evidence, other[far], distance[far]),
            splits=("train", split),
            details={"limit": limit, "references": len(references)},
        )


def distance_to_others(
    evidence: Evidence, rows: npt.NDArray[np.int64], references: npt.NDArray[np.int64]
) -> Distances:
    """Return the mean Euclidean distance of principal components to the `NEAREST` references of other groups, shape ``(n_rows,)``.

    Duplicates of an image and others of its group are no company: they are left out, as far as three times as
    many neighbours reach.
    """
    there = evidence.principal_components(references)
    # Nearest in distance is largest in q.r - |r|^2 / 2: one more column makes it a dot product.
    there = np.concatenate([there, -(there**2).sum(axis=1, keepdims=True) / 2], axis=1)
    out = np.empty(len(rows))
    for start in range(0, len(rows), BLOCK):
        block = slice(start, start + BLOCK)
        out[block] = _mean_distance(evidence, rows[block], references, there)
    return out


def _mean_distance(
    evidence: Evidence,
    rows: npt.NDArray[np.int64],
    references: npt.NDArray[np.int64],
    there: npt.NDArray[np.float32],
) -> Distances:
    here = np.concatenate([evidence.principal_components(rows), np.ones((len(rows), 1), np.float32)], axis=1)
    found, product = find_nearest(here, there, min(4 * NEAREST, len(references)))
    squared = (here[:, :-1] ** 2).sum(axis=1, keepdims=True) - 2 * product
    other = evidence.groups[references[found]] != evidence.groups[rows][:, None]
    order = np.argsort(~other, axis=1, kind="stable")[:, :NEAREST]
    distance = np.sqrt(np.maximum(np.take_along_axis(squared, order, axis=1), 0)).astype(float)
    known = np.take_along_axis(other, order, axis=1)
    # Where its own group crowds out all others, the last that was looked up is nearer than any other.
    mean = np.where(known, distance, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.asarray(np.where(known.any(axis=1), mean, np.sqrt(np.maximum(squared[:, -1], 0))))


def _examples(evidence: Evidence, rows: npt.NDArray[np.int64], distance: Distances) -> pd.DataFrame:
    table = evidence.images.loc[rows, ["path", "label", "split"]].assign(score=distance.round(6))
    return table.sort_values(["score", "path"], ascending=[False, True], ignore_index=True)


def _times(limit: float, distance: npt.NDArray[np.float64]) -> str:
    """Return how many times the median distance the limit is; where most images are alike, that is no number."""
    median = float(np.median(distance))
    return f"{limit / median:.1f} times" if median > 0 else "any number of times"
