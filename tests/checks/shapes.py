"""Small pictures of four kinds of shapes, distinguished by form alone.

Place, size, light and colour are the same in every kind.
"""

import numpy as np

from tests.evidence.scenes import encoded, scan_of

KINDS = ("cross", "disc", "ring", "stripes")


def shape(kind, seed, size=32):
    """A shape on a noisy ground, (size, size, 3) uint8."""
    random = np.random.default_rng([11, seed, KINDS.index(kind)])
    y, x = np.mgrid[:size, :size]
    v, u = np.array([y, x]) - random.uniform(0.42, 0.58, 2)[:, None, None] * size
    r = size * random.uniform(0.28, 0.36)
    distance = np.hypot(u, v)
    mask = {
        "disc": distance < r * 0.85,
        "ring": (distance < r) & (distance > r * 0.55),
        "cross": (np.minimum(abs(u), abs(v)) < r * 0.33) & (np.maximum(abs(u), abs(v)) < r),
        "stripes": ((u + 100 * r) % (r * 0.7) < r * 0.35) & (abs(u) < r) & (abs(v) < r),
    }[kind]
    ground = np.full((size, size, 3), random.uniform(70, 130)) + random.uniform(-20, 20, 3)
    ground[mask] += random.uniform(50, 90)
    return np.clip(ground + random.normal(0, 8, ground.shape), 0, 255).astype(np.uint8)


def shapes(counts, seed=0, **options):
    """Encoded pictures by path: ``{"train/disc": 10}`` makes ``train/disc/<random name>.png`` ten times."""
    random = np.random.default_rng([3, seed])
    files = {}
    for n, (folder, count) in enumerate(sorted(counts.items())):
        for i in range(count):
            picture = shape(folder.split("/")[-1], 10_000 * (100 * seed + n) + i)
            files[f"{folder}/{random.integers(2**40):010x}.png"] = encoded(picture, **options)
    return files


def shape_scan(counts, seed=0, **options):
    """Scan of `shapes`; folders without a split are given as ``"/disc"``."""
    return scan_of(shapes(counts, seed), **options)
