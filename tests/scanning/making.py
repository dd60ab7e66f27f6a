"""Pictures and files that tests make."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from auditor.dataset import Dataset, LocalFiles


def pixels(width: int = 40, height: int = 30, seed: int = 0) -> np.ndarray:
    """A smooth RGB picture with some noise."""
    rng = np.random.default_rng(seed)
    ramp = np.add.outer(np.linspace(0, 120, height), np.linspace(0, 100, width))[..., None] * rng.uniform(
        0.3, 1, 3
    )
    return np.clip(ramp + rng.normal(0, 6, (height, width, 3)) + 20, 0, 255).astype(np.uint8)


def picture(mode: str = "RGB", width: int = 40, height: int = 30, seed: int = 0) -> Image.Image:
    rgb = pixels(width, height, seed)
    if mode == "I;16":
        return Image.fromarray(rgb[..., 0].astype(np.uint16) * 257)
    return Image.fromarray(rgb).convert(mode)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def jpeg(width: int = 40, height: int = 30, seed: int = 0, **options: object) -> bytes:
    return encoded(picture(width=width, height=height, seed=seed), "JPEG", **options)


def png(width: int = 40, height: int = 30, seed: int = 0, mode: str = "RGB", **options: object) -> bytes:
    return encoded(picture(mode, width, height, seed), "PNG", **options)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def chunks(data: bytes) -> list[tuple[int, int, bytes]]:
    """Start, end and kind of each chunk of a PNG."""
    found, at = [], 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        found.append((at, end, data[at + 4 : at + 8]))
        at = end
    return found


def dataset(root: Path, files: dict[str, bytes], *, old: bool = True) -> Dataset:
    """Write files and return them as a data set; `old` ones were last modified long ago."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if old:
            os.utime(path, (1_500_000_000, 1_500_000_000))
    return listed(root, sorted(files))


def listed(root: Path, paths: list[str]) -> Dataset:
    samples = pd.DataFrame(
        {"path": sorted(paths), "label": [f"c{i % 2}" for i in range(len(paths))], "split": "", "group": ""}
    ).astype(str)
    return Dataset(
        name="made", kind="class folders", location=str(root), samples=samples, source=LocalFiles(str(root))
    )
