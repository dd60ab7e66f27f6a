"""The public functions, and the one place where rooms are wired together.

A scan becomes evidence, evidence findings, findings a record; a split, an augmentation and a baseline are added to the
record; reports are rendered from the record alone.
"""

from __future__ import annotations

import dataclasses
import datetime
import shlex
import time
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import auditor
from auditor.checks import CHECKS, choose, run_checks
from auditor.config import Config, waive
from auditor.dataset import Dataset
from auditor.errors import DataError, OutputError, UsageError
from auditor.evidence import Scan
from auditor.finding import Finding, Severity
from auditor.options import Data, Listeners, ScanOptions
from auditor.provenance import dataset_facts, provenance
from auditor.readers import open_dataset
from auditor.record import MARKER, Record
from auditor.scanning import scan_images

if TYPE_CHECKING:
    import pandas as pd

    from auditor.augmentation import Augmentation, Policy
    from auditor.baseline import Baseline, TrainOptions
    from auditor.splitting import Plan

#: The folder inside the output folder where a scan keeps what it has measured.
STORE = "scan"
#: Where results go unless the user says otherwise.
OUTPUT = "auditor-out"


class Audit:
    """What was found about a data set: a record, with short ways to read, show and keep it."""

    def __init__(self, record: Record, dataset: Dataset | None = None, scan: Scan | None = None) -> None:
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
            {n: getattr(f, n) for n in names} | {f"effect_{n}": getattr(f.effect, n, None) for n in effects} for f in self.record.findings
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

    def __repr__(self) -> str:
        facts = self.record.dataset
        return f"<Audit of {facts.name}: {self.verdict}, {facts.images} images, {len(self.record.findings)} findings>"

    def _repr_html_(self) -> str:
        from auditor.reports.notebook import render_notebook

        return render_notebook(self.record)


