"""After an audit: reports of it again, comparing two, applying a reviewer's decisions, and the check at the head of a training script."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.audit import Audit, load
from auditor.config import Config
from auditor.dataset import FileStat, LocalFiles
from auditor.errors import DataError, NotFitError, UsageError
from auditor.finding import Finding
from auditor.options import Data, Listeners, ScanOptions, default_listeners
from auditor.preparation import measured, open_data, prepare_output
from auditor.record import Record
from auditor.scanning.fingerprint import fingerprint

if TYPE_CHECKING:
    from auditor.planted_faults import SelfTest
    from auditor.reports.compare import Comparison


def report(
    folder: str | Path, *, output: str | Path | None = None, formats: Sequence[str] = (), images: bool = True
) -> list[Path]:
    """Write the report of an audit again from its output folder alone; the data is not needed.

    Parameters
    ----------
    folder : str or Path
        Output folder of an earlier command.
    output : str or Path, optional
        A file, or a folder where several formats are asked; by default ``report.html`` in the same folder.
    formats : sequence of str
        Any of ``html``, ``json``, ``markdown``, ``junit``, ``github``, ``csv``, ``badge``, ``croissant``,
        ``data-card``; by default what the file's ending says.

    Returns
    -------
    list of Path
        The files that were written.
    """
    from auditor.reports import FORMATS, write_report

    audit = load(folder)
    unknown = [f for f in formats if f not in FORMATS]
    if unknown:
        raise UsageError(
            expected=f"formats out of {', '.join(FORMATS)}",
            received=f"'{unknown[0]}'",
            hint="name one of them with --format",
        )
    if len(formats) < 2:
        name = FORMATS[formats[0]] if formats else "report.html"
        file = Path(output) if output else Path(folder) / name
        return [
            write_report(
                audit.record,
                file / name if file.is_dir() else file,
                format=next(iter(formats), None),
                images=images,
                folder=Path(folder),
            )
        ]
    target = prepare_output(output or folder)
    return [
        write_report(audit.record, target / FORMATS[f], format=f, images=images, folder=Path(folder))
        for f in formats
    ]


def compare(
    old: str | Path | Audit, new: str | Path | Audit, *, output: str | Path | None = None
) -> Comparison:
    """Compare two audits: images added, removed, relabelled, moved or re-encoded; measures; findings resolved, new, worse.

    Parameters
    ----------
    old, new : str, Path or Audit
        Output folders, or audits.
    output : str or Path, optional
        File to write: ``.html``, ``.md`` or ``.json``.

    Returns
    -------
    Comparison
        ``.got_worse`` says whether a finding is new, worse or no longer checked.
    """
    from auditor.reports.compare import compare_records
    from auditor.reports.compare_views import format_of, shown_paths, write_comparison

    records = [(side if isinstance(side, Audit) else load(side)).record for side in (old, new)]
    comparison = compare_records(*records)
    if output is not None and format_of(Path(output)) == "html":
        old_paths, new_paths = shown_paths(comparison)
        comparison = dataclasses.replace(
            comparison,
            old=_with_pictures(comparison.old, old_paths),
            new=_with_pictures(comparison.new, new_paths),
        )
    if output is not None:
        write_comparison(comparison, Path(output))
    return comparison


def _with_pictures(record: Record, paths: Sequence[str]) -> Record:
    """Add thumbnails of images whose files still are where they were and what they were; of others the name is shown."""
    from auditor.reports.thumbnails import make_thumbnails

    place = Path(record.dataset.location)
    missing = set(paths) - record.thumbnails.keys()
    rows = record.images[record.images["path"].isin(missing)]
    files = UnchangedFiles(
        LocalFiles(str(place if place.is_dir() else place.parent)),
        dict(zip(rows["path"], rows["sha256"], strict=True)),
    )
    return dataclasses.replace(
        record, thumbnails={**record.thumbnails, **make_thumbnails(files, rows["path"])}
    )


@dataclass(frozen=True, slots=True)
class UnchangedFiles:
    """Files of an earlier audit; one that has other bytes now is not read."""

    files: LocalFiles
    digests: Mapping[str, str]

    def read(self, path: str) -> bytes:
        """Return the bytes of a file that an audit has seen.

        Raises
        ------
        DataError
            The file has other bytes now.
        """
        content = self.files.read(path)
        if sha256(content).hexdigest() != self.digests[path]:
            raise DataError(
                expected=f"the bytes of {path} that were audited",
                received="others",
                hint="audit the data again",
            )
        return content

    def stat(self, path: str) -> FileStat:
        """Return size and time of modification."""
        return self.files.stat(path)


def apply(
    decisions: str | Path,
    data: Data,
    *,
    output: str | Path,
    quarantine: str | Path | None = None,
    label: str | None = None,
    split: str | None = None,
    group: str | None = None,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
) -> tuple[Path, Path | None]:
    """Write a new manifest from a reviewer's decisions; the originals stay as they are.

    Parameters
    ----------
    decisions : str or Path
        ``decisions.json`` (or CSV) that the report exported.
    output : str or Path
        The manifest to write, ``.csv`` or ``.parquet``.
    quarantine : str or Path, optional
        Folder to move dropped files into, with a journal that `undo` reads.

    Returns
    -------
    Path
        The manifest.
    Path or None
        The journal of the quarantine.

    Raises
    ------
    DataError
        The decisions were made for other data.
    """
    from auditor.reports.decisions import apply_decisions, read_decisions, write_manifest
    from auditor.reports.decisions import quarantine as put_aside

    made = read_decisions(decisions)
    dataset = open_data(data, None, label, split, group)
    scan = measured(dataset, None, scanning or ScanOptions(), 0, listeners or default_listeners())
    samples = apply_decisions(dataset, made, fingerprint=fingerprint(scan.images))
    manifest = write_manifest(samples, Path(output), dataset)
    return manifest, None if quarantine is None else put_aside(dataset, made, quarantine)


def undo(journal: str | Path) -> int:
    """Move the files of a quarantine back to where they were; returns how many."""
    from auditor.reports.decisions import undo_quarantine

    return undo_quarantine(journal)


def selftest(
    data: Data,
    *,
    config: Config | None = None,
    sample: int = 400,
    label: str | None = None,
    split: str | None = None,
    group: str | None = None,
    seed: int = 0,
) -> SelfTest:
    """Plant known faults in a temporary copy of a sample of the data, and report each check's recall and false alarms there.

    Parameters
    ----------
    config : Config, optional
        Thresholds: those of your audits, so that the answer is about them.
    sample : int
        Images to copy.

    Returns
    -------
    SelfTest
        ``.table()`` has a row per planted fault.
    """
    from auditor.audit import scan
    from auditor.planted_faults import selftest as plant_and_score

    settings = config or Config()

    def findings_of(table: Path) -> Sequence[Finding]:
        return scan(
            table, config=dataclasses.replace(settings, waivers={}), seed=seed, images=False
        ).record.findings

    return plant_and_score(open_data(data, None, label, split, group), findings_of, sample=sample, seed=seed)


def check(
    data: Data, passport: str | Path, *, fail_on: str = "error", scanning: ScanOptions | None = None
) -> None:
    """Raise unless this is the data that was audited and its audit has no open finding at or above a severity.

    For the head of a training script. Every file is read again, none is decoded for the checks.

    Parameters
    ----------
    data : str, Path or Dataset
    passport : str or Path
        An ``audit.json``, or the folder that holds it.
    fail_on : {"undecided", "warning", "error"}

    Raises
    ------
    NotFitError
        The data differs from what was audited, or a finding is open.
    DataError
        The passport is none.
    """
    from auditor.finding import Severity
    from auditor.reports.audit_json import load_json

    file = Path(passport) / "audit.json" if Path(passport).is_dir() else Path(passport)
    audit = load_json(file)
    try:
        stated, findings = str(audit["dataset"]["fingerprint"]), audit["findings"]
        limit = Severity(fail_on).rank
        bad = [f["id"] for f in findings if Severity(f["severity"]).rank <= limit and not f.get("waiver")]
    except (KeyError, TypeError, ValueError):
        raise DataError(
            expected="an audit.json", received=f"'{file}'", hint="make one with 'auditor scan DATA'"
        ) from None
    scan = measured(open_data(data, None, None, None, None), None, scanning or ScanOptions(), 0, Listeners())
    now = fingerprint(scan.images)
    if now != stated:
        raise NotFitError(
            expected=f"the data that was audited, fingerprint {stated[:12]}",
            received=f"{now[:12]}",
            hint="run 'auditor scan' on it again",
        )
    if bad:
        raise NotFitError(
            expected=f"no open {fail_on}",
            received=", ".join(bad[:5]),
            hint="see the report; mend, or waive with a reason",
        )
