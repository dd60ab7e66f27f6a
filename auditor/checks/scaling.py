"""How to scale the pixels before training, measured on the training split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from auditor.checks.base import Check, Wording
from auditor.checks.examples import list_examples
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, plural
from auditor.outputs import round_number

#: Names of the channels' columns.
CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """What the pixels of some images are like, in [0, 1]; every image counts the same, as after resizing.

    Attributes
    ----------
    images : int
    mean, deviation : ndarray of float, shape (3,)
        Of red, green and blue.
    low, high : float
        Smallest and largest value.
    """

    images: int
    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling(Check):
    """Pixel ranges, means and deviations to scale by, and bit depths that do not mix.

    Parameters
    ----------
    max_depths : int
        Value ranges that may occur: images of 8 and of 16 bits need different divisors, so more than one is a
        warning. 1 to 8 bits count as one, for every decoder widens them to 8.
    """

    code = "scaling"
    family = "Before training"
    measured = (
        "Smallest and largest value, mean and standard deviation of each channel of the training split. "
        "Graded is the number of bit depths."
    )
    limits = (
        "Statistics are taken at the scale of the scan, where deviations are slightly smaller than at full "
        "size."
    )
    words = Wording(
        found="Images of different bit depths are mixed",
        fine="How to scale the pixels",
        why=(
            "Deep networks train faster and more stably on inputs of mean 0 and deviation 1, or at least "
            "within [0, 1]. Fitted on the training split alone, the scaling carries nothing over from "
            "validation and test."
        ),
        fix="Save all images at one bit depth first. Scale inside the model, so that it is never forgotten.",
    )

    max_depths: int = 1

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        split = "train" if "train" in evidence.split_names else ""
        used = evidence.readable & ((evidence.splits == split) if split else (evidence.splits != "field"))
        if not used.any():
            used, split = evidence.readable, ""
        found = _measure(evidence, used)
        bits = np.maximum(evidence.images["bits"].to_numpy(dtype=int), 8)
        depths, counts = np.unique(bits[evidence.readable], return_counts=True)
        mixed = len(depths) > self.max_depths
        rare = np.flatnonzero(evidence.readable & np.isin(bits, depths[counts < counts.max()]) & mixed)
        kind = plural(found.images, f"{'training ' if split else ''}image")
        summary = (
            f"The pixels of {kind} lie between {found.low:.3f} and {found.high:.3f} of white, with a mean of "
            f"{found.mean.mean():.3f} and a standard deviation of {found.deviation.mean():.3f}."
        )
        if mixed:
            listed = " and ".join(
                f"{d} bits in {plural(c, 'image')}" for d, c in zip(depths, counts.tolist(), strict=True)
            )
            summary = f"One divisor does not fit all images: there are {listed}."
        layer = (
            "keras.layers.Rescaling(1 / 255), or "
            f"keras.layers.Normalization(mean={_paste(found.mean * 255)}, "
            f"variance={_paste((found.deviation * 255) ** 2)})"
        )
        first = "First save all images at one bit depth. " if mixed else ""
        finding = self.make_finding(
            summary,
            Effect.counted("value ranges", len(depths), warn_at=self.max_depths),
            affected=len(rare),
            total=int(evidence.readable.sum()),
            examples=list_examples(evidence, rare, bits[rare].astype(float)),
            splits=(split,) if split else (),
            details={
                "mean": [round_number(v) for v in found.mean],
                "std": [round_number(v) for v in found.deviation],
                "minimum": found.low,
                "maximum": found.high,
                "bits": dict(zip(depths.astype(str).tolist(), counts.tolist(), strict=True)),
            },
        )
        # The advice is worth having where all is well, too.
        yield replace(
            finding, fix=Fix(text=f"{first}Scale inside the model, so that it is never forgotten: {layer}.")
        )


def _measure(evidence: Evidence, used: npt.NDArray[np.bool_]) -> Pixels:
    table = evidence.images.loc[used]
    means, spreads = (
        table[[f"{channel}_{of}" for channel in CHANNELS]].to_numpy(dtype=float) for of in ("mean", "std")
    )
    # Law of total variance: within images, and between their means.
    deviation = np.sqrt((spreads**2).mean(axis=0) + means.var(axis=0))
    low, high = float(table["minimum"].min()), float(table["maximum"].max())
    return Pixels(len(table), means.mean(axis=0), deviation, low, high)


def _paste(values: npt.NDArray[np.float64]) -> str:
    return f"[{', '.join(f'{v:.4g}' for v in values)}]"
