"""Mild augmentation of every training image as it is fed.

One warp, drawn afresh each time an image is seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from auditor.augmentation.augmented import Augmentation


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """How far pictures are moved.

    Parameters
    ----------
    shift : float
        Largest move along each axis, as a share of the side.
    zoom : float
        Largest relative change of size.
    degrees : float
        Largest rotation, either way.
    flip : bool
        Whether every other picture is mirrored left to right.
    tone : float
        Largest relative change of contrast, and of brightness as a share of white.
    """

    shift: float = 0.0
    zoom: float = 0.0
    degrees: float = 0.0
    flip: bool = False
    tone: float = 0.0

    def __call__(self, images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """Return images ``(n, side, side, 3)``, each varied by itself.

        What a warp uncovers is filled by the picture mirrored.
        """
        n, side = len(images), images.shape[1]
        dx, dy = rng.uniform(-self.shift, self.shift, (2, n)) * side
        size = 1 + rng.uniform(-self.zoom, self.zoom, n)
        angle = np.radians(rng.uniform(-self.degrees, self.degrees, n))
        mirrored = rng.random(n) < 0.5 if self.flip else np.zeros(n, dtype=bool)
        gain, lift = 1 + rng.uniform(-self.tone, self.tone, n), 255 * rng.uniform(-self.tone, self.tone, n)
        tones = (
            np.clip((np.arange(256) - 127.5) * gain[:, None] + 127.5 + lift[:, None], 0, 255)
            .round()
            .astype(np.uint8)
        )
        out = np.empty_like(images)
        middle = (side - 1) / 2
        for i in range(n):
            cos, sin = size[i] * math.cos(angle[i]), size[i] * math.sin(angle[i])
            turn = -1.0 if mirrored[i] else 1.0
            matrix = np.array([[cos * turn, -sin, 0.0], [sin * turn, cos, 0.0]])
            matrix[:, 2] = middle - matrix[:, :2] @ (middle, middle) + (dx[i], dy[i])
            picture = cv2.warpAffine(
                images[i], matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
            )
            out[i] = cv2.LUT(picture, tones[i]) if self.tone else picture
        return out


#: What changes hardly any class: a little of place, size, angle and light; no mirror images, which make
#: another letter or sign.
MILD = Variation(shift=0.1, zoom=0.15, degrees=10.0, tone=0.2)
#: Names of the mirroring step of a policy.
MIRROR = "flip-horizontal"


def variation_for(augmentation: Augmentation | None) -> Variation:
    """Return `MILD`, with mirror images where a planned policy has them for every class."""
    steps = augmentation.policy.steps if augmentation is not None else ()
    return replace(MILD, flip=any(s.name == MIRROR and not s.off_for for s in steps))
