"""Scans of invented measurements: tables alone, no pictures, so that shift can be planted exactly."""

import numpy as np
import pandas as pd

from auditor.evidence import Evidence
from auditor.scanning.schema import MEASURE_NAMES, SIGNATURE_BYTES, Facts


def table(counts, *, seed=0, groups=None):
    """A row per image of ``{split: {label: images}}``; measures are random, whatever the split and label."""
    rng = np.random.default_rng(seed)
    rows = [
        (split, label) for split, labels in counts.items() for label, n in labels.items() for _ in range(n)
    ]
    n = len(rows)
    images = pd.DataFrame(
        {
            "path": [f"{i:06d}.png" for i in range(n)],
            "label": [r[1] for r in rows],
            "split": [r[0] for r in rows],
        }
    )
    images["group"] = "" if groups is None else [f"g{g}" for g in groups]
    facts = {
        "status": "ok",
        "reason": "",
        "bytes": 1,
        "format": "PNG",
        "mode": "RGB",
        "width": 9,
        "height": 9,
        "bits": 8,
        "orientation": 1,
    }
    for fact in Facts._fields[: Facts._fields.index("animated")]:
        images[fact] = facts.get(fact, "")
    for name in ("sha256", "pixel_digest"):
        images[name] = [f"{v:032x}" for v in rng.permutation(n)]
    images["phash"] = [f"{v:016x}" for v in rng.integers(0, 2**63, n)]
    images["animated"] = False
    for name in MEASURE_NAMES:
        images[name] = np.abs(rng.normal(size=n)) + 1
    images["contrast"] = rng.uniform(0.1, 0.3, n)
    return images


def scan(images, descriptor=None, *, empty=(), seed=0, groups=None):
    """The evidence of a table: by default each image is a group of its own, and the descriptor is noise."""
    n = len(images)
    if descriptor is None:
        descriptor = np.random.default_rng(1).normal(size=(n, 8))
    signatures = np.broadcast_to(np.uint8(0), (n, SIGNATURE_BYTES))
    found = Evidence(images, signatures, empty=empty, seed=seed).with_descriptor(descriptor)
    found.groups = np.arange(len(images)) if groups is None else np.asarray(groups)
    found.unique = found.readable.copy()
    return found


def only(findings, scope=None):
    """The finding of one pair, or the only one."""
    found = [f for f in findings if scope is None or f.scope == scope]
    assert len(found) == 1
    return found[0]
