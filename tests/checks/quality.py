"""Tables of measures for the checks of single pictures: what is not named is an ordinary photo's."""

import numpy as np
import pandas as pd

from auditor.checks import run_checks
from auditor.evidence import Evidence
from auditor.scanning.schema import SIGNATURE_BYTES

ORDINARY = {
    "brightness": 0.5, "contrast": 0.2, "entropy": 7.0, "blur": 0.3,
    "floor_level": 0.05, "peak_level": 0.95, "pixels": 200_000.0, "aspect": 1.33,
}  # fmt: skip


def scan_with(n=100, unreadable=0, **columns):
    """A scan of n ordinary photos in which the named measures take the given values, and then some files that cannot be read."""
    rows = pd.DataFrame(
        {"path": [f"{i:04d}.jpg" for i in range(n)], "label": "a", "split": "", "group": "", "status": "ok"}
    )
    for name, usual in ORDINARY.items():
        values = np.full(n, usual)
        given = np.asarray(columns.get(name, []), dtype=float)
        values[: len(given)] = given
        rows[name] = values
    broken = pd.DataFrame(
        {
            "path": [f"x{i}" for i in range(unreadable)],
            "label": "a",
            "split": "",
            "group": "",
            "status": "unreadable",
        }
    )
    table = pd.concat([rows, broken], ignore_index=True)
    return Evidence(table, np.zeros((len(table), SIGNATURE_BYTES), np.uint8))


def only(scan, check):
    """The check's one finding."""
    (finding,) = run_checks(scan, [check])
    return finding
