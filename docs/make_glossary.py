"""Write docs/glossary.md from the report's glossary: ``python docs/make_glossary.py``.

``--check`` only says whether the page is current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from auditor.reports.glossary import GLOSSARY

TARGET = Path(__file__).with_name("glossary.md")
#: Words of the tool itself, which reports use in every sentence and therefore do not link.
OWN = {
    "Check": "A question that is asked of the data, such as `near-duplicate`; it makes findings.",
    "Finding": "What a check says about the data or a part of it: effect, severity, images, fix.",
    "Severity": "An effect against its thresholds: `error`, "
    "`warning`, `undecided`, `info`, `pass`, `skipped`.",
    "Threshold": "The size from which on an effect is a warning or an error.",
    "Verdict": "The worst severity of the findings that are not waived.",
    "Image": "A row of the data: a file, or an entry of an archive or a table.",
    "Copy": "An image with the same bytes or the same pixels as another; a near copy has other pixels.",
    "Left out": "Files, folders or rows that are not read, each kind with its reason.",
}


def make_page() -> str:
    """Return the page: every term once, in the order of the alphabet."""
    terms = {**GLOSSARY, **OWN}
    lines = [
        "# Glossary",
        "",
        "The terms of reports, messages and these pages. Each names one thing, and each thing has one term.",
        "",
    ]
    for term in sorted(terms, key=str.casefold):
        lines += [f"**{term}**", f": {terms[term]}", ""]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is current."""
    if "--check" in arguments:
        current = TARGET.read_text(encoding="utf-8") == make_page()
        print("current" if current else "run python docs/make_glossary.py")
        return 0 if current else 1
    TARGET.write_text(make_page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