def prepare_output(folder: str | Path) -> Path:
    """Make the output folder and mark it as auditor's.

    Raises
    ------
    OutputError
        It cannot be made or written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKER).touch()
    except OSError as error:
        raise OutputError(
            expected="an output folder that can be written", received=f"'{folder}' ({error.strerror})", hint="name another one with -o"
        ) from None
    return folder


def _dataset(data: Data, field: Data | None, label: str | None, split: str | None, group: str | None) -> Dataset:
    dataset = open_dataset(data, label=label, split=split, group=group)
    if field is None:
        return dataset
    from auditor.readers.field import with_field

    return with_field(dataset, open_dataset(field))


def _same_place(output: str | Path | None, dataset: Dataset) -> None:
    if output is not None and Path(output).resolve() == Path(dataset.location).resolve():
        raise UsageError(
            expected="an output folder apart from the data",
            received=f"'{output}' for both",
            hint="name another folder with -o: the data is never written to",
        )


def _addressed(findings: Iterable[Finding], dataset: Dataset, output: str) -> tuple[Finding, ...]:
    """Fill in DATA and OUT in the commands of fixes."""

    def fill(finding: Finding) -> Finding:
        if finding.fix is None or finding.fix.command is None:
            return finding
        names = {"DATA": shlex.quote(dataset.location), "OUT": shlex.quote(output)}
        words = [names.get(word, word.replace("OUT/", names["OUT"] + "/")) for word in finding.fix.command.split(" ")]
        return dataclasses.replace(finding, fix=dataclasses.replace(finding.fix, command=" ".join(words)))

    return tuple(map(fill, findings))


def _with_thumbnails(record: Record, dataset: Dataset) -> Record:
    from auditor.reports.thumbnails import make_thumbnails, wanted

    return dataclasses.replace(record, thumbnails=make_thumbnails(dataset.source, wanted(record)))


def _measured(dataset: Dataset, output: str | Path | None, scanning: ScanOptions, seed: int, listeners: Listeners) -> Scan:
    """Scan a data set; what an output folder holds of it is used again where it is current."""
    store = None if output is None else prepare_output(output) / STORE
    listeners.stage(f"Scanning {len(dataset):,} images of {dataset.name}")
    scanned = scan_images(dataset, jobs=scanning.jobs, on_progress=listeners.scan)
    scan = Scan(scanned.images, scanned.signatures, empty=dataset.empty, seed=seed)
    if not scan.readable.any():
        reason = scanned.images["reason"].value_counts().index[0]
        raise DataError(
            expected="at least one readable image",
            received=f"{len(scanned.images):,} files of which none could be read ({reason})",
            hint="check that paths are relative to the table's folder or absolute" if dataset.kind == "table" else "check the files",
        )
    return scan


def _checked(
    dataset: Dataset,
    *,
    output: str | Path | None,
    config: Config,
    seed: int,
    reproducible: bool,
    listeners: Listeners,
    scanning: ScanOptions,
) -> Audit:
    """Scan and check; nothing is written but the scan itself."""
    started = time.time()
    checks = choose(CHECKS, select=config.select, ignore=config.ignore, settings=config.checks)
    _same_place(output, dataset)
    evidence = _measured(dataset, output, scanning, seed, listeners)
    listeners.stage(f"Running {len(checks)} checks")
    shown = OUTPUT if reproducible or output is None else str(output)
    findings = _addressed(run_checks(evidence, checks), dataset, shown)
    made = provenance(config, seed, output, scanning, started)
    record = Record(
        dataset=dataset_facts(dataset, evidence),
        findings=waive(findings, config.waivers, _today()),
        images=evidence.images,
        exhibits=_exhibits(evidence),
        provenance={k: v for k, v in made.items() if not (reproducible and k == "run")},
    )
    return Audit(record, dataset, evidence)


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
        Unlabelled images from where the model will be used: compared with every split, never split or trained on.
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
    scanning : ScanOptions, optional
        How images are read.

    Raises
    ------
    AuditorError
        The input cannot be used or the output cannot be written. Bad files inside a usable input are findings.
    """
    listeners = listeners or Listeners()
    dataset = _dataset(data, field, label, split, group)
    audit = _checked(
        dataset, output=output, config=config or Config(), seed=seed, reproducible=reproducible, listeners=listeners,
        scanning=scanning or ScanOptions(),
    )  # fmt: skip
    if images:
        audit.record = _with_thumbnails(audit.record, dataset)
    if output is not None:
        listeners.stage("Writing the report")
        audit.save(output, images=images)
    return audit


def _exhibits(evidence: Scan) -> dict[str, Any]:
    from auditor.evidence.projection import map_points

    return {"map": map_points(evidence)}


def _trainable(dataset: Dataset, evidence: Scan, purpose: str) -> None:
    present = sorted(set(evidence.labels[evidence.readable & (evidence.splits != "field")]) - {""})
    if len(present) < 2:
        raise DataError(
            expected=f"images of at least two classes to {purpose}",
            received=f"'{dataset.location}' with {'one class, ' + repr(present[0]) if present else 'no classes'}",
            hint="put the images of each class in a folder of its own, or give a table with a label column; 'auditor scan' works without",
        )


def _clusters(evidence: Scan) -> pd.DataFrame:
    """Return the image table with its duplicate sets named by their representative."""
    import numpy as np

    near = evidence.duplicates.near
    sizes = np.bincount(near, minlength=len(near))
    paths = evidence.images["path"].to_numpy(dtype=object)
    return evidence.images.assign(cluster=np.where(sizes[near] > 1, paths[near], ""))


