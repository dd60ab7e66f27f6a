"""A page as one HTML file.

It makes no request. Nothing is executed but the one script whose digest the page declares.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from auditor.record import Record
from auditor.reports.glossary import GLOSSARY, place_of, with_terms
from auditor.reports.long_texts import shorten_texts
from auditor.reports.page import Page, build_page
from auditor.reports.sections.pictures import BUDGET
from auditor.reports.wording import count, sentence, shortened, visible

if TYPE_CHECKING:
    from jinja2 import Environment

#: Bytes of a report at most.
HEAVIEST = 5_000_000
STYLES = ("variables", "page", "verdict", "finding", "gallery", "chart", "table", "controls", "print")
SCRIPTS = ("storage", "filters", "review", "page")


@cache
def environment() -> Environment:
    """Return the one Jinja2 environment of all templates.

    Everything is escaped, and an unknown name is an error.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("auditor.templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )
    made.filters |= {
        "count": count,
        "short": shortened,
        "sentence": sentence,
        "json": json.dumps,
        "lines": _with_lines,
        "terms": _with_terms,
        "breakable": _breakable,
        "term_place": place_of,
    }
    return made


def render_html(record: Record, *, images: bool = True) -> str:
    """Return the report: one page of at most `HEAVIEST` bytes that needs nothing else.

    Parameters
    ----------
    record : Record
    images : bool
        Show pictures. Without them the report names what they would have shown.
    """
    budget = BUDGET if images else 0
    while True:
        html = render_page(build_page(record, images=budget > 0, budget=budget))
        over = len(html.encode("utf-8", "backslashreplace")) - HEAVIEST
        if over <= 0:
            return html
        if budget == 0:  # names alone are too long: nothing can be decided about images under shortened ones
            return render_page(build_page(shorten_texts(record), images=False, budget=0))
        budget = max(budget - over - 50_000, 0) if budget > over else 0


def render_page(page: Page) -> str:
    """Return a page as HTML."""
    from markupsafe import Markup

    style, style_hash = style_and_digest()
    script = _joined("scripts", SCRIPTS, ".js")
    return (
        environment()
        .get_template("report.html")
        .render(
            page=page,
            style=style,
            script=Markup(script),  # noqa: S704 - a shipped file, not the user's text
            style_hash=style_hash,
            script_hash=_digest(script),
            data=script_data(page),
        )
    )


def style_and_digest() -> tuple[Any, str]:
    """Return the style sheet, and its digest for the Content-Security-Policy."""
    from markupsafe import Markup

    style = _joined("styles", STYLES, ".css")
    return Markup(style), _digest(style)  # noqa: S704 - shipped files, not the user's text


def script_data(page: Page) -> dict[str, Any]:
    """Return the data of the script: the images that can be decided on."""
    return {
        "fingerprint": page.fingerprint,
        "name": page.name,
        "auditor": page.version,
        "classes": [r.label for r in page.classes.rows] if page.classes else [],
        "items": [[p.path, p.label, p.split] for p in page.items],
    }


def _seen(value: Any) -> Any:
    """Show control and direction characters of any text instead of obeying them."""
    return visible(value) if type(value) is str else value


def _with_lines(text: str) -> Any:
    from markupsafe import Markup, escape

    return Markup("\n").join(escape(visible(line)) for line in text.split("\n"))


def _with_terms(text: str) -> Any:
    """Set what stands in backticks as code, and link terms of the glossary, with their meaning as a hint."""
    from markupsafe import Markup

    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # a backtick that opens and never closes is a letter like others
        return _linked(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(_breakable(piece)) if i % 2 else _linked(piece)
        for i, piece in enumerate(pieces)
    )


def _linked(text: str) -> Any:
    from markupsafe import Markup

    return Markup("").join(
        Markup('<a class="term" href="#{}" title="{}">{}</a>').format(
            place_of(term), GLOSSARY[term], visible(piece)
        )
        if term
        else _breakable(piece)
        for piece, term in with_terms(text)
    )


def _breakable(text: str) -> Any:
    """Let a path break after its slashes, not within a name, and no number from its percent sign."""
    from markupsafe import Markup, escape

    return Markup("/<wbr>").join(escape(part) for part in visible(text).replace(" %", "\u00a0%").split("/"))


@cache
def _joined(folder: str, names: tuple[str, ...], ending: str) -> str:
    files = resources.files("auditor.templates") / folder
    return "\n".join((files / f"{name}{ending}").read_text(encoding="utf-8").strip() for name in names)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
