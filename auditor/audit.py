"""The public functions, and the one place where rooms are wired together.

A scan becomes evidence, evidence findings, findings a record; a split, an augmentation and a baseline are
added to the record; reports are rendered from the record alone.
"""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import auditor
from auditor.checks import choose, every_check, run_checks
from auditor.config import Config, waive
from auditor.dataset import Dataset
from auditor.errors import DataError
from auditor.evidence import Evidence
from auditor.finding import Finding, Severity
from auditor.options import Data, Listeners, ScanOptions, default_listeners
from auditor.preparation import (
    OUTPUT,
    RUN_PACKAGES,
    addressed,
    measured,
    open_data,
    planned_findings,
    prepare_output,
    refuse_same_place,
    require_classes,
    require_packages,
    with_clusters,
)
from auditor.provenance import dataset_facts, inputs_digest, provenance
from auditor.record import Record

if TYPE_CHECKING:
    import pandas as pd

    from auditor.augmentation import Policy
    from auditor.baseline import TrainOptions
    from auditor.reports.plots import Plot


class Audit:
    """What was found about a data set: a record, with short ways to read, show and keep it."""

    def __init__(self, record: Record, dataset: Dataset | None = None, scan: Evidence | None = None) -> None:
        self.record, self.dataset, self.scan = record, dataset, scan

    @property
    def verdict(self) -> str:
        """``error``, ``warning``, ``undecided`` or ``pass``: the worst of the findings."""
        return str(self.record.verdict)

    @property
    def images(self) -> pd.DataFrame:
        """A row per image: header facts and measures."""
        return self.record.images

    @cached_property
    def findings(self) -> pd.DataFrame:
        """A row per finding, worst first."""
        import pandas as pd

        names = ("id", "severity", "title", "summary", "affected", "total")
        effects = ("name", "value", "low", "high", "warn_at", "error_at")
        rows = [
            {n: getattr(f, n) for n in names} | {f"effect_{n}": getattr(f.effect, n, None) for n in effects}
            for f in self.record.findings
        ]
        return pd.DataFrame(rows, columns=[*names, *(f"effect_{n}" for n in effects)])

    @cached_property
    def classes(self) -> pd.DataFrame:
        """Images per class (rows) and split (columns)."""
        import pandas as pd

        table = self.images
        return pd.crosstab(table["label"], table["split"].replace("", "all"))

    def report(self, file: str | Path, *, format: str | None = None, images: bool = True) -> Path:
        """Write the report; the format follows the file's ending (``.html``, ``.json``, ``.md``, ``.xml``) unless named."""
        from auditor.reports import write_report

        return write_report(self.record, Path(file), format=format, images=images)

    def plot_classes(self) -> Plot:
        """Return a chart of images per class and split; it shows itself in a notebook.

        Raises
        ------
        UsageError
            The images have no classes.
        """
        from auditor.reports.plots import plot_classes

        return plot_classes(self.record)

    def plot_split(self) -> Plot:
        """Return a chart of images per class and part of the planned split, after `run`.

        Raises
        ------
        UsageError
            No split was planned.
        """
        from auditor.reports.plots import plot_split

        return plot_split(self.record)

    def plot_finding(self, finding: str) -> Plot:
        """Return a chart of a finding's effect on its scale, with the pictures that show it best.

        Parameters
        ----------
        finding : str
            Its id, as in ``"label-shift:train-test"``, or its code.

        Raises
        ------
        UsageError
            There is no such finding, or it was not checked.
        """
        from auditor.reports.plots import plot_finding

        return plot_finding(self.record, finding)

    def save(self, folder: str | Path, *, images: bool = True) -> Path:
        """Write every file of the record, the report included, into a folder."""
        from auditor.reports import write_report
        from auditor.reports.files import save_record

        folder = prepare_output(folder)
        save_record(self.record, folder)
        write_report(self.record, folder / "report.html", images=images)
        return folder

    def failing(self, fail_on: str) -> list[Finding]:
        """Return the findings at or above a severity ; none for ``"never"``, and no waived ones."""
        if fail_on == "never":
            return []
        limit = Severity(fail_on).rank
        return [f for f in self.record.findings if f.waiver is None and f.severity.rank <= limit]

    def log_to_mlflow(self) -> str:
        """Log verdict and fingerprint as tags, effects as metrics, report and ``audit.json`` as artefacts; returns the run's id.

        Logs to the active MLflow run, or to a new one.

        Raises
        ------
        MissingExtraError
            MLflow is not installed.
        """
        from auditor.reports.mlflow import log_record

        return log_record(self.record)

    def __repr__(self) -> str:
        facts = self.record.dataset
        return f"<Audit of {facts.name}: {self.verdict}, {facts.images} images, {len(self.record.findings)} findings>"

    def _repr_html_(self) -> str:
        from auditor.reports.notebook import render_notebook

        return render_notebook(self.record)


