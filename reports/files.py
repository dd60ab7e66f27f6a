"""A record as files in an output folder, and back again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import parquet
from auditor.errors import DataError, OutputError
from auditor.finding import EXAMPLE_COLUMNS, Finding
from auditor.parquet import parquet_bytes
from auditor.record import MARKER, AugmentationFacts, BaselineFacts, Record, SplitFacts
from auditor.reports.audit_json import audit_from_json, audit_to_json, dump_json, load_json, without_times
from auditor.reports.csv_cells import escape_table, unescape_cell
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

#: Columns of ``findings.csv``; the last names the finding, for codes that report on several scopes.
FINDINGS_COLUMNS = ("check", "severity", *EXAMPLE_COLUMNS, "finding")


def save_record(record: Record, folder: str | Path, *, reproducible: bool = False) -> Path:
    """Write every file of the output folder that the record has something for; returns the folder.

    Each file is written under a temporary name and renamed when it is complete. Files that the record says
    nothing about are left alone.

    Parameters
    ----------
    record : Record
    folder : path
        Made where it does not exist.
    reproducible : bool
        Leave out times and the machine, so that the same audit gives the same bytes.

    Raises
    ------
    OutputError
        The folder or a file cannot be written.
    """
    folder = Path(folder)
    audit = audit_to_json(record, reproducible=reproducible)
    files: dict[str, Callable[[], bytes]] = {
        "images.parquet": lambda: images_parquet(record.images),
        "thumbnails.parquet": lambda: parquet_bytes(_thumbnail_table(record.thumbnails)),
        "findings.csv": lambda: _csv(findings_table(record.findings)),
    }
    files |= _part_files(
        split=record.split,
        split_table=record.split_table,
        split_findings=record.split_findings,
        augmented=record.augmented,
        baseline=record.baseline,
        reproducible=reproducible,
    )
    files["audit.json"] = lambda: dump_json(audit)  # last: a folder with an audit.json is complete
    return _write(folder, files)


def save_parts(
    folder: str | Path,
    *,
    split: SplitFacts | None = None,
    split_table: pd.DataFrame | None = None,
    split_findings: tuple[Finding, ...] = (),
    augmentation: AugmentationFacts | None = None,
    augmented: pd.DataFrame | None = None,
    baseline: BaselineFacts | None = None,
    reproducible: bool = False,
) -> Path:
    """Write the files of some parts where there is no audit to add them to; returns the folder.

    Raises
    ------
    OutputError
        The folder or a file cannot be written.
    """
    files = _part_files(
        split=split,
        split_table=split_table,
        split_findings=split_findings,
        augmented=augmented,
        baseline=baseline,
        reproducible=reproducible,
    )
    if augmentation is not None:
        files["augmentation.json"] = lambda: dump_json(
            without_times(augmentation) if reproducible else augmentation
        )
    return _write(Path(folder), files)


def _part_files(
    *,
    split: SplitFacts | None,
    split_table: pd.DataFrame | None,
    split_findings: tuple[Finding, ...],
    augmented: pd.DataFrame | None,
    baseline: BaselineFacts | None,
    reproducible: bool,
) -> dict[str, Callable[[], bytes]]:
    files: dict[str, Callable[[], bytes]] = {}
    if split_findings:
        files["split_findings.csv"] = lambda: _csv(findings_table(split_findings))
    if split_table is not None:
        files["split.csv"] = lambda: _csv(split_table)
    if split is not None:
        files["split.json"] = lambda: dump_json(split)
    if augmented is not None:
        files["augmented.csv"] = lambda: _csv(augmented)
    if baseline is not None:
        files["baseline.json"] = lambda: dump_json(without_times(baseline) if reproducible else baseline)
    return files


def _write(folder: Path, files: Mapping[str, Callable[[], bytes]]) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            expected="an output folder that can be written",
            received=f"'{folder}': {error.strerror}",
            hint="name another with -o",
        ) from None
    write_atomically(folder / MARKER, b"This folder holds the output of auditor; it is never read as data.\n")
    for name, content in files.items():
        write_atomically(folder / name, content())
    return folder


def load_record(folder: str | Path) -> Record:
    """Read a record back from an output folder, exactly as it was saved.

    Raises
    ------
    DataError
        The folder holds no audit, or one that this version cannot read.
    """
    folder = Path(folder)
    audit = load_json(folder / "audit.json")
    try:
        images = parquet.read(folder / "images.parquet")
        pictures = (
            parquet.read(folder / "thumbnails.parquet") if (folder / "thumbnails.parquet").exists() else None
        )
        examples = {
            "findings": _read_evidence(folder / "findings.csv"),
            "split_findings": _read_evidence(folder / "split_findings.csv")
            if audit.get("split_findings")
            else {},
        }
        return audit_from_json(
            audit,
            images=images,
            thumbnails={}
            if pictures is None
            else dict(zip(pictures["path"], pictures["image"], strict=True)),
            evidence=examples,
            split_table=read_csv(folder / "split.csv") if audit["tables"]["split"] else None,
            augmented=_with_seeds(read_csv(folder / "augmented.csv"))
            if audit["tables"]["augmented"]
            else None,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            expected="an output folder of auditor, complete",
            received=f"'{folder}': {error}",
            hint="run auditor scan DATA again with -o and this folder",
        ) from None


def write_atomically(file: Path, content: bytes) -> None:
    """Write a file under a temporary name beside it, then rename; raises OutputError."""
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_bytes(content)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True) if part.parent.is_dir() else None
        raise OutputError(
            expected=f"to write '{file}'",
            received=error.strerror or str(error),
            hint="name another place with -o",
        ) from None


def findings_table(findings: tuple[Finding, ...]) -> pd.DataFrame:
    """Return the rows of ``findings.csv``: all evidence, findings in their order, worst rows first."""
    import pandas as pd

    tables = []
    for finding in findings:
        if finding.examples is None or not len(finding.examples):
            continue
        table = finding.examples.reindex(columns=list(EXAMPLE_COLUMNS))
        tables.append(table.assign(check=finding.code, severity=finding.severity.value, finding=finding.id))
    if not tables:
        return pd.DataFrame(columns=list(FINDINGS_COLUMNS))
    together = pd.concat([t.astype(object) for t in tables], ignore_index=True)
    together["score"] = significant(pd.to_numeric(together["score"]).to_numpy(dtype=float))
    return together[list(FINDINGS_COLUMNS)]


def findings_csv(record: Record) -> str:
    """Return ``findings.csv`` as text."""
    return _csv(findings_table(record.findings)).decode("utf-8")


def significant(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round to 6 significant digits (to 22 decimals, where that is fewer).

    Examples
    --------
    >>> import numpy as np
    >>> significant(np.array([0.123456789, -1234567.0, 0.0, np.nan])).tolist()
    [0.123457, -1234570.0, 0.0, nan]
    """
    import numpy as np

    size = np.abs(numbers)
    usual = np.isfinite(size) & (size > 0)
    power = np.clip(
        5 - np.floor(np.log10(np.where(usual, size, 1.0))), -22, 22
    )  # powers of ten up to 22 are exact
    up, down = 10.0 ** np.maximum(power, 0), 10.0 ** np.maximum(-power, 0)
    return np.where(usual, np.rint(numbers * up / down) / up * down, numbers)


