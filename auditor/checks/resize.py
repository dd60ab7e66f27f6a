"""What resizing to the model's input does to the pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.checks.base import Check, Wording
from auditor.checks.examples import list_examples, say_share
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix

#: Input sizes that common architectures are published with, in pixels.
SIZES = (32, 64, 96, 128, 160, 192, 224)
#: Share of the images that must fill the input: a tenth may be blown up.
FILLED = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What resizing to one square input does to each image.

    Attributes
    ----------
    size : int
        Side of the input in pixels.
    blown_up, squashed, shrunk : ndarray of bool
        Smaller than the input; its shape changed; its detail lost.
    score : ndarray of float
        How far each is from fitting: the factor by which it is blown up or squashed.
    """

    size: int
    blown_up: npt.NDArray[np.bool_]
    squashed: npt.NDArray[np.bool_]
    shrunk: npt.NDArray[np.bool_]
    score: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize(Check):
    """What resizing to the model's input does to the pictures.

    Parameters
    ----------
    size : int
        Side of the square input in pixels; 0 takes the largest of 32, 64, ..., 224 that nine images in ten
        can fill.
    max_squash : float
        An image is squashed where one side is shortened by more than this against the other. 4:3 and 3:2
        photos stay below it.
    max_shrink : float
        Detail is lost where this many pixels or more along a side become one.
    warn_share : float
        Share of images blown up or squashed over which it is a warning. The size is chosen so that up to a
        tenth is blown up; as many again may be squashed, which is what random crops do anyway.
    """

    code = "resize"
    family = "Before training"
    measured = (
        "From the sizes of the files, the shares that the input size blows up, squashes, or takes detail "
        "from. Graded is the share that is blown up or squashed."
    )
    limits = "It goes by the sizes of the files, not by the size of the objects in them."
    words = Wording(
        found="Resizing would distort many images",
        fine="Resizing suits the images",
        why=(
            "Blown-up pictures are soft, squashed ones have other shapes, and small objects vanish: a model "
            "sees only what the resized picture shows."
        ),
        fix=(
            "Pad to a square, or crop the centre, before resizing where shapes differ. Choose a smaller "
            "input, or leave out what is too small, where images are blown up."
        ),
    )

    size: int = 0
    max_squash: float = 1.6
    max_shrink: float = 8.0
    warn_share: float = 0.2

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        rows = np.flatnonzero(evidence.readable)
        width, height = (evidence.images[c].to_numpy(dtype=float)[rows] for c in ("width", "height"))
        fit = self._measure(np.minimum(width, height), np.maximum(width, height))
        bad = fit.blown_up | fit.squashed
        share = float(bad.mean())
        over = share > self.warn_share
        verbs = "would be blown up or squashed", "would be blown up or squashed"
        advice = [
            "Pad to a square, or crop the centre, before resizing." if fit.squashed.any() else "",
            f"Choose an input smaller than {fit.size} pixels, or leave out what is too small."
            if fit.blown_up.any()
            else "",
        ]
        yield self.make_finding(
            f"{say_share(int(bad.sum()), len(rows), *verbs)} to fit {fit.size}x{fit.size} pixels; the median "
            "image "
            f"has {np.median(width):.0f}x{np.median(height):.0f}.",
            Effect.counted(
                "share of images blown up or squashed", share, warn_at=self.warn_share, unit="share"
            ),
            fix=Fix(text=" ".join(filter(None, advice))),
            affected=int(bad.sum()),
            total=len(rows),
            examples=list_examples(evidence, rows[bad], fit.score[bad]) if over else None,
            details={
                "size": fit.size,
                "blown_up": float(fit.blown_up.mean()),
                "squashed": float(fit.squashed.mean()),
                "detail_lost": float(fit.shrunk.mean()),
                "chosen": self.size == 0,
            },
        )

    def _measure(self, short: npt.NDArray[np.float64], long: npt.NDArray[np.float64]) -> Fit:
        size = self.size or max((s for s in SIZES if (short >= s).mean() >= FILLED), default=SIZES[0])
        ratio = long / np.maximum(short, 1)
        up, squashed = short < size, ratio > self.max_squash
        blown = size / np.maximum(short, 1)
        score = np.maximum(np.where(up, blown, 1), np.where(squashed, ratio, 1))
        return Fit(size, up, squashed, short / size >= self.max_shrink, score)
