"""Classes with too few images to be learned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix

#: Classes named in the summary.
SHOWN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RareClass:
    """Classes with few images, counted after leaving out duplicates."""

    code: ClassVar[str] = "rare-class"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    about_splits: ClassVar[bool] = True

    #: A fifth of 50 is a test of 10 images, on which a recall of 0.9 is known to within 20 points: neither
    #: learned nor measured.
    warn_images: int = 50
    #: A fifth of 10 is a test of 2 images.
    error_images: int = 10

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding, about the training split where there is one."""
        split = "train" if "train" in evidence.split_names else ""
        used = evidence.unique & (evidence.labels != "")
        if split:
            used &= evidence.splits == split
        classes, counts = evidence.label_counts(used)
        if not len(classes):
            yield Finding(
                code=self.code,
                title="Rare classes were not looked for",
                summary="No training image has a class.",
            )
            return
        order = np.argsort(counts, kind="stable")
        rare = [int(k) for k in order if counts[k] < self.warn_images]
        smallest = int(order[0])
        where = "unique training images" if split else "unique images"
        listed = ", ".join(f"{classes[k]} {counts[k]:,}" for k in rare[:SHOWN]) + (
            ", ..." if len(rare) > SHOWN else ""
        )
        short = int(sum(self.warn_images - counts[k] for k in rare))
        yield Finding(
            code=self.code,
            title="Some classes have too few images to learn from" if rare else "Every class has images enough to start with",
            summary=(
                f"{len(rare)} of {len(classes)} classes have fewer than {self.warn_images} {where}: {listed}. "
                f"{short:,} more images would bring them there."
                if rare
                else f"The smallest of {len(classes)} classes, {classes[smallest]}, has {counts[smallest]:,} {where}."
            ),
            why="A class seen a few times is memorised, not learned, and what is held out of it is too little to measure it by.",
            affected=int(evidence.with_labels(classes[rare].tolist(), used).sum()),
            total=int(used.sum()),
            effect=Effect.counted(
                "images in the smallest class", int(counts[smallest]), warn_at=self.warn_images, error_at=self.error_images,
                worse="lower", unit="images",
            ),
            fix=Fix(
                text="Collect more images of these classes; until then augment them alone, and read their scores with their intervals.",
                command="auditor augment DATA --target balanced",
            )
            if rare
            else None,
            classes=tuple(classes[rare].tolist()),
            splits=(split,) if split else (),
            details={"counts": dict(zip(classes[order].tolist(), counts[order].tolist(), strict=True)), "missing": short},
        )  # fmt: skip
