"""Scanning a data set and running every check."""

from __future__ import annotations

import dataclasses
import datetime
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

from auditor.checks import choose, every_check, run_checks
from auditor.commands.audit import Audit
from auditor.commands.config import Config, waive
from auditor.commands.eyes import describe_eyes, note_eyes, open_eyes, use_eyes
from auditor.commands.fixes import column_options, fill_commands
from auditor.commands.opening import ColumnsAndEyes, open_data, take_apart
from auditor.commands.options import Data, Listeners, ScanOptions, default_listeners
from auditor.commands.provenance import dataset_facts, inputs_digest, provenance
from auditor.commands.reuse import ScanRequest, scan_or_reuse, store_of
from auditor.dataset import Dataset
from auditor.errors import DataError
from auditor.evidence import Evidence
from auditor.finding import Finding
from auditor.record import Record


def scan(
    data: Data,
    *,
    output: str | Path | None = None,
    field: Data | None = None,
    config: Config | None = None,
    seed: int = 0,
    images: bool = True,
    reproducible: bool = False,
    decisions: str | Path | None = None,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
    **columns: Unpack[ColumnsAndEyes],
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
    config : Config, optional
        Thresholds, chosen checks and waivers.
    seed : int
        Seeds every resampling.
    images : bool
        Whether the report shows pictures.
    reproducible : bool
        Leave out what differs between two runs on the same input (times, command, folders).
    decisions : str or Path, optional
        Decisions of a review of this data: the share of wrong labels is measured from them, and the report
        does not ask again. A manifest that `apply` wrote holds its decisions already.
    scanning : ScanOptions, optional
        How images are read.
    **columns : str
        ``label``, ``split`` and ``group``: columns of a table, as in `auditor.open`; and the following.
    embeddings : str, Path, ndarray or DataFrame, optional
        Vectors by which content is judged instead of the descriptor: a .npy, .npz, Parquet or CSV file, an
        array in the order of the table or of the sorted paths, or a DataFrame with the paths as index.
    probabilities : str, Path, ndarray or DataFrame, optional
        Out-of-fold class probabilities of your model, likewise, with a column per class.
    encoder : str or Path, optional
        A model that makes the vectors: a .keras or .onnx file, or the name of a network of
        ``keras.applications``.
    encoder_weights : str or Path, optional
        Weights of a named network: a file, or ``"imagenet"`` for Keras' download.
    encoder_size : int, optional
        Side in pixels of the pictures that the encoder gets; by default what the model says.
    encoder_scaling : {"raw", "unit", "symmetric", "imagenet"}, optional
        Its pixels: 0 to 255, 0 to 1, -1 to 1, or standardised as for ImageNet; a file's are raw by default, a
        named network has its own.

    Raises
    ------
    AuditorError
        The input cannot be used or the output cannot be written. Bad files inside a usable input are
        findings.
    """
    names, eyes = take_apart(columns)
    request = ScanRequest(
        output=output,
        scanning=scanning or ScanOptions(),
        seed=seed,
        listeners=listeners or default_listeners(),
        columns=names,
        eyes=eyes,
        reproducible=reproducible,
        began=time.monotonic(),
    )
    dataset = open_data(data, field=field, **names)
    audit = check_data(dataset, request, config or Config(), decisions)
    if images and not audit.record.thumbnails:
        audit.record = add_thumbnails(audit.record, dataset)
    if output is not None:
        request.listeners.stage("Writing the report")
        audit.save(output, images=images, reproducible=reproducible)
    return audit


def check_data(
    dataset: Dataset,
    request: ScanRequest,
    config: Config,
    decisions: str | Path | None = None,
) -> Audit:
    """Scan and check; nothing is written but the scan itself, and what an encoder makes."""
    started = time.time()
    eyes = open_eyes(dataset, request.eyes)
    dataset = note_eyes(dataset, eyes)
    if decisions is not None:
        dataset = _with_decisions(dataset, decisions)
    checks = choose(every_check(), select=config.select, ignore=config.ignore, settings=config.checks)
    evidence = scan_or_reuse(dataset, request)
    evidence = use_eyes(evidence, dataset, eyes, store_of(request.output), request.listeners.images)
    made = provenance(config, request.seed, request.output, request.scanning, started)
    if eyes.facts:
        made["eyes"] = describe_eyes(eyes, evidence)
    shown = shlex.join([request.shown_output, *column_options(request.columns)])
    made["inputs"] = inputs_digest(dataset, evidence.images, config, request.seed, shown, eyes.facts)
    if request.reproducible:
        del made["run"]
    record = _load_earlier(request.output, made["inputs"])
    if record is None:
        request.listeners.stage(f"Running {len(checks)} checks")
        findings = fill_commands(run_checks(evidence, checks, request.listeners.check), dataset, request)
        record = Record(
            dataset=dataset_facts(dataset, evidence),
            findings=findings,
            images=evidence.images,
            exhibits=make_exhibits(evidence, findings),
        )
        evidence.release_memory()
    else:
        request.listeners.stage("Nothing has changed since the checks were run")
    waived = waive(record.findings, config.waivers, today())
    return Audit(dataclasses.replace(record, findings=waived, provenance=made), dataset, evidence)


def _with_decisions(dataset: Dataset, file: str | Path) -> Dataset:
    """Note in the sample table what a reviewer has decided, as the manifests of `auditor.apply` do."""
    from auditor.reports.decisions import read_decisions
    from auditor.reports.reviewed import note_decisions

    return dataset.with_samples(note_decisions(dataset.samples, read_decisions(file)))


def _load_earlier(output: str | Path | None, inputs: str) -> Record | None:
    """Return the record of an earlier scan in the output folder, if it was made from the very same inputs."""
    from auditor.reports.files import load_record

    if output is None or not (Path(output) / "audit.json").exists():
        return None
    try:
        record = load_record(output)
    except DataError:
        return None
    same = record.provenance.get("inputs") == inputs
    return record if same and record.split is None and record.baseline is None else None


def add_thumbnails(record: Record, dataset: Dataset) -> Record:
    """Return the record with the pictures that its report shows."""
    from auditor.reports.thumbnails import make_thumbnails, wanted

    return dataclasses.replace(record, thumbnails=make_thumbnails(dataset.source, wanted(record)))


def make_exhibits(evidence: Evidence, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what only reports use: the map of the pictures, label suspects marked."""
    from auditor.reports.picture_map import map_points

    suspects = [
        path
        for f in findings
        if f.code == "label-error" and f.examples is not None
        for path in f.examples["path"].head(f.affected)
    ]
    return {"map": map_points(evidence, suspects=suspects)}


def today() -> datetime.date:
    """Return the date that waivers are judged by."""
    return datetime.datetime.now(datetime.UTC).date()
