"""Planning a split, and finding the one that a command goes on from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from auditor.checks import choose, every_check, run_checks
from auditor.commands.audit import Audit
from auditor.commands.fixes import fill_commands
from auditor.commands.opening import ColumnNames, open_data, require_classes
from auditor.commands.options import Data, Existing, Listeners, ScanOptions, SplitOptions, default_listeners
from auditor.commands.results import add_parts, prepare_output
from auditor.commands.reuse import ScanRequest, name_duplicate_sets, scan_or_reuse
from auditor.dataset import Dataset
from auditor.errors import UsageError
from auditor.evidence import Evidence
from auditor.finding import Finding
from auditor.readers.table import text_of

if TYPE_CHECKING:
    from auditor.splitting import Plan

#: Where a split is written as folders, inside the output folder.
TREE = "folders"


def split(
    data: Data,
    *,
    ratios: Sequence[float] | str | None = None,
    folds: int | None = None,
    stratify: Sequence[str] = (),
    by: str | None = None,
    existing: Existing | None = None,
    repair: bool = False,
    export: str | Sequence[str] | None = None,
    scan: Audit | None = None,
    output: str | Path | None = None,
    seed: int = 0,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
    **columns: Unpack[ColumnNames],
) -> Plan:
    """Plan a stratified split that divides no group and no duplicate set.

    Parameters
    ----------
    ratios : sequence of three numbers or str, optional
        Shares of train, val and test, as in ``(60, 20, 20)`` or ``"70/20/10"``; by default chosen by the size
        of the data.
    folds : int, optional
        Number of folds for cross-validation instead of three parts.
    existing : {"keep", "keep-test", "replace"}, optional
        What happens to a split that the data has. By default it is kept, unless ratios, folds or an order are
        asked for.
    repair : bool
        Keep the split, but for the fewest moves and drops that end every leak.
    export : str or sequence of str, optional
        Also write the split under the output folder: as folders of classes for Keras'
        ``image_dataset_from_directory`` (``hardlink``, ``symlink``, ``copy``), or in another format of
        `auditor.export` that has a file.
    scan : Audit, optional
        A scan of the same data, to be used again.
    **columns : str
        Columns of a table, as in `auditor.open`: ``group`` names what must not be divided (patient, slide,
        session), ``split`` the present split.

    Returns
    -------
    Plan
        ``.table`` with a row per image and ``.facts``, the certificate.
    """
    from auditor.exporting import require_format

    exports = (export,) if isinstance(export, str) else tuple(export or ())
    for format in exports:
        require_format(format, with_file=True)
    options = SplitOptions(
        ratios=ratios, folds=folds, stratify=tuple(stratify), by=by, existing=existing, repair=repair
    ).parsed()
    listeners = listeners or default_listeners()
    request = ScanRequest(
        output=output, scanning=scanning or ScanOptions(), seed=seed, listeners=listeners, columns=columns
    )
    if scan is not None and scan.dataset is not None and scan.evidence is not None:
        dataset, evidence = _regroup(scan.dataset, columns), scan.evidence
    else:
        dataset = open_data(data, **columns)
        require_classes(dataset, "split")
        evidence = scan_or_reuse(dataset, request)
    plan = plan_from_evidence(dataset, evidence, options, seed)
    if output is not None:
        prepare_output(output, dataset, listeners.notice)
    if output is not None and exports:
        _write_exports(plan, evidence, exports, Path(output), listeners)
    if output is not None:
        add_parts(
            output,
            str(plan.facts["fingerprint"]),
            split={**plan.facts, "location": dataset.location},
            split_table=plan.table,
            split_findings=check_planned_split(evidence, plan, dataset, request),
        )
    return plan


def _regroup(dataset: Dataset, columns: ColumnNames) -> Dataset:
    """Return scanned data whose groups are those of another column of its table.

    Raises
    ------
    UsageError
        There is no such column, or something else was named that the scan has settled.
    """
    settled = sorted(name for name, value in columns.items() if value is not None and name != "group")
    if settled:
        raise UsageError(
            expected="group= alone beside scan=",
            received=f"{settled[0]}=",
            hint="name it when you scan, or leave scan= away",
        )
    group = columns.get("group")
    if group is None or group == dataset.group_column:
        return dataset
    if group not in dataset.samples.columns:
        raise UsageError(
            expected=f"a column '{group}' in the scanned data",
            received=", ".join(dataset.samples.columns),
            hint="name one of its columns as group=",
        )
    groups = dataset.samples[group].map(text_of).astype(str)
    return dataclasses.replace(dataset, samples=dataset.samples.assign(group=groups), group_column=group)


def plan_from_evidence(dataset: Dataset, evidence: Evidence, options: SplitOptions, seed: int) -> Plan:
    """Plan a split that keeps together what the evidence says belongs together."""
    from auditor.splitting import plan_split

    images = name_duplicate_sets(evidence)
    groups = images["path"].map(dataset.samples.set_index("path")["group"])
    return plan_split(
        dataset,
        images.assign(group=groups),
        ratios=options.ratios,
        folds=options.folds,
        stratify=options.stratify,
        by=options.by,
        existing=options.treatment,
        repair=options.repair,
        seed=seed,
        duplicate_threshold=evidence.duplicates.calibration.threshold,
    )


def _write_exports(
    plan: Plan, evidence: Evidence, exports: Iterable[str], folder: Path, listeners: Listeners
) -> None:
    """Write a split in some formats; those that hold findings get the ones of the audit in the folder."""
    from auditor.exporting import EXPORTERS, Options, export_to, material_of
    from auditor.exporting import export as export_one
    from auditor.reports.files import load_record

    record = load_record(folder) if (folder / "audit.json").exists() else None
    for format in exports:
        target = folder / (EXPORTERS[format].file if format in EXPORTERS else TREE)
        listeners.stage(f"Writing {target}")
        if format not in EXPORTERS:
            export_one(plan, format, target)
            continue
        export_to(
            dataclasses.replace(material_of(plan), evidence=evidence, record=record),
            format,
            target,
            Options(),
        )


def load_or_plan_split(
    data: Data,
    request: ScanRequest,
    columns: ColumnNames,
    *,
    plan: str | Path | None = None,
) -> tuple[Plan, Evidence]:
    """Return the split that a command goes on from, and the scan.

    It is the named split file; without one the split in the output folder, else the data's own, else a new
    one.

    Raises
    ------
    DataError
        The split file is for other data.
    """
    from auditor.splitting import read_plan

    dataset = open_data(data, **columns)
    require_classes(dataset, "train")
    if plan is None and request.output is not None and (Path(request.output) / "split.csv").exists():
        plan = Path(request.output) / "split.csv"
    evidence = scan_or_reuse(dataset, request)
    if plan is not None:
        return read_plan(plan, dataset, name_duplicate_sets(evidence)), evidence
    return plan_from_evidence(dataset, evidence, SplitOptions(), request.seed), evidence


def check_planned_split(
    evidence: Evidence, plan: Plan, dataset: Dataset, request: ScanRequest
) -> tuple[Finding, ...]:
    """Run the split checks once more on a planned split; nothing is decoded or grouped again."""
    if "split" not in plan.table:
        return ()
    planned = (
        plan.table.set_index("path")["split"]
        .reindex(evidence.images["path"])
        .fillna("")
        .to_numpy(dtype=object)
    )
    checks = choose([c for c in every_check() if c.about_splits])
    return fill_commands(run_checks(evidence.with_splits(planned), checks), dataset, request)
