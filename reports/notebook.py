"""An audit as a notebook shows it: the verdict and a table of findings, without the page around them."""

from __future__ import annotations

from auditor.record import Record
from auditor.reports.html import environment
from auditor.reports.sections.overview import first_things, overview


def render_notebook(record: Record) -> str:
    """Return an HTML fragment, with its few styles inline and no script."""
    return (
        environment()
        .get_template("notebook.html")
        .render(record=record, screen=overview(record), opened=first_things(record.findings))
    )
