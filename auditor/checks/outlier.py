"""Pictures that look like nothing else, and test images that look like nothing in training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from auditor.checks.base import Check, Wording, skipped
from auditor.checks.examples import list_examples, say_share
from auditor.evidence import Evidence
from auditor.evidence.probabilities import canonical_order
from auditor.finding import Effect, Finding, percent, plural
from auditor.stats.clusters import FEWEST_GROUPS
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

Distances = npt.NDArray[np.float64]


def fence(distances: Distances, reach: float) -> float:
    """Return the distance beyond which a picture is far from every other.

    In logarithms, the median plus ``reach`` times the distance of the upper quartile from it. The upper half
    alone: near duplicates make the lower half long without making anything an outlier.
    """
    median, upper = np.quantile(np.log(np.maximum(distances, 1e-6)), [0.5, 0.75])
    return float(np.exp(median + reach * max(upper - median, 0.01)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier(Check):
    """Pictures that look like nothing else, and test images that look like nothing in training.

    Parameters
    ----------
    reach : float
        The fence, in upper quartile distances beyond the median; for a normal distribution 4.45 is three
        deviations, or 0.13 % of the images.
    warn_share : float
        Share of images beyond the fence over which it is a warning: a normal distribution has 0.13 %; a tail
        that is ten times heavier is worth a look.
    warn_uncovered : float
        Share of held-out images that training does not cover over which it is a warning; 1 % is expected
        where both are alike.
    min_images : int
        With fewer images, neighbours are far for want of images.
    """

    code = "outlier"
    family = "Labels, outliers, shortcuts"
    about_splits = True
    measured = (
        "Distance of each image's descriptor to its nearest others. Graded is the share beyond a fence of "
        "quartiles, and for each held-out split the share that is farther from training than 99 % of "
        "training images are from the rest, with Wilson's interval."
    )
    limits = (
        "Strange means far from the rest in layout, edges and colours of a thumbnail. In varied photos "
        "nearly everything is far from the rest, and only gross strangers are found; a large group of "
        "strangers keeps itself company."
    )
    words = Wording(
        found="Some images look like no other",
        fine="Hardly any image looks like no other",
        why=(
            "Pictures unlike all others are often errors of collection: other objects, broken exports, test "
            "cards. Or they are rare cases worth more images."
        ),
        fix="Look at them: drop what does not belong, and collect more of what does.",
    )
    coverage = Wording(
        found="Training does not cover {1}",
        fine="Training covers {1}",
        undecided="Training may not cover {1}",
        why="Where training has nothing alike, a model guesses, and often with full confidence.",
        fix=(
            "Collect training images like these, or make the split anew if both should come from the same "
            "place."
        ),
        command="auditor split DATA --replace -o OUT",
    )

    reach: float = 4.45
    warn_share: float = 0.013
    warn_uncovered: float = 0.05
    min_images: int = 50

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding about all pictures, and one about each split against training."""
        rows = np.flatnonzero(evidence.readable)
        if len(rows) < self.min_images:
            reason = f"{len(rows)} images are too few to find strangers; {self.min_images} are needed."
            yield skipped(self, reason)
            return
        yield self._judge_all(evidence, rows)
        if "train" in evidence.split_names:
            for split in evidence.split_names:
                if split != "train":
                    yield self._judge_coverage(evidence, split)

    def _judge_all(self, evidence: Evidence, rows: npt.NDArray[np.int64]) -> Finding:
        references = np.sort(canonical_order(evidence, rows)[:REFERENCES])
        distance = distance_to_others(evidence, rows, references)
        limit, median = fence(distance, self.reach), float(np.median(distance))
        far = distance > limit
        summary = f"{say_share(int(far.sum()), len(rows), 'looks', 'look')} unlike all others."
        if len(references) < len(rows):
            summary += f" Each was compared with a sample of {len(references):,}."
        return self.make_finding(
            summary,
            Effect.counted(
                "share of images unlike all others", float(far.mean()), warn_at=self.warn_share, unit="share"
            ),
            affected=int(far.sum()),
            total=len(rows),
            examples=list_examples(evidence, rows[far], distance[far]),
            details={"limit": limit, "median": median},
        )

    def _judge_coverage(self, evidence: Evidence, split: str) -> Finding:
        train, other = (np.flatnonzero(evidence.readable & (evidence.splits == s)) for s in ("train", split))
        fewest = min(len(np.unique(evidence.groups[rows])) for rows in (train, other))
        if fewest < FEWEST_GROUPS:
            few = plural(fewest, "unrelated image is", "unrelated images are")
            reason = (
                f"Only {few} in train or {split}; {FEWEST_GROUPS} are needed to say "
                f"whether training covers {split}."
            )
            return skipped(self, reason, scope=f"train-{split}")
        references = np.sort(canonical_order(evidence, train)[:REFERENCES])
        limit = float(np.quantile(distance_to_others(evidence, references, references), COVERED))
        distance = distance_to_others(evidence, other, references)
        far = distance > limit
        share, groups = float(far.mean()), len(np.unique(evidence.groups[other]))
        low, high = wilson(share * groups, groups)
        low, high = min(low, share), max(high, share)
        fix = self.coverage.make_fix()
        return self.make_finding(
            f"{say_share(int(far.sum()), len(other), 'looks', 'look', f'{split} images')} unlike anything in "
            "training; "
            f"{percent(1 - COVERED)} is usual where both are alike.",
            Effect(
                name="share not covered by training",
                value=share,
                low=low,
                high=high,
                warn_at=self.warn_uncovered,
                unit="share",
                detectable=min(1.0, self.warn_uncovered + high - share),
            ),
            words=self.coverage,
            scope=f"train-{split}",
            fix=replace(fix, command=None) if split == "field" else fix,
            affected=int(far.sum()),
            total=len(other),
            examples=list_examples(evidence, other[far], distance[far]),
            splits=("train", split),
            details={"limit": limit, "references": len(references)},
        )


def distance_to_others(
    evidence: Evidence, rows: npt.NDArray[np.int64], references: npt.NDArray[np.int64]
) -> Distances:
    """Return the mean distance to the `NEAREST` references of other groups, shape ``(n_rows,)``.

    Distances are Euclidean, of principal components. Duplicates of an image and others of its group are no
    company: they are left out, as far as three times as many neighbours reach.
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
