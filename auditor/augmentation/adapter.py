"""The one place that calls albumentations: drawn values applied to a picture."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from auditor.augmentation.transforms import BY_NAME
from auditor.errors import MissingExtraError, UsageError

#: A picture: ``(height, width, 3)`` RGB, ``uint8``.
Picture = npt.NDArray[np.uint8]

_BORDER = {"reflect": cv2.BORDER_REFLECT_101, "replicate": cv2.BORDER_REPLICATE}


@functools.cache
def _kernels(border: str) -> dict[str, Any]:
    """Return the albumentations transforms whose `apply` is used; their own drawing never is."""
    _refuse_albumentationsx()
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # else it asks a server for its newest version at import
    try:
        import albumentations as A
    except ImportError:
        raise MissingExtraError.of("albumentations", "train") from None
    mode = _BORDER[border]
    return {
        "flip-horizontal": A.HorizontalFlip(p=1),
        "flip-vertical": A.VerticalFlip(p=1),
        "affine": A.Affine(border_mode=mode, p=1),
        "projective": A.Perspective(border_mode=mode, keep_size=False, p=1),
        "elastic": A.ElasticTransform(border_mode=mode, p=1),
        "tone": A.RandomBrightnessContrast(p=1),
    }


def _refuse_albumentationsx() -> None:
    """Raise UsageError where AlbumentationsX is installed.

    It takes the name ``albumentations``, and is another program.
    """
    with contextlib.suppress(metadata.PackageNotFoundError):
        raise UsageError(
            expected="albumentations 2.0.8, under the MIT licence",
            received=f"AlbumentationsX {metadata.version('albumentationsx')} under its name, "
            f"for the AGPL or a "
            f"fee",
            hint="pip uninstall albumentationsx, then pip install --force-reinstall --no-deps "
            "albumentations==2.0.8",
        )


def require() -> None:
    """Raise MissingExtraError where albumentations is not installed, UsageError where another takes its
    name.
    """
    _kernels("reflect")


def matrix(drawn: Mapping[str, Any], height: int, width: int) -> npt.NDArray[np.float64]:
    """Return the homography of one geometric transform, shape (3, 3): from input to output pixels."""
    w, h = width - 1.0, height - 1.0
    if drawn["name"] == "rotate":
        angle = np.deg2rad(drawn["angle"])
        c, s, x, y = np.cos(angle), np.sin(angle), w / 2, h / 2
        return np.array([[c, s, x - c * x - s * y], [-s, c, y + s * x - c * y], [0, 0, 1]])
    if drawn["name"] == "crop":
        k = 1 / drawn["share"]
        return np.array([[k, 0, -k * drawn["left"] * w], [0, k, -k * drawn["top"] * h], [0, 0, 1]])
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], dtype=np.float32)
    moved = corners + np.reshape(drawn["corners"], (4, 2)) * np.array([w, h])
    return np.asarray(cv2.getPerspectiveTransform(moved.astype(np.float32), corners), dtype=np.float64)


def _elastic_maps(
    drawn: Mapping[str, Any], seed: int, height: int, width: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return where each output pixel is taken from.

    A smooth field through random control points, the same at every size.
    """
    cells = int(drawn["cells"])
    points = np.random.default_rng([seed, cells]).uniform(-1, 1, (cells, cells, 2)).astype(np.float32)
    shift = drawn["shift"] * min(height, width)
    field = cv2.resize(points, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(shift)
    x = np.arange(width, dtype=np.float32)[None, :] + field[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + field[..., 1]
    return x, y


def apply(picture: Picture, transforms: Sequence[Mapping[str, Any]], *, seed: int, border: str) -> Picture:
    """Apply drawn transforms to a picture; the same arguments give the same bytes.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    transforms : sequence of mapping
        The manifest's JSON, read: each with its ``name`` and drawn values.
    seed : int
        The row's seed; the elastic field is drawn from it.
    border : {"reflect", "replicate"}

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    kernels = _kernels(border)
    height, width = picture.shape[:2]
    warp: npt.NDArray[np.float64] | None = None
    for i, drawn in enumerate(transforms):
        kind = BY_NAME[drawn["name"]].kind
        if kind == "matrix":
            step = matrix(drawn, height, width)
            warp = step if warp is None else step @ warp
            following = transforms[i + 1]["name"] if i + 1 < len(transforms) else ""
            if not following or BY_NAME[following].kind != "matrix":
                if np.array_equal(warp[2], (0, 0, 1)):
                    picture = kernels["affine"].apply(picture, matrix=warp, output_shape=(height, width))
                else:
                    picture = kernels["projective"].apply(
                        picture, matrix=warp, max_height=height, max_width=width
                    )
                warp = None
        elif kind == "flip":
            picture = kernels[drawn["name"]].apply(picture)
        elif kind == "elastic":
            map_x, map_y = _elastic_maps(drawn, seed, height, width)
            picture = kernels["elastic"].apply(picture, map_x=map_x, map_y=map_y)
        else:
            # Contrast about mid-grey, then brightness: alpha * (x - 127.5) + 127.5 + beta.
            alpha = 1 + drawn["contrast"]
            picture = kernels["tone"].apply(
                picture, alpha=alpha, beta=127.5 * (1 - alpha) + 255 * drawn["brightness"]
            )
    return np.ascontiguousarray(picture)


def apply_json(picture: Picture, transforms: str, *, seed: int, border: str) -> Picture:
    """Apply the transforms of a manifest's cell."""
    return apply(picture, json.loads(transforms), seed=seed, border=border)
