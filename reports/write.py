"""A report in any format, as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from auditor.errors import UsageError
from auditor.record import Record
from auditor.reports.audit_json import audit_to_json, dump_json
from auditor.reports.files import write_atomically
from auditor.reports.html import render_html

#: Formats and the ending of their files.
FORMATS: dict[str, str] = {"html": ".html", "json": ".json"}


def render(record: Record, format: str, *, images: bool = True) -> str:
    """Return a report in one of `FORMATS`.

    Raises
    ------
    UsageError
        There is no such format.
    """
    renderers: dict[str, Callable[[], str]] = {
        "html": lambda: render_html(record, images=images),
        "json": lambda: dump_json(audit_to_json(record)).decode("utf-8"),
    }
    if format not in renderers:
        raise UsageError(expected=f"one of the formats {', '.join(FORMATS)}", received=f"'{format}'", hint="name one of them with --format")
    return renderers[format]()


def write_report(record: Record, file: Path, *, format: str | None = None, images: bool = True) -> Path:
    """Write a report; the format follows the file's ending unless it is named. Returns the file.

    Raises
    ------
    UsageError
        There is no such format.
    OutputError
        The file cannot be written.
    """
    endings = {ending: name for name, ending in FORMATS.items()}
    content = render(record, format or endings.get(file.suffix.lower(), "html"), images=images)
    write_atomically(file, content.encode("utf-8", "backslashreplace"))
    return file
