"""Classes that are far smaller than the largest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.checks.base import Check, Wording, skipped
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding
from auditor.stats.imbalance import (
    effective_number,
    evenness,
    imbalance_ratio,
    likelihood_ratio_imbalance_degree,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassImbalance(Check):
    """Classes that are too rare to learn or to measure.

    Parameters
    ----------
    warn_ratio : float
        Largest class / smallest class, by unique images, over which it is a warning. From 10 : 1 on networks
        lose accuracy to imbalance (Buda, Maki, Mazurowski, "A systematic study of the class imbalance problem
        in convolutional neural networks", Neural Networks 106, 2018).
    error_ratio : float
        The same ratio over which it is an error: what is called high imbalance (Leevy et al., "A survey on
        addressing high-class imbalance in big data", J. Big Data 5, 2018).
    beta : float
        Overlap of images in the effective number of samples: Cui et al., "Class-balanced loss based on
        effective number of samples", CVPR 2019, use 0.9 to 0.9999.
    """

    code = "class-imbalance"
    family = "Classes and sufficiency"
    needs = frozenset({"labels"})
    measured = (
        "Graded are the images of the largest class over those of the smallest, after leaving out surplus "
        "copies. The details hold normalised Shannon evenness, the likelihood-ratio imbalance degree and the "
        "effective number of samples. A count has no interval."
    )
    limits = "It says how uneven the classes are, not how hard they are: a rare class can be easy."
    words = Wording(
        found="Some classes are far smaller than others",
        fine="Classes are of similar size",
        why=(
            "A model that always answers with the largest class is often right without having learned "
            "anything; the recall of rare classes is what suffers."
        ),
        fix="Augment the rare classes alone, or weight them, and compare on validation.",
        command="auditor augment DATA --target balanced -o OUT",
    )

    warn_ratio: float = 10.0
    error_ratio: float = 100.0
    beta: float = 0.999

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding, about the training split where there is one."""
        split = "train" if "train" in evidence.split_names else ""
        used = evidence.unique & (evidence.labels != "")
        if split:
            used &= evidence.splits == split
        classes, counts = evidence.label_counts(used)
        if len(classes) < 2:
            yield skipped(self, "There is only one class.")
            return
        large, small = int(counts.argmax()), int(counts.argmin())
        ratio = imbalance_ratio(counts)
        rare = classes[counts * self.warn_ratio < counts[large]]
        parts = {
            name: self._measure(evidence, evidence.unique & (evidence.splits == name))
            for name in evidence.split_names
        }
        kind = "training images" if split else "images"
        most = (
            f"{classes[large]} has {ratio:.1f} times as many {kind} as {classes[small]} ({counts[large]:,} "
            "and "
            f"{counts[small]:,}, copies left out)."
            if ratio > 1
            else f"Each class has {counts[large]:,} {kind}, copies left out."
        )
        yield self.make_finding(
            most + _elsewhere(parts, split, ratio),
            Effect.counted(
                "imbalance ratio", ratio, warn_at=self.warn_ratio, error_at=self.error_ratio, unit="ratio"
            ),
            affected=int(evidence.with_labels(rare.tolist(), used).sum()),
            total=int(used.sum()),
            classes=tuple(rare.tolist()),
            splits=(split,) if split else (),
            details={
                **{k: v for k, v in self._measure(evidence, used).items() if k != "imbalance_ratio"},
                "beta": self.beta,
                "splits": parts,
            },
        )

    def _measure(self, evidence: Evidence, used: Any) -> dict[str, Any]:
        """Return the unique images per class of a part, and how unevenly the classes are filled there."""
        classes, counts = evidence.label_counts(used)
        if not len(classes):
            return {"counts": {}}
        effective = effective_number(counts, self.beta)
        return {
            "counts": dict(zip(classes.tolist(), counts.tolist(), strict=True)),
            "imbalance_ratio": imbalance_ratio(counts),
            "evenness": evenness(counts),
            "lrid": likelihood_ratio_imbalance_degree(counts),
            "effective_number": dict(zip(classes.tolist(), effective.tolist(), strict=True)),
        }


def _elsewhere(parts: dict[str, dict[str, Any]], split: str, ratio: float) -> str:
    """Say so where another split is more than twice as imbalanced, or as balanced."""
    ratios = {name: p["imbalance_ratio"] for name, p in parts.items() if name != split and p["counts"]}
    other = [
        f"{r:.1f} times as many in {name}" for name, r in ratios.items() if not ratio / 2 <= r <= ratio * 2
    ]
    return f" The largest class has {', '.join(other)}." if other else ""
