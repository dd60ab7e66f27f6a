"""A record as one HTML file."""

from __future__ import annotations

from auditor.record import Record


def render_html(record: Record, *, images: bool = True) -> str:
    """Return the report: one page that needs nothing else.

    Parameters
    ----------
    record : Record
    images : bool
        Show pictures. Without them the report says what they would have shown.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("auditor.templates", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("plain.html").render(record=record, images=images)
