"""The stated rules by which the data and the time budget size the baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Sides to choose from, in pixels; from 64 on the first convolution has stride 2, so that 64 costs what 32
#: does.
SIDES = (32, 64, 96, 128)
#: Positions of the first feature map that an epoch over the training images may compute: 2 million cost about
#: 3 CPU seconds.
EPOCH_POSITIONS = 2_000_000
#: Bytes that the pixel cache may take before the side goes down to 32.
CACHE_BYTES = 2 * 2**30
#: Optimiser steps to aim for: small data needs many epochs to converge, large data few. With 32 images each
#: they take about 80 CPU seconds. On 1,200 photos of ten classes that are varied as they are fed, training
#: images were still being learned after 1,000.
STEPS = 1500
#: The most epochs: 200 images need 100 for 700 steps. Early stopping ends most of them sooner.
MOST_EPOCHS = 100
#: From this side on there are four stages: on those photos at 64 px, balanced accuracy on validation images
#: .67 in place of .61.
DEEPER = 64
#: Epochs without a lower validation loss that are waited for at least: the loss is noisy before the learning
#: rate has fallen. On 1,400 photos of ten classes, 9 epochs in place of 4 raised balanced accuracy on
#: validation images from 0.53 to 0.62.
LEAST_PATIENCE = 8
#: CPU seconds per image and epoch at 1024 positions and 16 filters (``benchmarks/train.py``); plans what fits
#: into a time budget.
SECONDS_PER_IMAGE = 1.7e-3
#: Seconds that loading TensorFlow, tracing and scoring take, whatever the data.
OVERHEAD = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Size of the model and of its training, with the reason in words.

    ``full_epochs`` are those that the rules give without a limit of time. ``seconds`` is what the run is
    expected to cost: an estimate from the size alone, so that what is planned within a time budget depends on
    the data and the options and not on the clock.
    """

    image_size: int
    filters: int
    depth: int
    epochs: int
    patience: int
    full_epochs: int
    seconds: float
    reason: str


def positions(image_size: int) -> float:
    """Return the positions of the first feature map, which the cost of a model goes by."""
    return (image_size / (2 if image_size >= 64 else 1)) ** 2


def seconds_per_image(image_size: int, filters: int, depth: int = 3) -> float:
    """Return the expected CPU seconds that training on one image takes once.

    Each stage costs what the one before it does.
    """
    return (
        SECONDS_PER_IMAGE
        * positions(image_size)
        / 1024
        * (0.3 + 0.7 * (filters / 16) ** 2)
        * (0.1 + 0.3 * depth)
    )


def choose_size(
    short_sides: npt.ArrayLike,
    n_train: int,
    n_made: int,
    batch_size: int,
    *,
    image_size: int | None = None,
    filters: int | None = None,
    depth: int | None = None,
    epochs: int | None = None,
    patience: int | None = None,
    seconds: float = float("inf"),
) -> Size:
    """Choose what was not given.

    The rules. Side: the largest of `SIDES` that is not above the median short side of the training images,
    with at most `EPOCH_POSITIONS` in an epoch (96 and 128 px are for small data) and `CACHE_BYTES` of cache.
    Filters: 16, and 32 above 20,000 training images. Stages: 3, and 4 from `DEEPER` on; fewer where the last
    map would have less than 4 pixels a side. Epochs: about `STEPS` steps over the training images, made ones
    not counted, between 5 and `MOST_EPOCHS`, and no more than fit into ``seconds`` by the expected cost, at
    least 3. Patience: a third of the epochs, at least 8.

    Parameters
    ----------
    short_sides : array_like of shape (n,)
        Shorter side of the training images, in pixels; may be empty when unknown.
    n_train, n_made : int
        Training images, and augmented ones that are fed beside them.
    batch_size : int
    seconds : float
        What the run may cost.
    """
    side, reason = _choose_side(short_sides, n_train, image_size)
    width = filters or (16 if n_train <= 20_000 else 32)
    stages = depth or (4 if side >= DEEPER else min(3, max(1, int(np.log2(side / 4)))))
    per_epoch = (n_train + n_made) * seconds_per_image(side, width, stages)
    wanted = int(np.clip(round(STEPS / max(1, -(-n_train // batch_size))), 5, MOST_EPOCHS))
    fitting = max(int(min((seconds - OVERHEAD) / per_epoch, wanted)), 3)
    if not epochs and fitting < wanted:
        reason += f"; {fitting} of {wanted} epochs are expected to fit into the time"
    rounds = epochs or fitting
    return Size(
        image_size=side,
        filters=width,
        depth=stages,
        epochs=rounds,
        patience=patience or max(LEAST_PATIENCE, rounds // 3),
        full_epochs=epochs or wanted,
        seconds=rounds * per_epoch,
        reason=reason,
    )


def _choose_side(short_sides: npt.ArrayLike, n_train: int, image_size: int | None) -> tuple[int, str]:
    """Return the side in pixels, and why."""
    if image_size:
        return image_size, f"{image_size} px: as asked"
    sides = np.asarray(short_sides, dtype=float)
    median = float(np.median(sides)) if len(sides) else 64.0
    fits = [
        s
        for s in SIDES
        if s <= median
        and (s <= 64 or n_train * positions(s) <= EPOCH_POSITIONS)
        and (s == SIDES[0] or n_train * s * s * 3 <= CACHE_BYTES)
    ]
    side = max(fits, default=SIDES[0])
    return side, f"{side} px: the median short side of {n_train:,} training images is {median:.0f} px"
