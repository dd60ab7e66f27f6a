"""A report in any format, as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from auditor.errors import UsageError
from auditor.outputs import write_file
from auditor.record import Record
from auditor.reports.audit_json import audit_to_json, dump_json
from auditor.reports.badge import render_badge
from auditor.reports.croissant import render_croissant
from auditor.reports.data_card import render_data_card
from auditor.reports.files import findings_csv
from auditor.reports.html import render_html
from auditor.reports.junit import render_junit
from auditor.reports.text import render_github, render_markdown

#: Formats, and the names of their files in a folder.
FORMATS: dict[str, str] = {
    "html": "report.html",
    "json": "audit.json",
    "markdown": "report.md",
    "junit": "junit.xml",
    "github": "annotations.txt",
    "csv": "findings.csv",
    "badge": "badge.svg",
    "croissant": "croissant.json",
    "data-card": "data-card.md",
}


def render(
    record: Record, format: str, *, images: bool = True, file: Path | None = None, folder: Path | None = None
) -> str:
    """Return a report in one of `FORMATS`.

    ``file`` is where it will be written, and ``folder`` the output folder of the audit: Croissant addresses
    one from the other.

    Raises
    ------
    UsageError
        There is no such format.
    """
    place = None if file is None else file.parent
    table = next((f / "images.parquet" for f in (folder, place) if f is not None), None)
    renderers: dict[str, Callable[[], str]] = {
        "html": lambda: render_html(record, images=images),
        "json": lambda: dump_json(audit_to_json(record)).decode("utf-8"),
        "markdown": lambda: render_markdown(record),
        "junit": lambda: render_junit(record),
        "github": lambda: render_github(record),
        "csv": lambda: findings_csv(record),
        "badge": lambda: render_badge(record),
        "croissant": lambda: render_croissant(record, table=table, beside=place),
        "data-card": lambda: render_data_card(record),
    }
    if format not in renderers:
        raise UsageError(
            expected=f"one of the formats {', '.join(FORMATS)}",
            received=f"'{format}'",
            hint="name one of them with --format",
        )
    return renderers[format]()


def write_report(
    record: Record, file: Path, *, format: str | None = None, images: bool = True, folder: Path | None = None
) -> Path:
    """Write a report; the format follows the file's ending unless it is named. Returns the file.

    ``folder`` is the output folder of the audit, where there is one.

    Raises
    ------
    UsageError
        There is no such format.
    OutputError
        The file cannot be written.
    """
    endings = {
        Path(name).suffix: format for format, name in reversed(FORMATS.items())
    }  # the first of an ending has it
    content = render(
        record, format or endings.get(file.suffix.lower(), "html"), images=images, file=file, folder=folder
    )
    write_file(file, content.encode("utf-8", "backslashreplace"))
    return file
