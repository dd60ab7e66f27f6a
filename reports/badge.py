"""A badge with the verdict, for a README."""

from __future__ import annotations

from auditor.finding import Severity
from auditor.record import Record
from auditor.reports.html import environment

WORDS = {
    Severity.ERROR: "not fit to train on",
    Severity.WARNING: "warnings",
    Severity.UNDECIDED: "undecided",
    Severity.PASS: "passed",
}
#: Colours on which white text has a contrast of at least 4.5 (an image cannot use the page's variables).
COLOURS = {
    Severity.ERROR: "#b3261e",
    Severity.WARNING: "#8a5300",
    Severity.UNDECIDED: "#6741a5",
    Severity.PASS: "#1b6e43",
}
#: Mean advance of a letter of 11 px Verdana, in px.
LETTER = 6.6


def render_badge(record: Record) -> str:
    """Return the badge as SVG; it names the tool and the verdict, nothing of the data."""
    word = WORDS[record.verdict]
    left, right = 12 + LETTER * len("data audit"), 12 + LETTER * len(word)
    return (
        environment()
        .get_template("badge.html")
        .render(left=round(left), right=round(right), word=word, colour=COLOURS[record.verdict])
    )
