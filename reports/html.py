"""A record as one HTML file."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from auditor.record import Record

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    """Return the one Jinja2 environment of all templates; everything is escaped, and an unknown name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("auditor.templates", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def render_html(record: Record, *, images: bool = True) -> str:
    """Return the report: one page that needs nothing else.

    Parameters
    ----------
    record : Record
    images : bool
        Show pictures. Without them the report says what they would have shown.
    """
    return environment().get_template("plain.html").render(record=record, images=images)
