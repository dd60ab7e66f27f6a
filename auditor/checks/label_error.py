"""Labels that the pictures contradict: at most how many, which to look at, and what looking has shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.checks.base import Check, Wording, skipped
from auditor.dataset import DECISION, LABEL_ANSWER
from auditor.evidence import Evidence
from auditor.evidence.descriptor import OFFLINE
from auditor.evidence.label_review import LabelReview, random_order, review_labels
from auditor.evidence.probabilities import BASELINE, Probabilities
from auditor.finding import Effect, Finding, Fix, Severity, grade, percent
from auditor.stats.label_noise import contradicted_share, most_wrong, noise_from_copies

#: Fewest images of the list, where as many labels are contradicted: one sitting.
SHORTEST_LIST = 20
#: What is an answer in the column of answers; anything else is none.
ANSWERS = ("right", "wrong", "unclear")

Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def suspicion(values: npt.NDArray[np.float32], given: Rows) -> Scores:
    """Return how the best other label stands against the given one, ``other / (other + given)``.

    Higher is worse. Above one half the judge contradicts the label. Self-confidence ranks random flips best
    and the margin confusable ones; this is as good as the better of the two on average (``docs/labels.md``).

    References
    ----------
    Kuan, Mueller, "Model-agnostic label quality scoring to detect real-world label errors", ICML DataPerf
    workshop 2022 (self-confidence and margin).
    """
    rows = np.arange(len(given))
    own, others = values[rows, given].astype(float), values.copy()
    others[rows, given] = 0
    best = others.max(axis=1).astype(float)
    return np.asarray(best / np.maximum(best + own, np.finfo(float).tiny))


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of one picture that were labelled more than once.

    Attributes
    ----------
    sets, disagreeing : int
        Sets of copies; those whose first two copies, in random order, have two labels.
    surplus : ndarray of int64, shape (n_sets,)
        Labels of each set that differ from its most frequent one: at least these are wrong.
    number : ndarray of int64, shape (n,)
        The set of each image; an image without a copy is a set of its own.
    """

    sets: int
    disagreeing: int
    surplus: Rows
    number: Rows


