"""Small made-up data under the names that the guide uses, for running its blocks."""

from __future__ import annotations

import csv
import io
import stat
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

COLOURS = {"daisy": (235, 220, 90), "rose": (205, 45, 70), "tulip": (110, 60, 190)}


def picture(flower: str, seed: int, size: int = 48) -> npt.NDArray[np.uint8]:
    """A disc of the flower's colour on a noisy ground, (size, size, 3) uint8."""
    random = np.random.default_rng([seed, *map(ord, flower)])
    y, x = np.mgrid[:size, :size]
    middle = random.uniform(0.35, 0.65, 2) * size
    petals = 1 + 0.25 * np.cos(
        np.arctan2(y - middle[0], x - middle[1]) * random.integers(4, 8) + random.uniform(0, 6)
    )
    disc = np.hypot(y - middle[0], x - middle[1]) < size * random.uniform(0.18, 0.3) * petals
    ground = np.full((size, size, 3), random.integers(60, 130))
    ground[disc] = COLOURS[flower]
    return np.clip(ground + random.normal(0, 14, ground.shape), 0, 255).astype(np.uint8)


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def write_flowers(folder: Path) -> None:
    """Three classes in train, val and test folders; tulips are rare."""
    counts = {"train": (60, 45, 12), "val": (15, 12, 5), "test": (18, 15, 6)}
    for n, (split, numbers) in enumerate(counts.items()):
        for flower, count in zip(COLOURS, numbers, strict=True):
            (folder / split / flower).mkdir(parents=True)
            for i in range(count):
                (folder / split / flower / f"{flower}{i:03d}.png").write_bytes(
                    _png(picture(flower, 1000 * n + i))
                )


def write_photos(folder: Path) -> None:
    """A table of photos of 40 patients with dates, ``photos.csv``, and the files it names."""
    (folder / "photos").mkdir()
    rows = []
    for i in range(160):
        flower, patient = list(COLOURS)[i % 3 if i % 8 else 0], i // 4
        name = f"photos/{i:03d}.png"
        (folder / name).write_bytes(_png(picture(flower, 5000 + i)))
        rows.append(
            {
                "path": name,
                "label": flower,
                "patient": f"P{patient:02d}",
                "date": f"2026-{1 + patient // 4:02d}-{1 + i % 28:02d}",
            }
        )
    with (folder / "photos.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def prepare(folder: Path) -> Path:
    """Write the data and the commands; returns the folder of the commands, for PATH."""
    write_flowers(folder / "flowers")
    write_photos(folder)
    (folder / "field").mkdir()
    for i in range(40):
        (folder / "field" / f"{i:02d}.png").write_bytes(_png(picture(list(COLOURS)[i % 3], 9000 + i)))
    Image.fromarray(picture("rose", 7777)).save(folder / "photo.jpg")
    tools = folder / ".tools"
    tools.mkdir()
    for name, words in (("auditor", "-m auditor"), ("python", "")):
        script = tools / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', encoding="utf-8")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return tools
