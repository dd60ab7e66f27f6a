"""The audit in an output folder: loaded, and its report written again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.commands.audit import Audit
from auditor.errors import UsageError
from auditor.outputs import make_folder


def load(folder: str | Path) -> Audit:
    """Load the audit that a command left in its output folder; the data itself is not needed."""
    from auditor.reports.files import load_record

    return Audit(load_record(Path(folder)))


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
    target = Path(output or folder)
    if not target.is_dir():
        make_folder(target)
    return [
        write_report(audit.record, target / FORMATS[f], format=f, images=images, folder=Path(folder))
        for f in formats
    ]