def read_csv(file: Path) -> pd.DataFrame:
    """Read a table that auditor wrote: every cell a string, formulas unescaped."""
    import pandas as pd

    table = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8")
    return pd.DataFrame(
        {name: table[name].map(unescape_cell).astype(table[name].dtype) for name in table.columns},
        columns=table.columns,
    )


def _read_evidence(file: Path) -> dict[str, pd.DataFrame]:
    """Evidence by the finding's id, every column of `EVIDENCE_COLUMNS`."""
    table = read_csv(file)
    table["score"] = [float(s) if s else math.nan for s in table["score"]]
    return {
        str(name): rows[list(EXAMPLE_COLUMNS)].reset_index(drop=True)
        for name, rows in table.groupby("finding", sort=False)
    }


def _with_seeds(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(seed=[int(s) for s in table["seed"]]) if "seed" in table else table


def _csv(table: pd.DataFrame) -> bytes:
    return escape_table(table).to_csv(index=False, lineterminator="\n").encode("utf-8", "backslashreplace")


def images_parquet(images: pd.DataFrame) -> bytes:
    """Return the bytes of ``images.parquet``."""
    return parquet_bytes(_rounded_measures(images))


def _rounded_measures(images: pd.DataFrame) -> pd.DataFrame:
    names = [m.name for m in (*MEASURES, *SHAPE_MEASURES) if m.name in images]
    return images.assign(**{name: significant(images[name].to_numpy(dtype=float)) for name in names})


def _thumbnail_table(thumbnails: Mapping[str, bytes]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {"path": list(thumbnails), "image": list(thumbnails.values())}, columns=["path", "image"]
    )


__all__ = [
    "FINDINGS_COLUMNS",
    "findings_csv",
    "findings_table",
    "images_parquet",
    "load_record",
    "read_csv",
    "save_parts",
    "save_record",
    "significant",
    "write_atomically",
]
