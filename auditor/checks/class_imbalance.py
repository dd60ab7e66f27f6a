"""Classes that are far smaller than the largest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent
from auditor.stats.imbalance import (
    effective_number,
    evenness,
    imbalance_ratio,
    likelihood_ratio_imbalance_degree,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassImbalance:
    """Classes that are too rare to learn or to measure."""

    code: ClassVar[str] = "class-imbalance"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    about_splits: ClassVar[bool] = False

    #: From 10 : 1 on networks lose accuracy to imbalance (Buda, Maki, Mazurowski, "A systematic study of the
    #: class imbalance problem in convolutional neural networks", Neural Networks 106, 2018).
    warn_ratio: float = 10.0
    #: What is called high imbalance (Leevy et al., "A survey on addressing high-class imbalance in big data",
    #: J. Big Data 5, 2018).
    error_ratio: float = 100.0
    #: Cui et al., "Class-balanced loss based on effective number of samples", CVPR 2019, use 0.9 to 0.9999.
    beta: float = 0.999

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding, about the training split where there is one."""
        split = "train" if "train" in evidence.split_names else ""
        used = evidence.unique & (evidence.labels != "")
        if split:
            used &= evidence.splits == split
        classes, counts = evidence.label_counts(used)
        if len(classes) < 2:
            yield Finding(
                code=self.code, title="Class imbalance was not checked", summary="There is only one class."
            )
            return
        large, small = int(counts.argmax()), int(counts.argmin())
        ratio = imbalance_ratio(counts)
        rare = counts * self.warn_ratio < counts[large]
        effect = Effect.counted(
            "imbalance ratio", ratio, warn_at=self.warn_ratio, error_at=self.error_ratio, unit="ratio"
        )
        where = "unique training images" if split else "unique images"
        yield Finding(
            code=self.code,
            title="Some classes are far smaller than the largest"
            if ratio > self.warn_ratio
            else "Classes are of comparable size",
            summary=(
                f"Largest to smallest class is {ratio:.1f} : 1 among {where} ({classes[large]} {counts[large]:,}, {classes[small]} "
                f"{counts[small]:,}); normalised Shannon evenness is {evenness(counts):.2f} (1 = balanced).{_elsewhere(evidence, split, ratio)}"
            ),
            why=f'A model that always answers "{classes[large]}" is already {percent(counts[large] / used.sum())} accurate; '
            "the recall of rare classes is what suffers.",
            affected=int(evidence.with_labels(classes[rare].tolist(), used).sum()),
            total=int(used.sum()),
            effect=effect,
            fix=Fix(
                text="Augment the rare classes alone, or weight them, and compare on validation.",
                command="auditor augment DATA --target balanced",
            )
            if ratio > self.warn_ratio
            else None,
            classes=tuple(classes[rare].tolist()),
            splits=(split,) if split else (),
            details={
                "counts": dict(zip(classes.tolist(), counts.tolist(), strict=True)),
                "evenness": evenness(counts),
                "lrid": likelihood_ratio_imbalance_degree(counts),
                "effective_number": dict(
                    zip(classes.tolist(), effective_number(counts, self.beta).tolist(), strict=True)
                ),
                "beta": self.beta,
                "splits": {name: _measured(evidence, name, self.beta) for name in evidence.split_names},
            },
        )


def _measured(evidence: Evidence, split: str, beta: float) -> dict[str, object]:
    """Unique images per class of a split, and how unevenly the classes are filled there."""
    classes, counts = evidence.label_counts(evidence.unique & (evidence.splits == split))
    if not len(classes):
        return {"counts": {}}
    return {
        "counts": dict(zip(classes.tolist(), counts.tolist(), strict=True)),
        "imbalance_ratio": imbalance_ratio(counts),
        "evenness": evenness(counts),
        "lrid": likelihood_ratio_imbalance_degree(counts),
        "effective_number": dict(zip(classes.tolist(), effective_number(counts, beta).tolist(), strict=True)),
    }


def _elsewhere(evidence: Evidence, split: str, ratio: float) -> str:
    """Say so where another split is more than twice as imbalanced, or as balanced."""
    counts = {
        name: evidence.label_counts(evidence.unique & (evidence.splits == name))[1]
        for name in evidence.split_names
        if name != split
    }
    measured = {name: imbalance_ratio(n) for name, n in counts.items() if len(n)}
    other = [f"{name} {r:.1f} : 1" for name, r in measured.items() if not ratio / 2 <= r <= ratio * 2]
    return f" Elsewhere it is {', '.join(other)}." if other else ""
