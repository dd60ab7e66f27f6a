"""The data set in numbers, and how an audit was made."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import auditor
from auditor.commands.config import Config
from auditor.commands.options import ScanOptions
from auditor.dataset import Dataset
from auditor.evidence import Evidence
from auditor.plugins import loaded
from auditor.record import DatasetFacts
from auditor.scanning.fingerprint import fingerprint

if TYPE_CHECKING:
    import pandas as pd

#: Packages whose version can change a result.
PACKAGES = (
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "Pillow",
    "opencv-python-headless",
    "albumentations",
    "keras",
    "tensorflow",
)


def dataset_facts(dataset: Dataset, evidence: Evidence) -> DatasetFacts:
    """Return the data set in numbers."""
    images = evidence.images
    counts = images["split"].value_counts(sort=False)
    return DatasetFacts(
        name=dataset.name,
        kind=dataset.kind,
        location=dataset.location,
        fingerprint=fingerprint(images),
        images=len(images),
        unreadable=int((images["status"] == "unreadable").sum()),
        unmeasured=int((~evidence.measured).sum()),
        ignored=len(dataset.ignored),
        ignored_examples=dataset.ignored[:20],
        classes=dataset.classes,
        splits={s: int(counts[s]) for s in (*evidence.split_names, "") if s in counts.index},
        groups=len(set(images["group"]) - {""}),
        reading=dataset.reading,
        unique=int((evidence.readable & (evidence.duplicates.near == images.index.to_numpy())).sum()),
    )


def versions() -> dict[str, str]:
    """Return the versions of Python, of auditor and of the installed packages that matter to results."""
    found = {"auditor": auditor.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@cache
def _code_digest() -> str:
    """Return a digest of auditor's own code: what was found by other code is found anew."""
    digest = hashlib.sha256()
    root = Path(auditor.__file__).parent
    for file in sorted(p for top in (root, root / "reports") for p in top.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def inputs_digest(
    dataset: Dataset,
    images: pd.DataFrame,
    config: Config,
    seed: int,
    shown: str,
    eyes: Mapping[str, Any] | None = None,
) -> str:
    """Return a SHA-256 over all that findings depend on.

    That is files, samples, settings, seed, package versions and code. ``shown`` is the output folder as the
    commands of fixes name it, ``eyes`` what the user brings to judge content by.
    """
    import pandas as pd

    columns = [*dataset.samples.columns, *(c for c in ("status", "reason", "sha256") if c in images)]
    rows = pd.util.hash_pandas_object(images[columns].astype(str), index=False).to_numpy()
    settings: dict[str, Any] = {
        "checks": config.checks,
        "select": sorted(config.select),
        "ignore": sorted(config.ignore),
        "versions": versions(),
    }
    settings["plugins"] = [p.facts | {"code": p.code_digest()} for p in loaded()]
    rest = [
        dataset.name,
        dataset.kind,
        dataset.location,
        dataset.ignored,
        dataset.empty,
        dataset.reading,
        settings,
        seed,
        shown,
        eyes or {},
        _code_digest(),
    ]
    return hashlib.sha256(
        rows.tobytes() + json.dumps(rest, sort_keys=True, default=str).encode("utf-8", "backslashreplace")
    ).hexdigest()


def provenance(
    config: Config, seed: int, output: str | Path | None, scanning: ScanOptions, started: float
) -> dict[str, Any]:
    """Return how an audit was made, plain JSON.

    ``run`` alone holds what may differ between two runs on the same input. ``started`` is in seconds since
    the epoch.
    """
    called = Path(sys.argv[0]).stem in ("auditor", "__main__")
    brought = [plugin.facts for plugin in loaded()]
    return {
        "config": {
            "checks": {
                code: {k: str(v) for k, v in sorted(values.items())}
                for code, values in sorted(config.checks.items())
            },
            "select": sorted(config.select),
            "ignore": sorted(config.ignore),
            "waivers": sorted(config.waivers),
        },
        "seed": seed,
        "versions": versions(),
        **({"plugins": brought} if brought else {}),
        "run": {
            "command": shlex.join(["auditor", *sys.argv[1:]]) if called else "auditor, from Python",
            "output": str(output or ""),
            "jobs": scanning.jobs or os.cpu_count() or 1,
            "engine": scanning.engine,
            "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(timespec="seconds"),
            "seconds": round(time.time() - started, 1),
        },
    }