def split(
    data: Data,
    *,
    ratios: Sequence[float] | str | None = None,
    group: str | None = None,
    folds: int | None = None,
    stratify: Sequence[str] = (),
    by: str | None = None,
    existing: str | None = None,
    repair: bool = False,
    label: str | None = None,
    split: str | None = None,
    scan: Audit | None = None,
    output: str | Path | None = None,
    seed: int = 0,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
) -> Plan:
    """Plan a stratified split that divides no group and no duplicate set.

    Parameters
    ----------
    ratios : sequence of three numbers or str, optional
        Shares of train, val and test, as in ``(60, 20, 20)`` or ``"70/20/10"``; by default chosen by the size of the data.
    group : str, optional
        Column of a table whose values must not be divided (patient, slide, session).
    folds : int, optional
        Number of folds for cross-validation instead of three parts.
    existing : {"keep", "keep-test", "replace"}, optional
        What happens to a split that the data has. By default it is kept, unless ratios, folds or an order are asked for.
    scan : Audit, optional
        A scan of the same data, to be used again.

    Returns
    -------
    Plan
        ``.table`` with a row per image and ``.facts``, the certificate.
    """
    from auditor.splitting import plan_split

    asked = ratios is not None or folds is not None or by is not None
    if scan is not None and scan.dataset is not None and scan.scan is not None:
        dataset, evidence = scan.dataset, scan.scan
    else:
        dataset = _dataset(data, None, label, split, group)
        _same_place(output, dataset)
        evidence = _measured(dataset, output, scanning or ScanOptions(), seed, listeners or Listeners())
    _trainable(dataset, evidence, "split")
    plan = plan_split(
        dataset, _clusters(evidence), ratios=ratios, folds=folds, stratify=tuple(stratify), by=by,
        existing=existing or ("replace" if asked else "keep"), repair=repair, seed=seed,
    )  # fmt: skip
    if output is not None:
        _add(output, split=plan.facts, split_table=plan.table, split_findings=_replanned(evidence, plan, dataset, str(output)))
    return plan


def _replanned(evidence: Scan, plan: Plan, dataset: Dataset, output: str) -> tuple[Finding, ...]:
    """Run the split checks once more on a planned split; nothing is decoded or grouped again."""
    if "split" not in plan.table:
        return ()
    planned = plan.table.set_index("path")["split"].reindex(evidence.images["path"]).fillna("").to_numpy(dtype=object)
    checks = choose([c for c in CHECKS if c.about_splits])
    return _addressed(run_checks(evidence.with_splits(planned), checks), dataset, output)


def _add(output: str | Path, **parts: Any) -> None:
    """Write parts of a record into an output folder; where an audit of the same data stands there, its report is renewed."""
    from auditor.reports import write_report
    from auditor.reports.files import load_record, save_parts, save_record

    folder = prepare_output(output)
    if not (folder / "audit.json").exists():
        save_parts(folder, **parts)
        return
    record = dataclasses.replace(load_record(folder), **parts)
    save_record(record, folder)
    write_report(record, folder / "report.html")


def augment(
    plan: Plan,
    *,
    target: str | int | float = "balanced",
    policy: str | Path | Policy = "photo",
    without: Sequence[str] = (),
    max_multiple: float = 10.0,
    way: str = "on-the-fly",
    output: str | Path | None = None,
    seed: int = 0,
    listeners: Listeners | None = None,
) -> Augmentation:
    """Plan augmentation of the rare classes in training, and write the images where an output folder is named.

    Parameters
    ----------
    plan : Plan
        A split; only its training images are parents.
    target : "balanced", int or float
        Images per class to reach: the largest class, a count, or a share of the largest class.
    policy : str, Path or Policy
        A preset (``photo``, ``document``, ``microscopy``, ``digits``), a TOML file, or a policy.
    """
    from auditor.augmentation import plan_augmentation

    listeners = listeners or Listeners()
    made = plan_augmentation(
        plan, target=target, policy=policy, without=tuple(without), max_multiple=max_multiple, way="files" if output else way, seed=seed
    )
    if output is not None:
        listeners.stage(f"Writing {len(made.manifest):,} augmented images")
        made = made.write(prepare_output(output), on_progress=listeners.images)
        _add(output, augmentation=made.facts, augmented=made.manifest)
    return made


