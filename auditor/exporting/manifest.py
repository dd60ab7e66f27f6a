"""A table with a row per image: CSV, Parquet or JSON lines, which ``auditor.open`` reads as a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auditor.dataset import LocalFiles, shown_name
from auditor.exporting.material import WHOLE
from auditor.outputs import csv_bytes, write_file
from auditor.parquet import parquet_bytes

if TYPE_CHECKING:
    import pandas as pd

    from auditor.exporting.material import Material, Options

#: Endings, and what is written for them.
KINDS = (".csv", ".parquet", ".jsonl")


def make(material: Material, options: Options) -> pd.DataFrame:
    """Return ``path, label, split, group``; paths of local files are absolute: it can stand anywhere."""
    table = material.table.assign(split=material.table["split"].replace(WHOLE, ""))
    if material.dataset is not None and isinstance(material.dataset.source, LocalFiles):
        table = table.assign(path=[shown_name(file) for file in material.files(table["path"])])
    return table[[c for c in table.columns if c in ("path", "label") or (table[c] != "").any()]]


def write(material: Material, target: Path, options: Options) -> Path:
    """Write the table as its ending says, CSV without one."""
    table = make(material, options)
    ending = target.suffix.lower()
    if ending == ".parquet":
        content = parquet_bytes(table)
    elif ending == ".jsonl":
        content = table.to_json(orient="records", lines=True, force_ascii=False).encode(
            "utf-8", "backslashreplace"
        )
    else:
        content = csv_bytes(table)
    write_file(target, content)
    return target
