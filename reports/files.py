"""A record as files in an output folder, and back again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import parquet
from auditor.errors import DataError
from auditor.finding import EXAMPLE_COLUMNS, Finding
from auditor.outputs import csv_bytes, finish_set, read_csv, round_numbers, write_set
from auditor.parquet import parquet_bytes
from auditor.record import AugmentationFacts, BaselineFacts, Record, SplitFacts
from auditor.reports.audit_json import audit_from_json, audit_to_json, dump_json, load_json, without_times
from auditor.scanning.schema import MEASURES, SHAPE_MEASURES

if TYPE_CHECKING:
    import pandas as pd

#: Files that a record is read from.
READ = (
    "audit.json",
    "images.parquet",
    "thumbnails.parquet",
    "findings.csv",
    "split_findings.csv",
    "split.csv",
    "augmented.csv",
)
#: Columns of ``findings.csv``; the last names the finding, for codes that report on several scopes.
FINDINGS_COLUMNS = ("check", "severity", *EXAMPLE_COLUMNS, "finding")


def save_with_report(
    record: Record, folder: str | Path, *, images: bool = True, reproducible: bool = False
) -> Path:
    """Write what `save_record` writes and ``report.html``, all together; returns the folder."""
    from auditor.reports.html import render_html

    def page() -> bytes:
        return render_html(record, images=images).encode("utf-8", "backslashreplace")

    return save_record(record, folder, reproducible=reproducible, more={"report.html": page})


def save_record(
    record: Record,
    folder: str | Path,
    *,
    reproducible: bool = False,
    more: Mapping[str, Callable[[], bytes]] | None = None,
) -> Path:
    """Write every file of the output folder that the record has something for; returns the folder.

    The files appear together, when all are complete. Files that the record says nothing about are left alone.

    Parameters
    ----------
    record : Record
    folder : path
        Made where it does not exist.
    reproducible : bool
        Leave out times and the machine, so that the same audit gives the same bytes.
    more : mapping, optional
        Further files by name.

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
        "findings.csv": lambda: csv_bytes(findings_table(record.findings)),
    }
    files |= _part_files(
        split=record.split,
        split_table=record.split_table,
        split_findings=record.split_findings,
        augmented=record.augmented,
        baseline=record.baseline,
        reproducible=reproducible,
    )
    files["audit.json"] = lambda: dump_json(audit)
    write_set(folder, {**files, **(more or {})})
    return folder


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
    write_set(Path(folder), files)
    return Path(folder)


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
        files["split_findings.csv"] = lambda: csv_bytes(findings_table(split_findings))
    if split_table is not None:
        files["split.csv"] = lambda: csv_bytes(split_table)
    if split is not None:
        files["split.json"] = lambda: dump_json(split)
    if augmented is not None:
        files["augmented.csv"] = lambda: csv_bytes(augmented)
    if baseline is not None:
        files["baseline.json"] = lambda: dump_json(without_times(baseline) if reproducible else baseline)
    return files


def load_record(folder: str | Path) -> Record:
    """Read a record back from an output folder, exactly as it was saved.

    Raises
    ------
    DataError
        The folder holds no audit, or one that this version cannot read.
    """
    folder = Path(folder)
    odd = next((f for f in READ if (folder / f).exists() and not (folder / f).is_file()), None)
    if odd:  # a pipe would wait for ever
        raise DataError(
            expected="an output folder of auditor, complete",
            received=f"'{folder / odd}', which is no file",
            hint="remove it, and run auditor scan DATA again with -o and this folder",
        )
    finish_set(folder)
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
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise DataError(
            expected="an output folder of auditor, complete",
            received=f"'{folder}': {error}",
            hint="run auditor scan DATA again with -o and this folder",
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
    together["score"] = round_numbers(pd.to_numeric(together["score"]).to_numpy(dtype=float))
    return together[list(FINDINGS_COLUMNS)]


def findings_csv(record: Record) -> str:
    """Return ``findings.csv`` as text."""
    return csv_bytes(findings_table(record.findings)).decode("utf-8")


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


def images_parquet(images: pd.DataFrame) -> bytes:
    """Return the bytes of ``images.parquet``."""
    return parquet_bytes(_rounded_measures(images))


def _rounded_measures(images: pd.DataFrame) -> pd.DataFrame:
    names = [m.name for m in (*MEASURES, *SHAPE_MEASURES) if m.name in images]
    return images.assign(**{name: round_numbers(images[name].to_numpy(dtype=float)) for name in names})


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
    "parquet_bytes",
    "save_parts",
    "save_record",
]
