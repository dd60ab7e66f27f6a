"""How to scale the pixels before training, measured on the training split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix

CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Pixel ranges, means and deviations to scale by, and bit depths that do not mix."""

    code: ClassVar[str] = "scaling"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Value ranges that may occur: images of 8 and of 16 bits need different divisors, so more than one is a
    #: warning. 1 to 8 bits count as one, for every decoder widens them to 8.
    max_depths: int = 1

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        split = "train" if "train" in evidence.split_names else ""
        used = evidence.readable & ((evidence.splits == split) if split else (evidence.splits != "field"))
        if not used.any():
            used, split = evidence.readable, ""
        table = evidence.images.loc[used]
        means = table[[f"{c}_mean" for c in CHANNELS]].to_numpy(dtype=float)
        spreads = table[[f"{c}_std" for c in CHANNELS]].to_numpy(dtype=float)
        mean = means.mean(axis=0)
        # Law of total variance: within images, and between their means.
        deviation = np.sqrt((spreads**2).mean(axis=0) + means.var(axis=0))
        low, high = float(table["minimum"].min()), float(table["maximum"].max())
        bits = np.maximum(evidence.images.loc[evidence.readable, "bits"].to_numpy(dtype=int), 8)
        depths, counts = np.unique(bits, return_counts=True)
        mixed = len(depths) > self.max_depths
        rare = evidence.readable & np.isin(
            np.maximum(evidence.images["bits"].to_numpy(dtype=int), 8), depths[counts < counts.max()]
        )
        where = "training images" if split else "images"
        shown = (f"({', '.join(f'{v:.4f}' for v in values)})" for values in (mean, deviation))
        text = (
            f"keras.layers.Rescaling(1 / 255), or keras.layers.Normalization(mean={_paste(mean * 255)}, "
            f"variance={_paste((deviation * 255) ** 2)})"
        )
        examples = None
        if mixed:
            examples = evidence.images.loc[rare, ["path", "label", "split"]].reset_index(drop=True)
            examples["score"] = evidence.images.loc[rare, "bits"].to_numpy(dtype=float)
            examples = examples.sort_values(["score", "path"], ascending=[False, True], ignore_index=True)
        yield Finding(
            code=self.code,
            title="Images of different bit depths need different scaling"
            if mixed
            else "How to scale the pixels",
            summary=(
                f"Over {int(used.sum()):,} {where}, in [0, 1]: mean {next(shown)} and standard deviation {next(shown)} of red, green "
                "and blue; "
                f"values from {low:.3f} to {high:.3f}. Every image counts the same, as after resizing."
                + (
                    f" Bit depths: {', '.join(f'{d} ({c:,} images)' for d, c in zip(depths, counts, strict=True))}."
                    if mixed
                    else ""
                )
            ),
            why=(
                "Deep networks train faster and more stably on inputs of mean 0 and deviation 1, or at least within [0, 1]. Fitted on the "
                "training split alone, the scaling carries nothing over from validation and test."
            ),
            affected=int(rare.sum()) if mixed else 0,
            total=int(evidence.readable.sum()),
            effect=Effect.counted("value ranges", len(depths), warn_at=self.max_depths),
            fix=Fix(
                text=f"Inside the model, so that it is never forgotten: {text}"
                + (". First save all images at one bit depth." if mixed else "")
            ),
            examples=examples,
            splits=(split,) if split else (),
            details={
                "mean": [float(f"{v:.6g}") for v in mean],
                "std": [float(f"{v:.6g}") for v in deviation],
                "minimum": low,
                "maximum": high,
                "bits": {str(d): int(c) for d, c in zip(depths, counts, strict=True)},
            },
        )


def _paste(values: npt.NDArray[np.float64]) -> str:
    return f"[{', '.join(f'{v:.4g}' for v in values)}]"