def find_copies(evidence: Evidence, rows: Rows, given: Rows, order: Rows) -> Copies:
    """Compare the labels of certain copies; mirrored and turned ones may well be of another class."""
    found = evidence.duplicates
    near = found.near[rows]
    score = np.where(found.exact[rows] == found.exact[near], 1.0, found.score[rows])
    certain = (score >= 1 - found.calibration.certain) & ~found.turned[rows]
    _, number = np.unique(np.where(certain, near, len(found.near) + rows), return_inverse=True)
    size = np.bincount(number)
    pairs, counts = np.unique(np.stack([number, given]), axis=1, return_counts=True)
    most = np.zeros(len(size), dtype=np.int64)
    np.maximum.at(most, pairs[0], counts)
    by_set = order[np.argsort(number[order], kind="stable")]
    first = np.cumsum(size) - size
    several = np.flatnonzero(size > 1)
    two = given[by_set[first[several]]] != given[by_set[first[several] + 1]]
    return Copies(len(several), int(two.sum()), size - most, number)


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known about the labels of the judged images, before it is put into words."""

    found: Probabilities
    skill: float
    contradicted: float
    at_most: float
    listed: Rows
    scores: Scores
    copies: Copies
    least: int
    review: LabelReview
    following: list[str]

    @property
    def chance(self) -> float:
        """Balanced accuracy of guessing."""
        return 1 / len(self.found.classes)


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
        Share of the images that are listed at most, by a perfect judge; the list of a weaker one is shorter.
    """

    code = "label-error"
    family = "Labels, outliers, shortcuts"
    needs = frozenset({"labels"})
    measured = (
        "Out-of-fold probabilities of logistic regression and nearest neighbours on the descriptor (and of "
        "the baseline, where there is one), with groups and duplicates kept in one fold. What they "
        "contradict bounds the share of wrong labels from above. The lower end counts what is certain: "
        "copies with two labels, and labels that a reviewer found wrong. Decisions about a random sample "
        "measure the share and the precision of the list, with intervals that hold however often one looks."
    )
    limits = (
        "The models are simple and see a thumbnail: with subtle classes the bound is far above the truth, or "
        "no list is given. Errors that follow a rule (all of one kind under another name) are learned, not "
        "found, and the bound does not hold for them: only a look at random pictures finds those."
    )
    words = Wording(
        found="Some labels are wrong",
        fine="Few labels can be wrong",
        undecided="Some labels may be wrong",
        why=(
            "Wrong labels in training teach the mistake; wrong labels in test make a right model look wrong, "
            "and can reverse which of two models is better."
        ),
        fix=(
            "Look at pictures drawn at random: keep, relabel, drop or cannot tell. Then look through the "
            "list, worst first. Suggestions are a model's opinion: never relabel unseen."
        ),
    )

    warn_share: float = 0.01
    min_skill: float = 0.3
    min_images: int = 100
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
                f"{len(found.rows)} labelled images are too few to judge; {self.min_images} are needed.",
            )
            return
        measured = self._measure(evidence, found)
        effect = self._effect(measured)
        withheld = measured.skill < self.min_skill and not effect.low and not measured.review.measured
        yield self._withhold(measured) if withheld else _word(evidence, measured, effect)

    def _measure(self, evidence: Evidence, found: Probabilities) -> Measured:
        """Judge the labels, and count the looks there have been."""
        values, given, rows = found.values, found.given, found.rows
        n, chance = len(given), 1 / len(found.classes)
        skill = (found.balanced_accuracy - chance) / (1 - chance)
        contradicted = values.argmax(axis=1) != given
        weight = len(np.unique(evidence.groups[rows])) / n
        at_most = 1.0
        if skill >= self.min_skill:
            share = contradicted_share(values, given)
            at_most = most_wrong(contradicted.sum() * weight, n * weight, share)
        answers, verified = _decided(evidence, rows)
        paths = evidence.images["path"].to_numpy(dtype=object)[rows]
        scores = suspicion(values, given)
        worst = np.lexsort((paths.astype(str), -scores))
        listed = worst[(contradicted & ~verified)[worst]][: self._length(n, skill)]
        order = random_order(paths, evidence.seed)
        copies = find_copies(evidence, rows, given, order)
        wrong = np.bincount(copies.number, (answers == "wrong") & ~verified, len(copies.surplus))
        on_list = np.zeros(n, dtype=bool)
        on_list[listed] = True
        review = review_labels(order, answers, on_list, verified)
        return Measured(
            found, skill, float(contradicted.mean()), at_most, listed, scores, copies,
            int(np.maximum(copies.surplus, wrong).sum()), review, paths[review.following].tolist(),
        )  # fmt: skip

    def _length(self, n: int, skill: float) -> int:
        """Return how many images are listed at most: fewer, the weaker the judge."""
        if skill < self.min_skill:
            return 0
        part = ((skill - self.min_skill) / (1 - self.min_skill)) ** 2 if self.min_skill < 1 else 1.0
        return min(max(SHORTEST_LIST, int(n * self.max_listed * part)), int(n * self.max_listed))

    def _effect(self, measured: Measured) -> Effect:
        """Return the share of wrong labels: a bound without looks; its lower end counts what is certain."""
        n, review = len(measured.found.given), measured.review
        low, high = measured.least / n, measured.at_most
        if review.measured:
            least, most = review.bounds()
            # Looks that contradict the judge's bound overrule it.
            low, high = max(low, least), min(high, most) if least <= high else most
        high = max(high, low)
        return Effect(
            name="share of wrong labels" if review.measured else "share of wrong labels, at most",
            value=min(max(review.share, low), high) if review.measured else high,
            low=low, high=high, warn_at=self.warn_share, unit="share",
        )  # fmt: skip

    def _withhold(self, measured: Measured) -> Finding:
        """Return the finding of a judge that cannot tell the classes apart: no bound and no list."""
        needed = measured.chance + self.min_skill * (1 - measured.chance)
        return Finding(
            code=self.code,
            title="The labels could not be checked",
            summary=f"{_judge(measured)} {percent(needed, 1)} is needed, so no list of suspects is given.",
            why="A model that cannot tell the classes apart cannot tell a wrong label from a hard picture.",
            total=len(measured.found.rows),
            fix=Fix(
                text="Train a model first: its probabilities are used when it does better.",
                command="auditor run DATA -o OUT",
            ),
            details=_details(measured),
        )


def _decided(evidence: Evidence, rows: Rows) -> tuple[npt.NDArray[np.str_], Flags]:
    """Return what reviewers say about each label as it stands, and which were put right earlier."""
    images = evidence.images
    answers = images[LABEL_ANSWER].to_numpy(dtype=object)[rows] if LABEL_ANSWER in images else ""
    answered = np.broadcast_to(np.asarray(answers, dtype=str), len(rows))
    answered = np.where(np.isin(answered, ANSWERS), answered, "")
    if DECISION not in images:
        return answered, np.zeros(len(rows), dtype=bool)
    made = images[DECISION].to_numpy(dtype=object)[rows]
    return answered, np.isin(made.astype(str), ["keep", "relabel"]) & (answered == "")


def _word(evidence: Evidence, measured: Measured, effect: Effect) -> Finding:
    """Put what was measured into words."""
    found, listed, severity = measured.found, measured.listed, grade(effect)
    rows, names = found.rows[listed], np.array(found.classes, dtype=object)
    examples = pd.DataFrame(
        {
            "path": evidence.images["path"].to_numpy(dtype=object)[rows],
            "label": names[found.given[listed]],
            "suggested_label": names[found.values[listed].argmax(axis=1)],
            "split": evidence.splits[rows],
            "score": measured.scores[listed].round(6),
        }
    )
    titles = {Severity.WARNING: "Some labels are wrong", Severity.PASS: "Few labels can be wrong"}
    open_title = "A few labels are wrong, perhaps more" if measured.least else "Some labels may be wrong"
    left_out = (
        f" {found.left_out:,} images were not judged: too few groups in their class, or too many images."
        if found.left_out
        else ""
    )
    return Finding(
        code=LabelError.code,
        title=titles.get(severity, open_title),
        summary=f"{_shares(measured, effect)} {_judge(measured)}{left_out}",
        why=(
            "Wrong labels in training teach the mistake; wrong labels in test make a right model look wrong, "
            "and can reverse which of two models is better."
        ),
        affected=0 if severity is Severity.PASS else len(listed),
        total=len(found.given),
        effect=effect,
        fix=_fix(measured, effect, severity),
        examples=examples,
        classes=tuple(sorted(set(examples["label"]))),
        details=_details(measured, effect),
    )


