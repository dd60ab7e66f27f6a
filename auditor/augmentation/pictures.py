"""Whole pictures in and out: parents at full size, augmented images as files."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import cv2
import numpy as np

from auditor.augmentation.adapter import Picture
from auditor.errors import DataError
from auditor.scanning.pixels import DECODE_ERRORS, MAX_PIXELS

#: JPEG quality of augmented images: Pillow's documentation calls 95 the useful maximum; lower, and a second
#: generation of artefacts would tell them from their parents.
JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True, eq=False)
class Parent:
    """A decoded parent.

    Its picture upright as a viewer shows it, and whether it is grey, as its offspring are written then.
    """

    picture: Picture
    grey: bool


def read_parent(data: bytes, path: str) -> Parent:
    """Decode a parent in full: RGB, 8 bits, EXIF orientation applied, transparency dropped.

    16-bit values are scaled to 8 bits.

    Raises
    ------
    DataError
        It cannot be decoded (it has changed since the scan).
    """
    try:
        found = _decode_fast(data) if data.startswith(b"\xff\xd8\xff") else None
        rgb, grey = found if found is not None else _decode_any(data)
    except (*DECODE_ERRORS, cv2.error) as error:
        reason = " ".join(str(error).split())[:100]
        raise DataError(
            expected="the image as it was scanned",
            received=f"'{path}', which cannot be decoded ({reason})",
            hint="scan again",
        ) from None
    return Parent(rgb, grey)


def _decode_fast(data: bytes) -> tuple[Picture, bool] | None:
    """Decode a JPEG with OpenCV, about four times as fast as Pillow.

    None where it refuses, or where its colours are not plain.
    """
    if b"Adobe" in data[:4096]:  # CMYK and YCCK come out differently: leave them to Pillow, as the scan does
        return None
    flags = cv2.IMREAD_COLOR_RGB if hasattr(cv2, "IMREAD_COLOR_RGB") else cv2.IMREAD_COLOR
    rgb = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if rgb is None:
        return None
    if not hasattr(cv2, "IMREAD_COLOR_RGB"):
        rgb = cv2.cvtColor(rgb, cv2.COLOR_BGR2RGB)
    picture = np.asarray(rgb, dtype=np.uint8)
    return picture, _is_grey(picture)


def _decode_any(data: bytes) -> tuple[Picture, bool]:
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(io.BytesIO(data))
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width} x {image.height} pixels")
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I") or upright.mode == "F":
            deep = np.asarray(upright, dtype=np.float64)
            top = 65535.0 if upright.mode.startswith("I") else max(float(deep.max(initial=0.0)), 1.0)
            return np.repeat(np.clip(deep / top * 255, 0, 255).astype(np.uint8)[..., None], 3, axis=2), True
        rgb = np.asarray(upright.convert("RGB"))
        return rgb, upright.mode in ("1", "L", "LA") or _is_grey(rgb)


def _is_grey(rgb: Picture) -> bool:
    return bool((rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all())


def encode(picture: Picture, suffix: str, *, grey: bool) -> bytes:
    """Return the bytes of a file: JPEG or PNG, one channel where the parent is grey.

    The same picture gives the same bytes.
    """
    pixels = picture[..., 0] if grey else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    # PNG level 1: 3 to 5 times as fast as the default for a tenth more bytes.
    options = (
        [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if suffix == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 1]
    )
    done, data = cv2.imencode(suffix, pixels, options)
    if not done:
        raise ValueError(f"expected a picture that {suffix} can hold. Received: shape {picture.shape}")
    return bytes(data)


def webp(picture: Picture, side: int = 96) -> bytes:
    """Return a small picture as WebP, at most ``side`` pixels long, for reports."""
    scale = min(side / max(picture.shape[:2]), 1)
    size = [max(round(n * scale), 1) for n in picture.shape[1::-1]]
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return bytes(
        cv2.imencode(".webp", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, 80])[1]
    )
