"""Labels that the pictures contradict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.checks.base import Check, Wording, skipped
from auditor.evidence import Evidence
from auditor.evidence.probabilities import Probabilities
from auditor.finding import Effect, Finding, Fix, percent
from auditor.stats.label_noise import NoiseRate, disagreement_floor

#: Share of each predicted class, the surest first, in which the noise rate is read off: the classifier's own
#: errors are rarer there.
SUREST = 0.5
#: The review list ends where fewer than half of it are expected to be wrong: below that, looking finds more
#: right labels than wrong ones.
WORTHWHILE = 0.5
#: Other labels tried in all to learn where a wrong label would rank: bounds the work at a million images.
TRIALS = 200_000

Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


def self_confidence(values: npt.NDArray[np.float32], given: Rows) -> Scores:
    """Return 1 - the probability of the given label, in [0, 1]; higher is worse. Ranks random flips best."""
    return 1 - values[np.arange(len(given)), given].astype(float)


def margin(values: npt.NDArray[np.float32], given: Rows) -> Scores:
    """Return the lead of the best other label over the given one, mapped to [0, 1]; higher is worse. Ranks confusable flips best."""
    own = values[np.arange(len(given)), given].astype(float)
    others = values.astype(float)
    others[np.arange(len(given)), given] = -1
    return np.asarray((1 + others.max(axis=1) - own) / 2)


def confidence_ranks(values: npt.NDArray[np.float32]) -> Scores:
    """Return how sure each prediction is among those of its class: 0 the surest, towards 1 the least, shape ``(n,)``."""
    predicted, confidence = values.argmax(axis=1), values.max(axis=1)
    order = np.lexsort((-confidence, predicted))
    counts = np.bincount(predicted)
    position = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    ranks = np.empty(len(order))
    ranks[order] = (position + 0.5) / np.repeat(counts, counts)
    return ranks


def confusable(values: npt.NDArray[np.float32], given: Rows, sure: npt.NDArray[np.bool_]) -> bool:
    """Whether wrong labels look confused rather than random: contradicted labels tend to be the second choice among the sure."""
    classes = values.shape[1]
    contradicted = np.flatnonzero(sure & (values.argmax(axis=1) != given))
    if classes < 3 or not len(contradicted):
        return False
    own = values[contradicted, given[contradicted]]
    second = ((values[contradicted] > own[:, None]).sum(axis=1) == 1).mean()
    # Random flips are the second choice once in n_classes - 1; half way from there to always.
    return bool(second > (1 + 1 / (classes - 1)) / 2)


def expected_precision(
    values: npt.NDArray[np.float32], given: Rows, scores: Scores, rate: float, margins: bool
) -> Scores:
    """Return the expected share of wrong labels among the k worst, for k = 1..n, if a share ``rate`` were replaced at random.

    Each image is given other labels, and their scores say which share of wrong labels would rank among the k
    worst.
    """
    n, classes = values.shape
    step = max(1, n * (classes - 1) // TRIALS)
    rows = np.arange(0, n, step)
    rank = margin if margins else self_confidence
    trial = np.sort(
        np.concatenate([rank(values[rows], (given[rows] + shift) % classes) for shift in range(1, classes)])
    )
    worst = np.sort(scores)[::-1]
    found = 1 - np.searchsorted(trial, worst, side="left") / len(trial)
    precision = np.minimum(1, rate * n * found / np.arange(1, n + 1))
    # A longer list is never purer: at the very top, where few trials decide, the estimate is lifted to that
    # of the longer lists.
    return np.asarray(np.maximum.accumulate(precision[::-1])[::-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelError(Check):
    """Labels that the pictures contradict.

    Parameters
    ----------
    warn_share : float
        Share of wrong labels over which it is a warning. Northcutt, Athalye, Mueller, "Pervasive label errors
        in test sets destabilize machine learning benchmarks", NeurIPS 2021, find 0.15 % in MNIST and 0.5 % in
        CIFAR-10, but 3.3 % on average over ten benchmarks.
    min_skill : float
        Balanced accuracy above chance (0 chance, 1 perfect) below which nothing is listed: a list would hold
        mostly right labels (``docs/labels.md``).
    min_images : int
        With fewer images, a class's recall in one fold is known to no better than +-20 points.
    max_listed : float
        Share of the images that are listed at most.
    """

    code: ClassVar[str] = "label-error"
    family: ClassVar[str] = "Labels, outliers, shortcuts"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    measured: ClassVar[str] = (
        "Out-of-fold probabilities of logistic regression and nearest neighbours on the descriptor (and of the "
        "baseline, where there is one), with groups and duplicates kept in one fold. Images are ranked by the "
        "probability of their label, or by its margin. Graded is the share of wrong labels, estimated with its "
        "interval from how often confident models disagree."
    )
    limits: ClassVar[str] = (
        "The models are simple and see a thumbnail: subtle classes are withheld or undecided. Errors that follow "
        "a rule (all of one kind under another name) are learned, not found. Errors among look-alikes rank lower "
        "than random ones, so the expected precision is an upper bound, and so is the share of wrong labels where "
        "the models err in full confidence."
    )
    words: ClassVar[Wording] = Wording(
        found="Some labels contradict their pictures",
        fine="Labels agree with the pictures",
        undecided="Some labels may be wrong",
        why=(
            "Wrong labels in training teach the mistake; wrong labels in test make a right model look wrong, and "
            "can reverse which of two models is better."
        ),
        fix=(
            "Look from the worst down; keep, drop or relabel each, and stop when at most 2 of the last 20 were "
            "wrong. Suggestions are a model's opinion: never relabel unseen."
        ),
    )

    #: Northcutt, Athalye, Mueller, "Pervasive label errors in test sets destabilize machine learning
    #: benchmarks", NeurIPS 2021: 0.15 % in MNIST and 0.5 % in CIFAR-10, but 3.3 % on average over ten
    #: benchmarks.
    warn_share: float = 0.01
    #: Balanced accuracy above chance (0 chance, 1 perfect) below which nothing is listed. At 0.5 (photos of
    #: clothing) half of a list of 50 is planted when 5 % are (``benchmarks/labels.py``); below 0.3 it would
    #: be mostly right labels.
    min_skill: float = 0.3
    #: Below this a class's recall in one fold is known to no better than +-20 points.
    min_images: int = 100
    #: Share of the images that are listed at most.
    max_listed: float = 0.1

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        found = evidence.probabilities
        if found is None:
            yield skipped(
                self, "Fewer than two classes have the five groups that a five-fold cross-validation needs."
            )
            return
        if len(found.rows) < self.min_images:
            yield skipped(
                self,
                f"{len(found.rows)} labelled images are too few to cross-validate; {self.min_images} are needed.",
            )
            return
        classes = len(found.classes)
        skill = (found.balanced_accuracy - 1 / classes) / (1 - 1 / classes)
        if skill < self.min_skill:
            yield Finding(
                code=self.code,
                title="The labels could not be checked",
                summary=(
                    f"Cross-validated balanced accuracy is {percent(found.balanced_accuracy, 1)} ({percent(1 / classes, 1)} would be "
                    f"chance, {percent(1 / classes + self.min_skill * (1 - 1 / classes), 1)} is needed): a list of suspects would hold "
                    "mostly right labels, so it is withheld."
                ),
                why="A model that cannot tell the classes apart cannot tell a wrong label from a hard picture.",
                total=len(found.rows),
                fix=Fix(
                    text="Train a model first: its probabilities are used when it does better.",
                    command="auditor run DATA -o OUT",
                ),
                details={"balanced_accuracy": found.balanced_accuracy, "skill": skill},
            )
            return
        yield self._judge(evidence, found)

    def _judge(self, evidence: Evidence, found: Probabilities) -> Finding:
        values, given = found.values, found.given
        n, predicted = len(given), values.argmax(axis=1)
        ranks = confidence_ranks(values)
        sure = ranks <= SUREST
        weight = len(np.unique(evidence.groups[found.rows])) / n
        noise = disagreement_floor(ranks[sure] / SUREST, predicted[sure] != given[sure], weight)
        margins = confusable(values, given, sure)
        scores = (margin if margins else self_confidence)(values, given)
        precision = expected_precision(values, given, scores, noise.value, margins)
        limit = int(n * self.max_listed)
        review = min(int((precision >= WORTHWHILE).sum()), limit)
        paths = evidence.images["path"].to_numpy(dtype=object)[found.rows]
        order = np.lexsort((paths.astype(str), -scores))
        listed = order[(predicted != given)[order]][:limit]
        examples = pd.DataFrame(
            {
                "path": paths[listed],
                "label": np.array(found.classes, dtype=object)[given[listed]],
                "suggested_label": np.array(found.classes, dtype=object)[predicted[listed]],
                "split": evidence.splits[found.rows[listed]],
                "score": scores[listed].round(6),
            }
        )
        review = min(review, len(examples))
        effect = Effect(
            name="share of wrong labels", value=noise.value, low=noise.low, high=noise.high, warn_at=self.warn_share, unit="share",
            detectable=self.warn_share + noise.value - noise.low,
        )  # fmt: skip
        many = noise.low > self.warn_share
        at = float(precision[review - 1]) if review else 0.0
        left = (
            f" {found.left_out:,} images of classes with fewer than five groups, or beyond the bound, were not judged."
            if found.left_out
            else ""
        )
        return Finding(
            code=self.code,
            title=(
                "Some labels contradict their pictures"
                if many
                else "Some labels may be wrong"
                if noise.high > self.warn_share
                else "Labels agree with the pictures"
            ),
            summary=(
                f"About {percent(noise.value, 1)} of {n:,} labels look wrong ({percent(noise.low, 1)} to "
                f"{percent(noise.high, 1)}), judged by {_names(found.models)} that never saw them "
                f"(balanced accuracy {percent(found.balanced_accuracy, 1)}). " + _review(review, at) + left
            ),
            why=(
                "Wrong labels in training teach the mistake; wrong labels in test make a right model look wrong, "
                "and can reverse which of two models is better."
            ),
            affected=review,
            total=n,
            effect=effect,
            fix=Fix(
                text=(
                    "Look from the worst down; keep, drop or relabel each, and stop when at most 2 of the last 20 were wrong. "
                    "Suggestions are a model's opinion: never relabel unseen."
                ),
            ),
            examples=examples,
            classes=tuple(sorted(set(examples["label"][:review]))),
            details={
                "balanced_accuracy": found.balanced_accuracy,
                "ranking": "margin" if margins else "self-confidence",
                "models": list(found.models),
                "not_judged": found.left_out,
                "expected_precision": _curve(precision, noise, len(examples)),
            },
        )


def _names(models: tuple[str, ...]) -> str:
    return f"{', '.join(models[:-1])} and {models[-1]}" if len(models) > 1 else "".join(models)


def _review(review: int, precision: float) -> str:
    if not review:
        return "No list of suspects is expected to be half wrong, so a look at the worst few is enough."
    return (
        f"Of the {review:,} worst, {percent(precision)} are expected to be wrong if labels were replaced at random; "
        "that is an upper bound, for labels confused between look-alikes rank lower."
    )


def _curve(precision: Scores, noise: NoiseRate, listed: int) -> list[dict[str, float]]:
    """Return expected precision at some lengths of the list, with the ends that follow from the noise rate's interval."""
    rows = []
    for k in sorted(
        {k for k in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, listed) if 0 < k <= listed}
    ):
        p = float(precision[k - 1])
        scale = p / noise.value if noise.value else 0.0
        rows.append(
            {
                "worst": k,
                "expected": p,
                "low": min(1.0, scale * noise.low),
                "high": min(1.0, scale * noise.high),
            }
        )
    return rows
