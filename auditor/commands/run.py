"""All of it: scan, check, split, augment the rare classes, train, look at labels again, report."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from auditor.checks import choose, every_check, run_checks
from auditor.commands.audit import Audit
from auditor.commands.augment import augment
from auditor.commands.config import Config, waive
from auditor.commands.fixes import fill_commands
from auditor.commands.opening import (
    RUN_PACKAGES,
    ColumnsAndEyes,
    open_data,
    require_classes,
    require_packages,
    take_apart,
)
from auditor.commands.options import (
    AugmentOptions,
    Data,
    Listeners,
    ScanOptions,
    SplitOptions,
    default_listeners,
)
from auditor.commands.reuse import ScanRequest
from auditor.commands.scan import add_thumbnails, check_data, today
from auditor.commands.split import check_planned_split, plan_from_evidence
from auditor.dataset import Dataset
from auditor.errors import UsageError
from auditor.evidence import Evidence
from auditor.finding import Finding
from auditor.outputs import OUTPUT
from auditor.record import Record

if TYPE_CHECKING:
    from auditor.baseline import TrainOptions

#: The checks that judge again with the probabilities of a trained model.
CHECKS_WITH_A_MODEL = ("label-error", "test-too-small")


def run(
    data: Data,
    *,
    output: str | Path = OUTPUT,
    field: Data | None = None,
    splitting: SplitOptions | None = None,
    augmenting: AugmentOptions | None = None,
    training: TrainOptions | None = None,
    time_budget: float = 10.0,
    config: Config | None = None,
    seed: int = 0,
    images: bool = True,
    reproducible: bool = False,
    decisions: str | Path | None = None,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
    **columns: Unpack[ColumnsAndEyes],
) -> Audit:
    """Do all of it: scan, check, split, augment, train the baseline, check labels again, report.

    Parameters
    ----------
    data, field, config, seed, images, reproducible, decisions, scanning, **columns
        As in `auditor.scan`.
    output : str or Path
        Folder to write every result and the report into.
    splitting : SplitOptions, optional
        How the split is planned. A split that the data has is kept unless ratios are given.
    augmenting : AugmentOptions, optional
        How the rare classes are augmented.
    training : TrainOptions, optional
        Size of the network and how it is trained.
    time_budget : float
        Minutes for the training; what does not fit is left out and said.

    Raises
    ------
    AuditorError
        The input cannot be used, or the output cannot be written.
    """
    from auditor.baseline import TrainOptions

    started, splitting = time.time(), splitting or SplitOptions()
    if splitting.folds is not None:
        raise UsageError(
            expected="a split into train, val and test",
            received=f"folds={splitting.folds}",
            hint="plan folds with auditor.split, and train on one of its rounds",
        )
    names, eyes = take_apart(columns)
    request = ScanRequest(
        output=output,
        scanning=scanning or ScanOptions(),
        seed=seed,
        listeners=listeners or default_listeners(),
        columns=names,
        eyes=eyes,
        reproducible=reproducible,
    )
    dataset = open_data(data, field=field, **names)
    require_classes(dataset, "train")
    require_packages(*RUN_PACKAGES)
    splitting = splitting.parsed()
    config = config or Config()
    audit = check_data(dataset, request, config, decisions)
    training = training or TrainOptions(seed=seed)
    record = _prepare_and_train(
        audit, request, config, splitting, augmenting or AugmentOptions(), training, time_budget
    )
    if not reproducible:
        facts = {**record.provenance["run"], "seconds": round(time.time() - started, 1)}
        record = dataclasses.replace(record, provenance={**record.provenance, "run": facts})
    if images:
        made = add_thumbnails(record, dataset).thumbnails
        record = dataclasses.replace(record, thumbnails={**made, **record.thumbnails})
    else:
        record = dataclasses.replace(record, thumbnails={})
    finished = Audit(record, dataset, audit.evidence)
    request.listeners.stage("Writing the report")
    finished.save(output, images=images, reproducible=reproducible)
    return finished


def _prepare_and_train(
    audit: Audit,
    request: ScanRequest,
    config: Config,
    splitting: SplitOptions,
    augmenting: AugmentOptions,
    training: TrainOptions,
    time_budget: float,
) -> Record:
    """Return the record with the split, the augmentation and the baseline in it."""
    from auditor.baseline import train_baseline
    from auditor.reports.audit_json import without_times

    evidence, dataset, listeners = audit.evidence, audit.dataset, request.listeners
    assert evidence is not None and dataset is not None and request.output is not None
    listeners.stage("Planning the split and the augmentation")
    plan = plan_from_evidence(dataset, evidence, splitting, request.seed)
    augmentation = augment(
        plan,
        target=augmenting.target,
        policy=augmenting.policy,
        without=augmenting.without,
        max_multiple=augmenting.max_multiple,
        way=augmenting.way,
        seed=request.seed,
    )
    listeners.stage("Preparing the training")
    result = train_baseline(
        plan,
        augmentation=augmentation,
        options=training,
        output=Path(request.output),
        on_epoch=listeners.epoch,
        on_stage=listeners.stage,
        time_budget=time_budget,
        measures=evidence.images,
    )
    evidence = evidence.with_model(result.probabilities, result.recalls)
    return dataclasses.replace(
        audit.record,
        findings=_check_with_model(audit.record.findings, evidence, config, dataset, request),
        split=plan.facts,
        split_table=plan.table,
        split_findings=check_planned_split(evidence, plan, dataset, request),
        augmentation=augmentation.facts,
        augmented=augmentation.manifest,
        baseline=without_times(result.facts) if request.reproducible else result.facts,
        thumbnails=augmentation.example_pictures(),
    )


def _check_with_model(
    findings: tuple[Finding, ...], evidence: Evidence, config: Config, dataset: Dataset, request: ScanRequest
) -> tuple[Finding, ...]:
    """Run the checks again that a trained model informs, in place of what they said before."""
    chosen = choose(every_check(), select=config.select, ignore=config.ignore, settings=config.checks)
    checks = [c for c in chosen if c.code in CHECKS_WITH_A_MODEL]
    again = waive(fill_commands(run_checks(evidence, checks), dataset, request), config.waivers, today())
    kept = [f for f in findings if f.code not in {c.code for c in checks}]
    return tuple(sorted([*kept, *again], key=lambda f: f.severity.rank))