def _shares(measured: Measured, effect: Effect) -> str:
    """Return the sentence with the number."""
    n, review = len(measured.found.given), measured.review
    listed, rest = review.listed, review.rest
    if review.measured:
        looked = [f"{listed.wrong} of {listed.seen} from the list"] if listed.total else []
        looked.append(f"{rest.wrong} of {rest.seen} others")
        return (
            f"{percent(effect.low, 1)} to {percent(effect.high, 1)} of {n:,} labels are wrong; "
            f"of those looked at, {' and '.join(looked)} were."
        )
    if not measured.least:
        unseen = " Errors that follow a rule are not seen." if grade(effect) is Severity.PASS else ""
        return f"At most {percent(effect.high, 1)} of {n:,} labels are wrong.{unseen}"
    return (
        f"{percent(effect.low, 1)} to {percent(effect.high, 1)} of {n:,} labels are wrong: "
        f"{measured.least:,} for certain, by looks or by copies with two labels."
    )


def _judge(measured: Measured) -> str:
    """Return the sentence that says how good the judge is."""
    return (
        f"The judge ({_names(measured.found.models)}{_eyes(measured.found)}) recognises "
        f"{percent(measured.found.balanced_accuracy, 1)} of each class on average; "
        f"guessing gets {percent(measured.chance, 1)}."
    )


def _names(models: tuple[str, ...]) -> str:
    return f"{', '.join(models[:-1])} and {models[-1]}" if len(models) > 1 else "".join(models)


def _eyes(found: Probabilities) -> str:
    """Return what the scan's own models saw, where the user brought it."""
    return f" on {found.eyes}" if found.eyes != OFFLINE and len(found.models) > 1 else ""


def _fix(measured: Measured, effect: Effect, severity: Severity) -> Fix | None:
    """Return what to do next: look at a sample, look at more, or put the list right."""
    if severity is Severity.PASS:
        return None
    review = measured.review
    low, high = (count - review.listed.wrong for count in review.list_bounds())
    known = review.listed.seen > 0 and high > 0
    left = f"The list still holds {max(low, 0):,} to {high:,} wrong labels." if known else ""
    if severity is Severity.WARNING:
        return Fix(
            text=_sentences(
                "Look through the list, worst first, and relabel.", left, "Never relabel unseen."
            ),
            command="auditor apply decisions.json DATA -o OUT/cleaned.csv",
        )
    more = _looks_to_decide(measured, effect)
    decide = f"About {more:,} more looks at the others would decide." if more else ""
    verb = "run" if BASELINE in measured.found.models else "scan"
    return Fix(
        text=_sentences(
            f"Look at {len(measured.following)} pictures drawn at random.",
            "Decide on each: keep, relabel, drop or cannot tell.",
            left,
            decide,
            "Suggestions are a model's opinion: never relabel unseen.",
        ),
        command=f"auditor {verb} DATA --decisions decisions.json -o OUT",
    )


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _looks_to_decide(measured: Measured, effect: Effect | None) -> int | None:
    """Return about how many more looks would decide; ``None`` where that is open, or decided."""
    if effect is None or effect.warn_at is None or grade(effect) is not Severity.UNDECIDED:
        return None
    return measured.review.further_looks(effect.warn_at) if measured.review.measured else None


def _details(measured: Measured, effect: Effect | None = None) -> dict[str, Any]:
    """Return the numbers behind the sentences."""
    found, review, copies = measured.found, measured.review, measured.copies
    noise = noise_from_copies(copies.disagreeing, copies.sets, len(found.classes))
    low, high = review.list_bounds()
    looked: dict[str, Any] = {
        "images": measured.following,
        "listed": asdict(review.listed),
        "rest": asdict(review.rest),
        "found": review.found,
    }
    if review.listed.seen:
        total = review.listed.total
        share = min(max(review.listed.share, low / total), high / total)
        looked["precision"] = {"value": share, "low": low / total, "high": high / total}
        looked["left_in_list"] = [max(low - review.listed.wrong, 0), high - review.listed.wrong]
    if (more := _looks_to_decide(measured, effect)) is not None:
        looked["further_looks"] = more
    return {
        "balanced_accuracy": found.balanced_accuracy,
        "skill": measured.skill,
        "models": list(found.models),
        "eyes": found.eyes,
        "not_judged": found.left_out,
        "contradicted": measured.contradicted,
        "at_most": measured.at_most,
        "wrong_at_least": measured.least,
        "copies": {"sets": copies.sets, "disagreeing": copies.disagreeing, "wrong_labels": asdict(noise)},
        "review": looked,
    }
