"""Pictures that several tests share. They are made here: the ordinary suite needs no data from elsewhere."""

import io

import numpy as np
import pytest
from PIL import Image

COLOURS = {"red": (200, 40, 40), "green": (40, 190, 60), "blue": (50, 60, 210)}


def picture(label, seed, size=40):
    """A bright disc of the class's colour somewhere on a noisy ground, (size, size, 3) uint8."""
    random = np.random.default_rng([seed, *map(ord, label)])
    y, x = np.mgrid[:size, :size]
    middle = random.uniform(0.3, 0.7, 2) * size
    disc = (y - middle[0]) ** 2 + (x - middle[1]) ** 2 < (size * random.uniform(0.18, 0.3)) ** 2
    ground = np.full((size, size, 3), random.integers(70, 130))
    ground[disc] = COLOURS[label.strip().lower()]
    return np.clip(ground + random.normal(0, 12, ground.shape), 0, 255).astype(np.uint8)


def encoded(pixels, format="PNG", **options):
    """The bytes of a picture in a file format."""
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, format, **options)
    return target.getvalue()


def write_tree(root, counts, seed=0):
    """Write ``{"train/red": 5, ...}`` pictures; returns the root."""
    for n, (folder, count) in enumerate(sorted(counts.items())):
        (root / folder).mkdir(parents=True)
        for i in range(count):
            (root / folder / f"{i:03d}.png").write_bytes(
                encoded(picture(folder.split("/")[-1], 1000 * (seed + n) + i))
            )
    return root


@pytest.fixture(scope="session")
def split_tree(tmp_path_factory):
    """Three classes, one of them rare, in train, val and test folders."""
    counts = {
        "train/red": 40,
        "train/green": 30,
        "train/blue": 6,
        "Val/red": 8,
        "Val/green": 8,
        "Val/blue": 4,
    }
    return write_tree(
        tmp_path_factory.mktemp("split") / "discs",
        counts | {"test/red": 12, "test/green": 12, "test/blue": 6},
    )


@pytest.fixture(scope="session")
def class_tree(tmp_path_factory):
    """Three classes without splits."""
    return write_tree(
        tmp_path_factory.mktemp("classes") / "discs", {"red": 30, "green": 25, "blue": 10}, seed=50
    )