def train(
    plan: Plan,
    *,
    augment: Augmentation | None = None,
    options: TrainOptions | None = None,
    time_budget: float = 10.0,
    output: str | Path | None = None,
    listeners: Listeners | None = None,
) -> Baseline:
    """Train the baseline CNN on a split and diagnose it.

    Parameters
    ----------
    plan : Plan
        A split.
    augment : Augmentation, optional
        Augments the rare classes on the fly.
    options : TrainOptions, optional
        Size of the network and how it is trained.
    time_budget : float
        Minutes; experiments that do not fit are left out and said.
    """
    from auditor.baseline import TrainOptions, train_baseline

    listeners = listeners or Listeners()
    listeners.stage("Training the baseline")
    folder = prepare_output(output) if output is not None else None
    result = train_baseline(
        plan, augmentation=augment, options=options or TrainOptions(), output=folder, on_epoch=listeners.epoch, time_budget=time_budget
    )
    if output is not None:
        _add(output, baseline=result.facts)
    return result


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
    policy: str | Path | Policy = "photo",
    options: TrainOptions | None = None,
    time_budget: float = 10.0,
    config: Config | None = None,
    seed: int = 0,
    images: bool = True,
    reproducible: bool = False,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
) -> Audit:
    """Do all of it: scan, check, split, augment the rare classes, train the baseline, look at labels again, report.

    Takes what `scan`, `split`, `augment` and `train` take; see there. A split that the data has is kept unless ratios are given.
    """
    from auditor.baseline import TrainOptions, train_baseline
    from auditor.splitting import plan_split

    listeners, config, started = listeners or Listeners(), config or Config(), time.time()
    dataset = _dataset(data, field, label, split, group)
    if len(dataset.classes) < 2:
        raise DataError(
            expected="images of at least two classes",
            received=f"'{dataset.location}' with {len(dataset.classes)}",
            hint="'auditor scan' works without classes",
        )
    audit = _checked(
        dataset, output=output, config=config, seed=seed, reproducible=reproducible, listeners=listeners, scanning=scanning or ScanOptions()
    )
    folder = Path(output)
    evidence = audit.scan
    assert evidence is not None
    _trainable(dataset, evidence, "train")
    listeners.stage("Planning the split and the augmentation")
    plan = plan_split(dataset, _clusters(evidence), ratios=ratios, existing="replace" if ratios else "keep", seed=seed)
    augmentation = auditor.augment(plan, target=target, policy=policy, seed=seed)
    listeners.stage("Training the baseline")
    result = train_baseline(
        plan, augmentation=augmentation, options=options or TrainOptions(seed=seed), output=folder, on_epoch=listeners.epoch,
        time_budget=time_budget,
    )  # fmt: skip
    shown = OUTPUT if reproducible else str(output)
    record = dataclasses.replace(
        audit.record,
        findings=_label_errors_again(audit.record.findings, evidence, result, config, dataset, shown),
        split=plan.facts,
        split_table=plan.table,
        split_findings=_replanned(evidence, plan, dataset, shown),
        augmentation=augmentation.facts,
        augmented=augmentation.manifest,
        baseline=result.facts,
    )
    if not reproducible:
        run_facts = {**record.provenance["run"], "output": str(output), "seconds": round(time.time() - started, 1)}
        record = dataclasses.replace(record, provenance={**record.provenance, "run": run_facts})
    if images:
        record = _with_thumbnails(record, dataset)
    finished = Audit(record, dataset, evidence)
    listeners.stage("Writing the report")
    finished.save(folder, images=images)
    return finished


def _label_errors_again(
    findings: tuple[Finding, ...], evidence: Scan, result: Baseline, config: Config, dataset: Dataset, output: str
) -> tuple[Finding, ...]:
    """Run the label check once more with the model's probabilities, in place of what it said before."""
    checks = [c for c in choose(CHECKS, select=config.select, ignore=config.ignore, settings=config.checks) if c.code == "label-error"]
    evidence.model_probabilities = result.probabilities
    again = waive(_addressed(run_checks(evidence, checks), dataset, output), config.waivers, _today())
    kept = [f for f in findings if f.code not in {c.code for c in checks}]
    return tuple(sorted([*kept, *again], key=lambda f: f.severity.rank))


def load(folder: str | Path) -> Audit:
    """Load the audit that a command left in its output folder; the data itself is not needed."""
    from auditor.reports.files import load_record

    return Audit(load_record(Path(folder)))
