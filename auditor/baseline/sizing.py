"""The stated rules by which the data sizes the baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Sides to choose from, in pixels. All halve cleanly three times.
SIDES = (32, 48, 64, 96, 128)
#: Pixels a training epoch may read: 6 million cost about 2 CPU seconds per epoch with 16 filters, so that 30 epochs take a minute.
EPOCH_PIXELS = 6_000_000
#: Optimiser steps to aim for: small data needs many epochs to converge, large data few.
STEPS = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Size of the model and of its training, with the reason in words."""

    image_size: int
    filters: int
    depth: int
    epochs: int
    patience: int
    reason: str


def choose_size(
    short_sides: npt.ArrayLike,
    n_train: int,
    batch_size: int,
    *,
    image_size: int | None = None,
    filters: int | None = None,
    depth: int | None = None,
    epochs: int | None = None,
    patience: int | None = None,
) -> Size:
    """Choose what was not given.

    The rules: the side is the largest of `SIDES` not above the median short side of the training images, and not above what reads
    `EPOCH_PIXELS` per epoch; 16 filters up to 20,000 training images, 32 above; as many stages as leave at least 4 pixels a side, at
    most 3 (4 at 96 pixels and more); epochs for about `STEPS` steps, between 5 and 40; patience a fifth of them, at least 4.

    Parameters
    ----------
    short_sides : array_like of shape (n_train,)
        Shorter side of each training image, in pixels; may be empty when unknown.
    n_train : int
        Training images.
    """
    sides = np.asarray(short_sides, dtype=float)
    median = float(np.median(sides)) if len(sides) else 64.0
    affordable = (EPOCH_PIXELS / max(n_train, 1)) ** 0.5
    chosen = image_size or max((s for s in SIDES if s <= min(median, affordable)), default=SIDES[0])
    stages = depth or min(4 if chosen >= 96 else 3, max(1, int(np.log2(chosen / 4))))
    per_epoch = max(1, -(-n_train // batch_size))
    rounds = epochs or int(np.clip(round(STEPS / per_epoch), 5, 40))
    reason = (
        f"{chosen} px: given"
        if image_size
        else f"{chosen} px: the median short side is {median:.0f} px, and {n_train:,} training images allow {affordable:.0f} px"
    )
    return Size(
        image_size=chosen,
        filters=filters or (16 if n_train <= 20_000 else 32),
        depth=stages,
        epochs=rounds,
        patience=patience or max(4, rounds // 5),
        reason=reason,
    )
