"""What tests need to plant a fault: tables without one, and ways to add it to a share of their rows.

Each test of a check carries its plant: ``PLANTS[code](strength, seed)`` is a scan with that check's fault, none
at strength 0. `tests/test_contracts.py` collects them from the tests.
"""

from importlib import import_module
from pathlib import Path

import numpy as np

from tests.checks.splits import scan, table

SIDES = ("train", "test")
EVEN = {side: {"cat": 150, "dog": 150} for side in SIDES}


def base(seed, counts=EVEN):
    """A table without a fault, its measures those of usual pictures."""
    images = table(counts, seed=seed)
    rng = np.random.default_rng([seed, 1])
    n = len(images)
    usual = {
        "peak_level": (0.8, 0.95),
        "floor_level": (0.05, 0.2),
        "contrast": (0.18, 0.22),
        "blur": (0.25, 0.35),
        "entropy": (6.5, 7.5),
        "aspect": (1, 1),
    }
    for name, (low, high) in usual.items():
        images[name] = rng.uniform(low, high, n)
    images["path"] = [f"{rng.integers(2**40):010x}.png" for _ in range(n)]
    images["width"] = images["height"] = rng.integers(90, 110, n)
    images["pixels"] = (images["width"] * images["height"]).astype(float)
    images["bytes"] = rng.integers(9_000, 11_000, n)
    for name, blank in {
        "defect": "",
        "decoders": "",
        "private": "",
        "transparent": False,
        "trailing": 0,
        "survives": np.nan,
    }.items():
        images[name] = blank
    images["format"], images["mode"] = "PNG", "RGB"
    return images.sort_values("path", ignore_index=True)


def some(images, share, seed, mask=None):
    """Rows that make up a share of the images, or of those in a mask; more of them hold all of fewer."""
    rows = np.flatnonzero(np.ones(len(images), bool) if mask is None else mask)
    return np.random.default_rng([seed, 2]).permutation(rows)[: round(share * len(rows))]


def column(most=0.2, **values):
    """A fault that sets columns of a share of the rows."""

    def plant(strength, seed):
        images = base(seed)
        for name, value in values.items():
            images.loc[some(images, most * strength, seed), name] = value
        return scan(images, seed=seed)

    return plant


def described(images, descriptor, seed):
    return scan(images, descriptor, seed=seed)


def draw_descriptor(images, seed, columns=16):
    return np.random.default_rng([seed, 3]).normal(size=(len(images), columns))


def counts(of):
    """A fault in the number of images."""
    return lambda strength, seed: scan(base(seed, of(strength)), seed=seed)


def collect_plants():
    """Return the plants of all tests of checks, by code."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))
    modules = [import_module(f"tests.checks.{name}") for name in names]
    return {code: plant for module in modules for code, plant in getattr(module, "PLANTS", {}).items()}
