"""What resizing to the model's input does to the pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent

#: Input sizes that common architectures are published with, in pixels.
SIZES = (32, 64, 96, 128, 160, 192, 224)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """What resizing to the model's input does to the pictures."""

    code: ClassVar[str] = "resize"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Side of the square input in pixels; 0 takes the largest of 32, 64, ..., 224 that nine images in ten can
    #: fill.
    size: int = 0
    #: Squashed: one side is shortened by more than this against the other. 4:3 and 3:2 photos stay below it.
    max_squash: float = 1.6
    #: Detail lost: this many pixels or more along a side become one.
    max_shrink: float = 8.0
    #: The size is chosen so that up to a tenth is blown up; as many again may be squashed, which is what
    #: random crops do anyway.
    warn_share: float = 0.2

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        rows = np.flatnonzero(evidence.readable)
        width, height = (evidence.images[c].to_numpy(dtype=float)[rows] for c in ("width", "height"))
        short, long = np.minimum(width, height), np.maximum(width, height)
        size = self.size or max((s for s in SIZES if (short >= s).mean() >= 0.9), default=SIZES[0])
        up = short < size
        squashed = long / np.maximum(short, 1) > self.max_squash
        shrunk = short / size >= self.max_shrink
        bad = up | squashed
        share = float(bad.mean())
        # How far each is from fitting: the factor by which it is blown up or squashed.
        score = np.maximum(
            np.where(up, size / np.maximum(short, 1), 1), np.where(squashed, long / np.maximum(short, 1), 1)
        )
        examples = evidence.images.loc[rows[bad], ["path", "label", "split"]].assign(
            score=score[bad].round(6)
        )
        advice = []
        if squashed.any():
            advice.append("Pad to a square, or crop the centre, before resizing.")
        if up.any():
            advice.append(f"Choose an input smaller than {size} pixels, or leave out what is too small.")
        over = share > self.warn_share
        yield Finding(
            code=self.code,
            title="Resizing would distort many images" if over else "Resizing suits the images",
            summary=(
                f"At an input of {size}x{size} pixels, {percent(up.mean(), 1)} of {len(rows):,} images are blown up, "
                f"{percent(squashed.mean(), 1)} squashed by more than {self.max_squash:g} : 1, and {percent(shrunk.mean(), 1)} lose "
                f"detail ({self.max_shrink:g} pixels or more become one); "
                f"the median image is {np.median(width):.0f}x{np.median(height):.0f}."
            ),
            why=(
                "Blown-up pictures are soft, squashed ones have other shapes, and small objects vanish: a model sees only what the "
                "resized picture shows."
            ),
            affected=int(bad.sum()),
            total=len(rows),
            effect=Effect.counted(
                "share of images blown up or squashed", share, warn_at=self.warn_share, unit="share"
            ),
            fix=Fix(text=" ".join(advice), command=f"auditor train DATA --image-size {size} -o OUT")
            if over
            else None,
            examples=examples.sort_values(["score", "path"], ascending=[False, True], ignore_index=True)
            if over
            else None,
            details={
                "size": int(size),
                "blown_up": float(up.mean()),
                "squashed": float(squashed.mean()),
                "detail_lost": float(shrunk.mean()),
                "chosen": bool(self.size == 0),
            },
        )