def _with_thumbnails(record: Record, dataset: Dataset) -> Record:
    from auditor.reports.thumbnails import make_thumbnails, wanted

    return dataclasses.replace(record, thumbnails=make_thumbnails(dataset.source, wanted(record)))


def _checked(
    dataset: Dataset,
    *,
    output: str | Path | None,
    config: Config,
    seed: int,
    reproducible: bool,
    listeners: Listeners,
    scanning: ScanOptions,
    decisions: str | Path | None,
    began: float | None = None,
) -> Audit:
    """Scan and check; nothing is written but the scan itself. A time budget counts from ``began`` (monotonic), by default from now."""
    started = time.time()
    if decisions is not None:
        dataset = _with_decisions(dataset, decisions)
    checks = choose(every_check(), select=config.select, ignore=config.ignore, settings=config.checks)
    refuse_same_place(output, dataset)
    evidence = measured(dataset, output, scanning, seed, listeners, began)
    shown = OUTPUT if reproducible or output is None else str(output)
    made = provenance(config, seed, output, scanning, started)
    made["inputs"] = inputs_digest(dataset, evidence.images, config, seed, shown)
    if reproducible:
        del made["run"]
    record = _earlier(output, made["inputs"])
    if record is None:
        listeners.stage(f"Running {len(checks)} checks")
        findings = addressed(run_checks(evidence, checks), dataset, shown)
        record = Record(
            dataset=dataset_facts(dataset, evidence),
            findings=findings,
            images=evidence.images,
            exhibits=_exhibits(evidence, findings),
        )
        evidence.let_go()
    else:
        listeners.stage("Nothing has changed since the checks were run")
    return Audit(
        dataclasses.replace(
            record, findings=waive(record.findings, config.waivers, _today()), provenance=made
        ),
        dataset,
        evidence,
    )


def _with_decisions(dataset: Dataset, file: str | Path) -> Dataset:
    """Note in the sample table what a reviewer has decided, as the manifests of `auditor.apply` do."""
    from auditor.reports.decisions import read_decisions
    from auditor.reports.reviewed import COLUMN

    made = {d.path: d.decision for d in read_decisions(file).items}
    return dataset.with_samples(
        dataset.samples.assign(**{COLUMN: dataset.samples["path"].map(made).fillna("")})
    )


def _earlier(output: str | Path | None, inputs: str) -> Record | None:
    """Return the record of an earlier scan in the output folder, if it was made from the very same inputs."""
    from auditor.reports.files import load_record

    if output is None or not (Path(output) / "audit.json").exists():
        return None
    try:
        record = load_record(output)
    except DataError:
        return None
    return (
        record
        if record.provenance.get("inputs") == inputs and record.split is None and record.baseline is None
        else None
    )


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def scan(
    data: Data,
    *,
    output: str | Path | None = None,
    field: Data | None = None,
    label: str | None = None,
    split: str | None = None,
    group: str | None = None,
    config: Config | None = None,
    seed: int = 0,
    images: bool = True,
    reproducible: bool = False,
    decisions: str | Path | None = None,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
) -> Audit:
    """Scan a data set and run every check.

    Parameters
    ----------
    data : str, Path or Dataset
        A folder, a table, or what `auditor.open` returned.
    output : str or Path, optional
        Folder to write every result and the report into; nothing is written without.
    field : str, Path or Dataset, optional
        Unlabelled images from where the model will be used: compared with every split, never split or trained
        on.
    label, split, group : str, optional
        Columns of a table.
    config : Config, optional
        Thresholds, chosen checks and waivers.
    seed : int
        Seeds every resampling.
    images : bool
        Whether the report shows pictures.
    reproducible : bool
        Leave out what differs between two runs on the same input (times, command, folders).
    decisions : str or Path, optional
        Decisions of an earlier review: the report does not ask again. A manifest that `apply` wrote holds
        them already.
    scanning : ScanOptions, optional
        How images are read.

    Raises
    ------
    AuditorError
        The input cannot be used or the output cannot be written. Bad files inside a usable input are
        findings.
    """
    listeners, began = listeners or default_listeners(), time.monotonic()
    dataset = open_data(data, field, label, split, group)
    audit = _checked(
        dataset, output=output, config=config or Config(), seed=seed, reproducible=reproducible, listeners=listeners,
        scanning=scanning or ScanOptions(), decisions=decisions, began=began,
    )  # fmt: skip
    if images and not audit.record.thumbnails:
        audit.record = _with_thumbnails(audit.record, dataset)
    if output is not None:
        listeners.stage("Writing the report")
        audit.save(output, images=images)
    return audit


