"""The transforms: their magnitudes, and the drawing of values. Nothing here touches a picture.

Drawn values are relative to the picture (shares of its sides, degrees), so that they mean the same at every
size, and rounded to `DIGITS` decimals, so that what is written in a manifest is exactly what is applied.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

#: Decimals of drawn values: a millionth of a side is far below a pixel.
DIGITS = 6

#: Drawn values of one transform, as they stand in the manifest's JSON.
Drawn = dict[str, float | list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Magnitude:
    """One magnitude of a transform: the range in which it is possible, its default, and what it means."""

    name: str
    low: float
    high: float
    default: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """A transform by name.

    ``draw`` maps magnitudes, a generator, and whether to draw at the limit of the range, to drawn values;
    ``kind`` says how they are applied: ``"flip"``, ``"matrix"`` (consecutive ones are applied as one warp),
    ``"elastic"`` or ``"tone"``.
    """

    name: str
    title: str
    kind: str
    magnitudes: tuple[Magnitude, ...] = ()
    draw: Callable[[Mapping[str, float], np.random.Generator, bool], Drawn] = field(repr=False)

    def weaker(self, magnitudes: Mapping[str, float], share: float) -> dict[str, float]:
        """Return magnitudes at a share of their strength.

        Half of 20 degrees is 10, half of a crop to 0.8 is one to 0.9.
        """
        scaled = dict(magnitudes)
        for m in self.magnitudes:
            if m.name == "share":
                scaled[m.name] = 1 - share * (1 - magnitudes[m.name])
            elif m.name != "cells":
                scaled[m.name] = share * magnitudes[m.name]
        return {m.name: min(max(scaled[m.name], m.low), m.high) for m in self.magnitudes}

    @property
    def defaults(self) -> dict[str, float]:
        """The default of each magnitude."""
        return {m.name: m.default for m in self.magnitudes}


def _within(rng: np.random.Generator, most: float, at_limit: bool) -> float:
    """Draw a value of either sign, uniform up to ``most``, or one of the two limits."""
    value = float(rng.uniform(-most, most))
    return round(math.copysign(most, value) if at_limit else value, DIGITS)


def _flip(_magnitudes: Mapping[str, float], _rng: np.random.Generator, _at_limit: bool) -> Drawn:
    return {}


def _rotate(magnitudes: Mapping[str, float], rng: np.random.Generator, at_limit: bool) -> Drawn:
    return {"angle": _within(rng, magnitudes["degrees"], at_limit)}


def _crop(magnitudes: Mapping[str, float], rng: np.random.Generator, at_limit: bool) -> Drawn:
    share = round(magnitudes["share"] if at_limit else float(rng.uniform(magnitudes["share"], 1)), DIGITS)
    left, top = (round(float(rng.uniform(0, 1 - share)), DIGITS) for _ in range(2))
    return {"share": share, "left": left, "top": top}


def _perspective(magnitudes: Mapping[str, float], rng: np.random.Generator, at_limit: bool) -> Drawn:
    return {"corners": [_within(rng, magnitudes["shift"], at_limit) for _ in range(8)]}


def _elastic(magnitudes: Mapping[str, float], rng: np.random.Generator, at_limit: bool) -> Drawn:
    # Below three tenths of the largest shift the distortion is hard to see: such an image would be a copy.
    share = 1.0 if at_limit else float(rng.uniform(0.3, 1))
    return {"shift": round(share * magnitudes["shift"], DIGITS), "cells": int(magnitudes["cells"])}


def _brightness_contrast(magnitudes: Mapping[str, float], rng: np.random.Generator, at_limit: bool) -> Drawn:
    return {name: _within(rng, magnitudes[name], at_limit) for name in ("brightness", "contrast")}


#: Every transform, in the order in which a policy should apply them: exact flips first, one warp, then grey
#: levels.
TRANSFORMS: tuple[Transform, ...] = (
    Transform(name="flip-horizontal", title="Left-right flip", kind="flip", draw=_flip),
    Transform(name="flip-vertical", title="Up-down flip", kind="flip", draw=_flip),
    Transform(
        name="rotate",
        title="Rotation",
        kind="matrix",
        magnitudes=(
            Magnitude(name="degrees", low=0.1, high=180, default=15, text="largest angle, either way"),
        ),
        draw=_rotate,
    ),
    Transform(
        name="crop",
        title="Crop",
        kind="matrix",
        # Below a fifth of each side (4 % of the area) a crop no longer shows the object that the label names.
        magnitudes=(
            Magnitude(
                name="share", low=0.2, high=0.99, default=0.8, text="smallest share of each side that is kept"
            ),
        ),
        draw=_crop,
    ),
    Transform(
        name="perspective",
        title="Perspective",
        kind="matrix",
        # Corners that move by 0.24 of a side or less can never cross, so that the quadrangle stays convex and
        # the warp invertible.
        magnitudes=(
            Magnitude(
                name="shift",
                low=0.001,
                high=0.24,
                default=0.05,
                text="largest move of a corner, as a share of the side",
            ),
        ),
        draw=_perspective,
    ),
    Transform(
        name="elastic",
        title="Elastic distortion",
        kind="elastic",
        magnitudes=(
            Magnitude(
                name="shift",
                low=0.001,
                high=0.2,
                default=0.02,
                text="largest displacement, as a share of the shorter side",
            ),
            Magnitude(
                name="cells", low=2, high=16, default=5, text="control points along a side: more is rougher"
            ),
        ),
        draw=_elastic,
    ),
    Transform(
        name="brightness-contrast",
        title="Brightness and contrast",
        kind="tone",
        magnitudes=(
            Magnitude(
                name="brightness", low=0, high=0.9, default=0.2, text="largest shift, as a share of white"
            ),
            Magnitude(
                name="contrast", low=0, high=0.9, default=0.2, text="largest relative change of contrast"
            ),
        ),
        draw=_brightness_contrast,
    ),
)

BY_NAME = {t.name: t for t in TRANSFORMS}


def families(name: str) -> set[str]:
    """Return the names under which a transform is switched.

    Its own, and its family's (``flip`` for both flips).
    """
    return {name, name.split("-")[0]} if name.startswith("flip-") else {name}
