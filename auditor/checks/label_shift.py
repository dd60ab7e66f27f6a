"""Class shares that differ between splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.checks.base import Check, Wording, skipped
from auditor.checks.shift_pairs import (
    UPPER_ALPHA,
    Pair,
    advice,
    class_codes,
    conclude,
    detectable,
    pairs,
)
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, percent
from auditor.stats.clusters import effective_size_of_classes
from auditor.stats.distance import (
    chi_squared,
    chi_squared_p_value,
    cramers_v,
    total_variation,
    total_variation_half_width,
    total_variation_upper_end,
)

#: Classes named in the summary.
SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How far the class shares of two splits are apart.

    Attributes
    ----------
    classes : list of str
    counts, shares : array of shape (2, n_classes)
        Images of each split, and their share in [0, 1].
    sizes : (float, float)
        Effective images of each split.
    distance, low, high : float
        Total variation distance with its interval.
    detectable : float or None
    cramers_v, p_value : float
    """

    classes: list[str]
    counts: npt.NDArray[np.int64]
    shares: npt.NDArray[np.float64]
    sizes: tuple[float, float]
    distance: float
    low: float
    high: float
    detectable: float | None
    cramers_v: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelShift(Check):
    """Class shares that differ between two splits.

    Parameters
    ----------
    warn_distance : float
        Total variation distance over which it is a warning. It bounds how far accuracy can move from the
        label mix alone: five points would change which model is chosen.
    error_distance : float
        The same distance over which it is an error: a fifth of the images would have to change class, so the
        two splits answer different questions.
    accept_distance : float
        The largest distance that may remain unproven in a pass: no mix within it moves accuracy by more than
        ten points. Deepchecks' default condition calls labels drifted above 0.15; this stays below it.
    """

    code = "label-shift"
    family = "Mismatch between splits"
    needs = frozenset({"labels", "splits"})
    about_splits = True
    measured = (
        "Graded is the total variation distance between the class shares of two splits. Its lower end holds "
        "with those of the other shift checks at once. Images of "
        "one group count as an effective number of images. The details hold Cramér's V."
    )
    limits = "It compares shares of classes, not what is in them."
    words = Wording(
        found="Class shares differ between {0} and {1}",
        fine="Class shares agree between {0} and {1}",
        undecided="Too few images to compare class shares",
        why=(
            "Accuracy is an average over a split's mix of classes. With another mix, the accuracy of the "
            "same model differs by up to this distance."
        ),
        fix=(
            "Split again, stratified by class; where the held-out split has the mix of the field, keep it "
            "and weight the classes of the other instead."
        ),
        command="auditor split DATA --replace -o OUT",
    )

    warn_distance: float = 0.05
    error_distance: float = 0.2
    accept_distance: float = 0.1

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per pair of splits with classes."""
        found = [self._compare(evidence, pair) for pair in pairs(evidence, self.code, labelled=True)]
        yield from found or [skipped(self, "There are not two splits with classes.")]

    def _measure(self, evidence: Evidence, pair: Pair) -> Shares:
        classes, codes, other = class_codes(evidence, pair)
        sides = ((codes, pair.groups), (other, pair.other_groups))
        counts = np.stack([np.bincount(side, minlength=len(classes)) for side, _ in sides])
        first, second = (effective_size_of_classes(side, groups, pair.alpha) for side, groups in sides)
        distance = total_variation(counts[0], counts[1])
        half, least, high = 1.0, None, 1.0
        if pair.decidable:
            generator = evidence.generator(self.code, pair.scope)
            half = total_variation_half_width(counts[0], counts[1], first, second, pair.alpha, generator)
            least = detectable(self.warn_distance, half, first, second)
            n, m = (effective_size_of_classes(side, groups, 2 * UPPER_ALPHA) for side, groups in sides)
            high = total_variation_upper_end(counts[0], counts[1], n, m, UPPER_ALPHA)
        statistic = chi_squared(counts) / max(len(codes) / first, len(other) / second)
        return Shares(
            classes=classes.tolist(),
            counts=counts,
            shares=counts / counts.sum(axis=1, keepdims=True),
            sizes=(first, second),
            distance=distance,
            low=max(distance - half, 0.0),
            high=high,
            detectable=least,
            cramers_v=cramers_v(counts),
            p_value=chi_squared_p_value(statistic, len(classes) - 1),
        )

    def _compare(self, evidence: Evidence, pair: Pair) -> Finding:
        found = self._measure(evidence, pair)
        effect = Effect(
            name="total variation distance of class shares",
            # Of many classes, chance alone makes the plain distance larger than the true one can be.
            value=min(found.distance, found.high), low=min(found.low, found.high), high=found.high,
            warn_at=self.warn_distance, error_at=self.error_distance, unit="share",
            detectable=found.detectable, accept_at=self.accept_distance,
        )  # fmt: skip
        names, (mine, theirs) = (pair.first, pair.second), found.shares
        shown = [k for k in np.argsort(-np.abs(theirs - mine), kind="stable")[:SHOWN] if mine[k] != theirs[k]]
        listed = ", ".join(
            f"{found.classes[k]} {percent(mine[k], 1)} of {pair.first} and {percent(theirs[k], 1)} of "
            f"{pair.second}"
            for k in shown
        )
        summary = f"The largest differences: {listed}." if shown else "All classes have the same shares."
        held = int(found.counts[1].sum())
        return self.make_finding(
            conclude(summary, effect, pair, "The class shares do not differ"),
            effect,
            scope=pair.scope,
            fix=advice(effect, pair, found.sizes, self.words.make_fix()),
            affected=round(found.distance * held),
            total=held,
            classes=tuple(found.classes[k] for k in shown),
            splits=names,
            details={
                "shares": _by_split(names, found.classes, found.shares),
                "counts": _by_split(names, found.classes, found.counts),
                "cramers_v": found.cramers_v,
                "effective_images": dict(zip(names, found.sizes, strict=True)),
                "p_value": found.p_value,
            },
        )


def _by_split(
    names: tuple[str, str], classes: list[str], table: npt.NDArray[np.int64] | npt.NDArray[np.float64]
) -> dict[str, dict[str, float]]:
    return {
        name: dict(zip(classes, row, strict=True)) for name, row in zip(names, table.tolist(), strict=True)
    }
