"""Classes with too few images to be learned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording, skipped
from auditor.checks.examples import name_some
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class RareClass(Check):
    """Classes with few images, counted after leaving out duplicates.

    Parameters
    ----------
    warn_images : int
        Images of the smallest class below which it is a warning. A fifth of 50 is a test of 10 images, on
        which a recall of 0.9 is known to within 20 points: neither learned nor measured.
    error_images : int
        The same number below which it is an error: a fifth of 10 is a test of 2 images.
    """

    code = "rare-class"
    family = "Classes and sufficiency"
    needs = frozenset({"labels"})
    about_splits = True
    measured = (
        "Readable training images of each class, surplus copies left out. Graded is the smallest number."
    )
    limits = "It counts images, not their variety: a hundred frames of one film are one scene."
    words = Wording(
        found="Some classes have too few images",
        fine="Every class has enough images to start",
        why=(
            "A class seen a few times is memorised, not learned, and what is held out of it is too little to "
            "measure it by."
        ),
        fix=(
            "Collect more images of these classes; until then augment them alone, and read their scores with "
            "their intervals."
        ),
        command="auditor augment DATA --target balanced -o OUT",
    )

    warn_images: int = 50
    error_images: int = 10

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding, about the training split where there is one."""
        split = "train" if "train" in evidence.split_names else ""
        used = evidence.unique & (evidence.labels != "")
        if split:
            used &= evidence.splits == split
        classes, counts = evidence.label_counts(used)
        if not len(classes):
            yield skipped(self, "No training image has a class.")
            return
        order = np.argsort(counts, kind="stable")
        classes, counts = classes[order], counts[order]
        rare = classes[counts < self.warn_images].tolist()
        missing = int((self.warn_images - counts[: len(rare)]).sum())
        kind = "training image" if split else "image"
        summary = f"The smallest class, {classes[0]}, has {plural(int(counts[0]), kind)}, copies left out."
        if rare:
            listed = name_some([f"{name} {count:,}" for name, count in zip(rare, counts, strict=False)], 6)
            summary = (
                f"{len(rare):,} of {plural(len(classes), 'class', 'classes')} "
                f"{'has' if len(rare) == 1 else 'have'} fewer "
                f"than {self.warn_images} {kind}s ({listed}); {plural(missing, 'more image', 'more images')} "
                "would bring "
                f"{'it' if len(rare) == 1 else 'them'} there."
            )
        yield self.make_finding(
            summary,
            Effect.counted(
                "images in the smallest class", int(counts[0]), warn_at=self.warn_images,
                error_at=self.error_images, worse="lower", unit="images",
            ),
            affected=int(evidence.with_labels(rare, used).sum()),
            total=int(used.sum()),
            classes=tuple(rare),
            splits=(split,) if split else (),
            details={"counts": dict(zip(classes.tolist(), counts.tolist(), strict=True)), "missing": missing},
        )  # fmt: skip