def _exhibits(evidence: Evidence, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what only reports use: the map of the pictures, label suspects marked."""
    from auditor.evidence.projection import map_points

    suspects = [
        path
        for f in findings
        if f.code == "label-error" and f.examples is not None
        for path in f.examples["path"].head(f.affected)
    ]
    return {"map": map_points(evidence, suspects=suspects)}


def run(
    data: Data,
    *,
    output: str | Path = OUTPUT,
    field: Data | None = None,
    label: str | None = None,
    split: str | None = None,
    group: str | None = None,
    ratios: Sequence[float] | str | None = None,
    target: str | int | float = "balanced",
    policy: str | Path | Policy | None = None,
    way: str = "on-the-fly",
    options: TrainOptions | None = None,
    time_budget: float = 10.0,
    config: Config | None = None,
    seed: int = 0,
    images: bool = True,
    reproducible: bool = False,
    decisions: str | Path | None = None,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
) -> Audit:
    """Do all of it: scan, check, split, augment the rare classes, train the baseline, look at labels again, report.

    Takes what `scan`, `split`, `augment` and `train` take; see there. A split that the data has is kept
    unless ratios are given.
    """
    from auditor.baseline import TrainOptions, train_baseline
    from auditor.splitting import parse_ratios, plan_split

    listeners, config, started = listeners or default_listeners(), config or Config(), time.time()
    dataset = open_data(data, field, label, split, group)
    require_classes(dataset, "train")
    require_packages(*RUN_PACKAGES)
    ratios = parse_ratios(ratios) if ratios is not None else None
    audit = _checked(
        dataset, output=output, config=config, seed=seed, reproducible=reproducible, listeners=listeners,
        scanning=scanning or ScanOptions(), decisions=decisions,
    )  # fmt: skip
    folder = Path(output)
    evidence = audit.scan
    assert evidence is not None
    listeners.stage("Planning the split and the augmentation")
    plan = plan_split(
        dataset,
        with_clusters(evidence),
        ratios=ratios,
        existing="replace" if ratios else "keep",
        seed=seed,
        duplicate_threshold=evidence.duplicates.calibration.threshold,
    )
    augmentation = auditor.augment(plan, target=target, policy=policy, way=way, seed=seed)
    listeners.stage("Preparing the training")
    result = train_baseline(
        plan, augmentation=augmentation, options=options or TrainOptions(seed=seed), output=folder, on_epoch=listeners.epoch,
        on_stage=listeners.stage, time_budget=time_budget, measures=evidence.images,
    )  # fmt: skip
    shown = OUTPUT if reproducible else str(output)
    evidence.model_probabilities, evidence.model_recalls = result.probabilities, result.recalls
    record = dataclasses.replace(
        audit.record,
        findings=_with_the_model(audit.record.findings, evidence, config, dataset, shown),
        split=plan.facts,
        split_table=plan.table,
        split_findings=planned_findings(evidence, plan, dataset, shown),
        augmentation=augmentation.facts,
        augmented=augmentation.manifest,
        baseline=result.facts,
    )
    if not reproducible:
        run_facts = {
            **record.provenance["run"],
            "output": str(output),
            "seconds": round(time.time() - started, 1),
        }
        record = dataclasses.replace(record, provenance={**record.provenance, "run": run_facts})
    if images:
        record = _with_thumbnails(record, dataset)
        record = dataclasses.replace(
            record, thumbnails={**record.thumbnails, **augmentation.example_pictures()}
        )
    finished = Audit(record, dataset, evidence)
    listeners.stage("Writing the report")
    finished.save(folder, images=images)
    return finished


#: The checks that a trained model tells more.
TOLD_BY_A_MODEL = ("label-error", "test-too-small")


def _with_the_model(
    findings: tuple[Finding, ...], evidence: Evidence, config: Config, dataset: Dataset, output: str
) -> tuple[Finding, ...]:
    """Run the checks once more that a trained model tells more, in place of what they said before."""
    chosen = choose(every_check(), select=config.select, ignore=config.ignore, settings=config.checks)
    checks = [c for c in chosen if c.code in TOLD_BY_A_MODEL]
    again = waive(addressed(run_checks(evidence, checks), dataset, output), config.waivers, _today())
    kept = [f for f in findings if f.code not in {c.code for c in checks}]
    return tuple(sorted([*kept, *again], key=lambda f: f.severity.rank))


def load(folder: str | Path) -> Audit:
    """Load the audit that a command left in its output folder; the data itself is not needed."""
    from auditor.reports.files import load_record

    return Audit(load_record(Path(folder)))
