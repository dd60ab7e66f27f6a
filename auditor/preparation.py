"""Split, augment and train: public functions that prepare a data set, each on what the ones before it made."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from auditor.checks import choose, every_check, run_checks
from auditor.dataset import Dataset
from auditor.errors import DataError, MissingExtraError, OutputError, UsageError
from auditor.evidence import Evidence
from auditor.finding import Finding
from auditor.options import Data, Listeners, ScanOptions, default_listeners
from auditor.readers import open_dataset
from auditor.record import MARKER, Claim
from auditor.scanning import scan_images

if TYPE_CHECKING:
    import pandas as pd

    from auditor.augmentation import Augmentation, Model, Policy
    from auditor.baseline import Baseline, TrainOptions
    from auditor.splitting import Plan

#: The folder inside the output folder where a scan keeps what it has measured.
STORE = "scan"
#: Where results go unless the user says otherwise.
OUTPUT = "auditor-out"


#: Where a split is written as folders, inside the output folder.
TREE = "folders"
#: What happens to a split that the data has.
Existing = Literal["keep", "keep-test", "replace"]


class Scanned(Protocol):
    """What a scan leaves for those who come after it; an `auditor.audit.Audit` is one."""

    dataset: Dataset | None
    scan: Evidence | None


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
            expected="an output folder that can be written",
            received=f"'{folder}' ({error.strerror})",
            hint="name another one with -o",
        ) from None
    return folder


def open_data(
    data: Data, field: Data | None, label: str | None, split: str | None, group: str | None
) -> Dataset:
    """Open a data set, with the images of the field where they are given."""
    dataset = open_dataset(data, label=label, split=split, group=group)
    if field is None:
        return dataset
    from auditor.readers.field import with_field

    return with_field(dataset, open_dataset(field))


def refuse_same_place(output: str | Path | None, dataset: Dataset) -> None:
    """Refuse to write into the data."""
    if output is not None and Path(output).resolve() == Path(dataset.location).resolve():
        raise UsageError(
            expected="an output folder apart from the data",
            received=f"'{output}' for both",
            hint="name another folder with -o: the data is never written to",
        )


def addressed(findings: Iterable[Finding], dataset: Dataset, output: str) -> tuple[Finding, ...]:
    """Fill in DATA and OUT in the commands of fixes."""

    def fill(finding: Finding) -> Finding:
        if finding.fix is None or finding.fix.command is None:
            return finding
        names = {"DATA": shlex.quote(dataset.location), "OUT": shlex.quote(output)}
        typed = finding.fix.command.removesuffix(" -o OUT")
        words = [names.get(word, word.replace("OUT/", names["OUT"] + "/")) for word in typed.split(" ")]
        if output != OUTPUT and "-o" not in words:
            words += ["-o", names["OUT"]]
        return dataclasses.replace(finding, fix=dataclasses.replace(finding.fix, command=" ".join(words)))

    return tuple(map(fill, findings))


def measured(
    dataset: Dataset,
    output: str | Path | None,
    scanning: ScanOptions,
    seed: int,
    listeners: Listeners,
    began: float | None = None,
) -> Evidence:
    """Scan a data set; what an output folder holds of it is used again where it is current."""
    fresh = output is not None and not Path(output).exists()
    store = None if output is None else prepare_output(output) / STORE
    listeners.stage(f"Scanning {len(dataset):,} images of {dataset.name}")
    scanned = scan_images(
        dataset,
        store=store,
        seed=seed,
        on_progress=listeners.scan,
        began=began,
        **dataclasses.asdict(scanning),
    )
    scan = Evidence(scanned.images, scanned.signatures, empty=dataset.empty, seed=seed)
    if not scan.readable.any():
        if fresh and output is not None:
            shutil.rmtree(output)
        reason = scanned.images["reason"].value_counts().index[0]
        raise DataError(
            expected="at least one readable image",
            received=f"{len(scanned.images):,} files of which none could be read ({reason})",
            hint="check that paths are relative to the table's folder or absolute"
            if dataset.kind == "table"
            else "check the files",
        )
    return scan


def require_classes(dataset: Dataset, purpose: str) -> None:
    """Refuse data with fewer than two classes for what needs them; asked before any image is read."""
    labels = dataset.samples.loc[dataset.samples["split"] != "field", "label"]
    present = sorted(set(labels) - {""})
    if len(present) < 2:
        raise DataError(
            expected=f"images of at least two classes to {purpose}",
            received=f"'{dataset.location}' with {'one class, ' + repr(present[0]) if present else 'no classes'}",
            hint="put the images of each class in a folder of its own, or name a table's column with --label; 'auditor scan' needs none",
        )


#: Modules of the extra ``train`` that a whole run needs.
RUN_PACKAGES = ("albumentations", "keras", "sklearn", "tensorflow")


def require_packages(*packages: str) -> None:
    """Refuse early what would fail late: packages of the extra ``train``, by the names of their modules. None is imported."""
    from importlib.util import find_spec

    for package in packages:
        if find_spec(package) is None:
            raise MissingExtraError.of({"sklearn": "scikit-learn"}.get(package, package), "train")


def with_clusters(evidence: Evidence) -> pd.DataFrame:
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
    existing: Existing | None = None,
    repair: bool = False,
    export: str | Sequence[str] | None = None,
    label: str | None = None,
    column: str | None = None,
    scan: Scanned | None = None,
    output: str | Path | None = None,
    seed: int = 0,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
) -> Plan:
    """Plan a stratified split that divides no group and no duplicate set.

    Parameters
    ----------
    ratios : sequence of three numbers or str, optional
        Shares of train, val and test, as in ``(60, 20, 20)`` or ``"70/20/10"``; by default chosen by the size
        of the data.
    group : str, optional
        Column of a table whose values must not be divided (patient, slide, session).
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
    column : str, optional
        Column of a table that holds its present split.
    scan : Audit, optional
        A scan of the same data, to be used again.

    Returns
    -------
    Plan
        ``.table`` with a row per image and ``.facts``, the certificate.
    """
    from auditor.exporting import require_format
    from auditor.splitting import parse_ratios, plan_split

    exports = (export,) if isinstance(export, str) else tuple(export or ())
    for format in exports:
        require_format(format, with_file=True)
    listeners = listeners or default_listeners()
    ratios = parse_ratios(ratios) if ratios is not None else None
    asked = ratios is not None or folds is not None or by is not None
    if scan is not None and scan.dataset is not None and scan.scan is not None:
        dataset, evidence = scan.dataset, scan.scan
    else:
        dataset = open_data(data, None, label, column, group)
        refuse_same_place(output, dataset)
        require_classes(dataset, "split")
        evidence = measured(dataset, output, scanning or ScanOptions(), seed, listeners)
    plan = plan_split(
        dataset, with_clusters(evidence), ratios=ratios, folds=folds, stratify=tuple(stratify), by=by,
        existing=existing or ("replace" if asked else "keep"), repair=repair, seed=seed,
        duplicate_threshold=evidence.duplicates.calibration.threshold,
    )  # fmt: skip
    if output is not None and exports:
        _write_exports(plan, evidence, exports, prepare_output(output), listeners)
    if output is not None:
        add_parts(
            output,
            split=plan.facts,
            split_table=plan.table,
            split_findings=planned_findings(evidence, plan, dataset, str(output)),
        )
    return plan


def _write_exports(
    plan: Plan, evidence: Evidence, exports: Iterable[str], folder: Path, listeners: Listeners
) -> None:
    """Write a split in some formats; what the audit in the folder found goes with those that hold findings."""
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
            dataclasses.replace(material_of(plan), scan=evidence, record=record), format, target, Options()
        )


def verify(
    split_file: str | Path,
    data: Data,
    *,
    label: str | None = None,
    column: str | None = None,
    group: str | None = None,
    output: str | Path | None = None,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
) -> list[Claim]:
    """Recompute every claim that a split's certificate makes about the data.

    Parameters
    ----------
    split_file : str or Path
        A ``split.csv``, with its ``split.json`` beside it.

    Returns
    -------
    list of Claim
        In the order of the certificate; each says whether it holds.
    """
    from auditor.splitting import read_certificate, read_split, verify_split

    table, certificate = read_split(split_file), read_certificate(Path(split_file).with_suffix(".json"))
    group = group or certificate.get("group_column")
    dataset = open_data(data, None, label, column, None if group == "group" else group)
    evidence = measured(
        dataset,
        output,
        scanning or ScanOptions(),
        int(certificate.get("seed", 0)),
        listeners or default_listeners(),
    )
    return verify_split(table, certificate, dataset, with_clusters(evidence))


def planned(
    data: Data,
    *,
    plan: str | Path | None = None,
    label: str | None = None,
    column: str | None = None,
    group: str | None = None,
    output: str | Path | None = None,
    seed: int = 0,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
) -> Plan:
    """Return the plan that `planned_scan` returns, alone."""
    return planned_scan(
        data,
        plan=plan,
        label=label,
        column=column,
        group=group,
        output=output,
        seed=seed,
        scanning=scanning,
        listeners=listeners,
    )[0]


def planned_scan(
    data: Data,
    *,
    plan: str | Path | None = None,
    label: str | None = None,
    column: str | None = None,
    group: str | None = None,
    output: str | Path | None = None,
    seed: int = 0,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
) -> tuple[Plan, Evidence]:
    """Return the plan of a split file and the scan; without a file, of the split in the output folder, else the data's own, else a new one.

    Raises
    ------
    DataError
        The split file is for other data.
    """
    from auditor.splitting import plan_split, read_plan

    dataset = open_data(data, None, label, column, group)
    refuse_same_place(output, dataset)
    require_classes(dataset, "train")
    if plan is None and output is not None and (Path(output) / "split.csv").exists():
        plan = Path(output) / "split.csv"
    evidence = measured(dataset, output, scanning or ScanOptions(), seed, listeners or default_listeners())
    images = with_clusters(evidence)
    if plan is not None:
        return read_plan(plan, dataset, images), evidence
    threshold = evidence.duplicates.calibration.threshold
    return plan_split(dataset, images, existing="keep", seed=seed, duplicate_threshold=threshold), evidence


def planned_findings(evidence: Evidence, plan: Plan, dataset: Dataset, output: str) -> tuple[Finding, ...]:
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
    return addressed(run_checks(evidence.with_splits(planned), checks), dataset, output)


def add_parts(output: str | Path, *, pictures: Mapping[str, bytes] | None = None, **parts: Any) -> None:
    """Write parts of a record into an output folder; where an audit stands there, it gets them and its report is renewed.

    ``pictures`` are thumbnails that come with the parts.
    """
    from auditor.reports import write_report
    from auditor.reports.files import load_record, save_parts, save_record

    folder = prepare_output(output)
    if not (folder / "audit.json").exists():
        save_parts(folder, **parts)
        return
    record = load_record(folder)
    record = dataclasses.replace(record, thumbnails={**record.thumbnails, **(pictures or {})}, **parts)
    save_record(record, folder)
    write_report(record, folder / "report.html")


def augment(
    plan: Plan,
    *,
    target: str | int | float = "balanced",
    policy: str | Path | Policy | None = None,
    without: Sequence[str] = (),
    max_multiple: float = 10.0,
    way: str = "on-the-fly",
    check: bool = False,
    decide: bool = False,
    output: str | Path | None = None,
    seed: int = 0,
    listeners: Listeners | None = None,
) -> Augmentation:
    """Plan augmentation of the rare classes in training, and write the images where an output folder is named.

    Parameters
    ----------
    plan : Plan
        A split; only its training images are parents.
    target : "balanced", int, float or str
        Images per class to reach: the largest class, a count, or a ratio of the largest class to any other
        (``4.0``, ``"4:1"``, ``0.25``).
    policy : str, Path or Policy, optional
        A preset (``photo``, ``document``, ``microscopy``, ``digits``), a TOML file, or a policy. Without one
        it is ``photo``, mirrored only where the check passed it.
    without : sequence of str
        Transforms of the policy to switch off.
    max_multiple : float
        Never make more than this many images for each unique one; class weights fill the rest.
    way : {"on-the-fly", "files", "layers"}
        How the images will be used; with an output folder they are files.
    check : bool
        Measure first which transforms turn pictures of one class into another, and leave those off: judged by
        the baseline in the output folder where there is one, else by nearest neighbours. The advised policy
        is written as ``policy.toml``.
    decide : bool
        Also train with and without each transform about which the measurement is undecided.
    """
    from auditor.augmentation import check_policy, plan_augmentation, write_policy
    from auditor.augmentation.planning import choose_policy
    from auditor.augmentation.policy import MIRRORS
    from auditor.reports.thumbnails import make_thumbnails

    listeners = listeners or default_listeners()
    chosen, found, decided = choose_policy(policy, without, to_check=check or decide), None, list[str]()
    if check or decide:
        listeners.stage(f"Checking the policy '{chosen.name}' on this data")
        found = check_policy(plan, chosen, model=_baseline_model(output), seed=seed)
        found = found if decide or policy is not None else found.without_undecided(MIRRORS)
    if decide and found is not None:
        listeners.stage("Training with and without what is undecided")
        asked, settled = (
            found.undecided(),
            found.decide(lambda tried: _validation_score(plan, tried, seed, listeners)),
        )
        found = dataclasses.replace(found, advised=settled)
        kept = {step.name for step in settled.steps}
        decided = [f"{name}: {'kept' if name in kept else 'off'}" for name in asked]
    made = plan_augmentation(
        plan,
        target=target,
        policy=chosen,
        max_multiple=max_multiple,
        way="files" if output else way,
        seed=seed,
        check=found,
    )
    if decided:
        made.facts["notes"].append(
            f"Decided by training with and without, on validation: {', '.join(decided)}."
        )
    if output is not None:
        folder = prepare_output(output)
        if found is not None:
            write_policy(found.advised, folder / "policy.toml")
        listeners.stage(f"Writing {len(made.manifest):,} augmented images")
        made = made.write(folder, on_progress=listeners.images)
        before = make_thumbnails(plan.dataset.source, [e["before"] for e in made.facts["examples"]])
        add_parts(
            output,
            augmentation=made.facts,
            augmented=made.manifest,
            pictures={**before, **made.example_pictures()},
        )
    return made


def _baseline_model(output: str | Path | None) -> Model | None:
    """Return the baseline that was trained into an output folder, if there is one."""
    import json

    from auditor.augmentation import Model

    if (
        output is None
        or not (Path(output) / "baseline.keras").exists()
        or not (Path(output) / "baseline.json").exists()
    ):
        return None
    require_packages("keras", "tensorflow")
    from auditor.baseline.runtime import load

    facts = json.loads((Path(output) / "baseline.json").read_text(encoding="utf-8"))
    keras, _ = load()
    return Model.of(
        keras.models.load_model(Path(output) / "baseline.keras"), facts["labels"], facts["image_size"]
    )


def _validation_score(plan: Plan, policy: Policy, seed: int, listeners: Listeners) -> float:
    """Return the balanced accuracy on validation after training with a policy."""
    from auditor.augmentation import plan_augmentation
    from auditor.baseline import TrainOptions, train_baseline

    options = TrainOptions(seed=seed, experiments=False, scaling="min-max")
    result = train_baseline(
        plan,
        augmentation=plan_augmentation(plan, policy=policy, seed=seed),
        options=options,
        on_epoch=listeners.epoch,
    )
    return float(result.facts["scores"]["val"]["balanced_accuracy"]["value"])


def suspected_labels(evidence: Evidence) -> list[str]:
    """Return the images that the label check lists, the worst first; none where it withholds its list."""
    (check,) = choose(every_check(), select=["label-error"])
    listed = [
        f.examples["path"].head(f.affected).tolist()
        for f in run_checks(evidence, [check])
        if f.examples is not None
    ]
    return [path for paths in listed for path in paths]


def train(
    plan: Plan,
    *,
    augment: Augmentation | None = None,
    options: TrainOptions | None = None,
    time_budget: float = 10.0,
    measures: pd.DataFrame | None = None,
    suspects: Collection[str] = (),
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
    measures : DataFrame, optional
        The scan's images, which size the model and show slices on which it is weak; `planned_scan` gives
        them.
    suspects : collection of str
        Images whose label looks wrong (`suspected_labels`): a comparison of ways trains on the data without
        them too.
    """
    from auditor.baseline import TrainOptions, train_baseline

    listeners = listeners or default_listeners()
    listeners.stage("Preparing the training")
    folder = prepare_output(output) if output is not None else None
    result = train_baseline(
        plan, augmentation=augment, options=options or TrainOptions(), output=folder, on_epoch=listeners.epoch, on_stage=listeners.stage,
        time_budget=time_budget, measures=measures, suspects=suspects,
    )  # fmt: skip
    if output is not None:
        add_parts(output, baseline=result.facts)
    return result
