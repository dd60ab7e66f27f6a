"""List files, as Caffe has them: a line per image with its path, a blank and its class.

The ending is ``.lst``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from auditor.dataset import Dataset, LocalFiles
from auditor.errors import DataError
from auditor.readers import Columns


def reads(location: Path) -> bool:
    """Whether this is a list file."""
    return location.is_file() and location.suffix == ".lst"


def read(location: Path, columns: Columns) -> Dataset:
    """Read the list; paths are relative to its folder."""
    lines = [
        line.rsplit(maxsplit=1) for line in location.read_text(encoding="utf-8").splitlines() if line.strip()
    ]
    if not lines or any(len(line) != 2 for line in lines):
        raise DataError(
            expected="a path, a blank and a class in every line",
            received=f"'{location}'",
            hint="mend the list",
        )
    samples = pd.DataFrame(lines, columns=["path", "label"]).assign(split="", group="")
    return Dataset(
        name=location.stem,
        kind="list file",
        location=str(location),
        samples=samples.sort_values("path", ignore_index=True),
        source=LocalFiles(str(location.absolute().parent)),
    )
