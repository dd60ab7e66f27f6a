"""Pictures with structure, and scans of them that need no disk."""

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from auditor.dataset import Dataset, FileStat
from auditor.evidence import Evidence
from auditor.scanning import scan_images


def scene(seed, height=72, width=96):
    """A picture of a dozen coloured boxes and discs on a slope of light, (height, width, 3) uint8."""
    random = np.random.default_rng([7, seed])
    y, x = np.mgrid[:height, :width]
    pixels = 90 + 60 * (random.uniform(-1, 1) * x / width + random.uniform(-1, 1) * y / height)[
        ..., None
    ] * np.ones(3)
    for _ in range(12):
        middle = random.uniform(0, 1, 2) * (height, width)
        radii = random.uniform(0.05, 0.25, 2) * (height, width)
        inside = np.abs(np.array([y - middle[0], x - middle[1]]) / radii[:, None, None])
        inside = inside.max(axis=0) < 1 if random.integers(2) else (inside**2).sum(axis=0) < 1
        pixels[inside] = random.uniform(20, 235, 3)
    return np.clip(pixels + random.normal(0, 2, pixels.shape), 0, 255).astype(np.uint8)


def encoded(pixels, format="PNG", **options):
    """The bytes of a picture in a file format."""
    target = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(target, format, **options)
    return target.getvalue()


@dataclass
class InMemory:
    """Files by path."""

    files: dict

    def read(self, path):
        return self.files[path]

    def stat(self, path):
        return FileStat(len(self.files[path]), 0)


def scan_of(files, *, labels=None, splits=None, groups=None, extra=None):
    """Scan ``{path: bytes}``; folders are split and label, unless these are given by path."""
    paths = sorted(files)
    parts = [p.split("/") for p in paths]
    samples = pd.DataFrame(
        {
            "path": paths,
            "label": [
                labels[p] if labels else (q[1] if len(q) > 2 else "")
                for p, q in zip(paths, parts, strict=True)
            ],
            "split": [
                splits[p] if splits else (q[0] if len(q) > 1 else "")
                for p, q in zip(paths, parts, strict=True)
            ],
            "group": [groups[p] if groups else "" for p in paths],
            **(extra or {}),
        }
    )
    data = Dataset(name="made", kind="table", location="made", samples=samples, source=InMemory(files))
    scanned = scan_images(data, jobs=1)
    return Evidence(scanned.images, scanned.signatures)
