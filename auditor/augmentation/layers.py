"""Augmentation inside the model: Keras 3 preprocessing layers."""

from __future__ import annotations

from typing import Any

from auditor.augmentation.policy import Policy
from auditor.errors import MissingExtraError


def keras_layers(policy: Policy, *, seed: int = 0, rescale: bool = False) -> list[Any]:
    """Return Keras 3 layers that do what a policy does, active in training alone.

    Flips become ``RandomFlip``, rotation ``RandomRotation``, crop ``RandomZoom`` (inwards), contrast
    ``RandomContrast`` and brightness ``RandomBrightness``. Keras has no layer that depends on the class or
    that is applied with a probability to these, so that a transform that is off for some class is left out,
    and perspective and elastic distortion have no counterpart that is as cheap on a CPU: they are left out
    too.

    Parameters
    ----------
    policy : Policy
    seed : int
    rescale : bool
        Whether to end with ``Rescaling(1 / 255)``. Images come in as 0 to 255 either way.

    Raises
    ------
    MissingExtraError
        Keras is not installed.
    """
    try:
        from keras import layers
    except ImportError:
        raise MissingExtraError.of("keras", "train") from None
    steps = {s.name: s.magnitudes for s in policy.steps if not s.off_for}
    fill = "reflect" if policy.border == "reflect" else "nearest"
    made: list[Any] = []
    flips = [n.removeprefix("flip-") for n in ("flip-horizontal", "flip-vertical") if n in steps]
    if flips:
        made.append(layers.RandomFlip("_and_".join(flips), seed=seed))
    if "rotate" in steps:
        made.append(layers.RandomRotation(steps["rotate"]["degrees"] / 360, fill_mode=fill, seed=seed + 1))
    if "crop" in steps:
        # A crop that keeps a share of each side is a zoom that shows that share: height_factor -0.2 shows 0.8
        # of the height.
        made.append(layers.RandomZoom((steps["crop"]["share"] - 1, 0.0), fill_mode=fill, seed=seed + 2))
    if "brightness-contrast" in steps:
        tone = steps["brightness-contrast"]
        if tone["contrast"] > 0:
            made.append(layers.RandomContrast(tone["contrast"], value_range=(0, 255), seed=seed + 3))
        if tone["brightness"] > 0:
            made.append(layers.RandomBrightness(tone["brightness"], value_range=(0, 255), seed=seed + 4))
    if rescale:
        made.append(layers.Rescaling(1 / 255))
    return made
