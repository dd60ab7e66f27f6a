"""Write docs/checks.md from the classes of the checks alone: ``python docs/make_checks.py``.

``--check`` only says whether the page is current; ``--plugins`` prints the sections of the checks that
installed plug-ins bring.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from pathlib import Path

from auditor.checks import CHECKS, Check, Wording, every_check
from auditor.checks.base import option_name

TARGET = Path(__file__).with_name("checks.md")


def read_docstring(check: type[Check]) -> tuple[str, dict[str, str]]:
    """Return the summary of a check's docstring, and what it says about each parameter."""
    summary, _, section = inspect.cleandoc(check.__doc__ or "").partition("\nParameters\n----------\n")
    entries = re.split(r"^(\w+) : .*\n", section, flags=re.MULTILINE)[1:]
    notes = dict(zip(entries[::2], entries[1::2], strict=True))
    return " ".join(summary.split()), {name: " ".join(text.split()) for name, text in notes.items()}


def list_wordings(check: type[Check]) -> dict[str, Wording]:
    """Return what a check says about each of its subjects, the main one first, by the subject's name."""
    found = {
        name: value
        for kind in reversed(check.__mro__)
        for name, value in vars(kind).items()
        if isinstance(value, Wording)
    }
    return dict(sorted(found.items(), key=lambda item: item[0] != "words"))


def format_cell(text: object) -> str:
    """Return a text as the cell of a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def make_section(check: type[Check]) -> str:
    """Return the section of one check."""
    summary, notes = read_docstring(check)
    lines = [f"### `{check.code}`", "", summary]
    if text := getattr(check, "measured", ""):
        lines += ["", f"**How it is measured:** {text}"]
    wordings = list_wordings(check)
    for name, words in wordings.items():
        about = f" ({name.replace('_', ' ')})" if name != "words" else ""
        lines += ["", f"**Why it matters{about}:** {words.why}", "", f"**How to fix it{about}:** {words.fix}"]
        if words.command:
            lines[-1] += f" `{words.command}`"
    fields = dataclasses.fields(check)  # type: ignore[arg-type]
    if fields:
        lines += ["", "| threshold | default | meaning and source |", "|---|---|---|"]
        lines += [
            f"| `{option_name(f.name)}` | {format_cell(f.default)} | {format_cell(notes.get(f.name, ''))} |"
            for f in fields
        ]
    if text := getattr(check, "limits", ""):
        lines += ["", f"**Limits:** {text}"]
    if check.needs:
        lines += ["", f"It needs {' and '.join(sorted(check.needs))}, and is reported as skipped without."]
    return "\n".join(lines)


def make_page() -> str:
    """Return the whole page."""
    lines = [
        "# The checks",
        "",
        "<!-- Written by docs/make_checks.py from the checks themselves: change those, then run it. -->",
        "",
        "Every finding is graded from its effect alone: beyond a threshold it is a warning or an error, "
        "on the safe",
        "side it has passed, and an interval that straddles the threshold is undecided. Any threshold "
        "can be changed:",
        "`--set class-imbalance.warn-ratio=20`, or in `auditor.toml` under `[checks.class-imbalance]`.",
    ]
    for family in dict.fromkeys(check.family for check in CHECKS):
        sections = [make_section(check) for check in CHECKS if check.family == family]
        lines += ["", f"## {family}", "", "\n\n".join(sections)]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is current, or print what it would say about plug-ins."""
    if "--plugins" in arguments:
        print("\n\n".join(make_section(check) for check in every_check() if check not in CHECKS))
        return 0
    text = make_page()
    if "--check" in arguments:
        current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        hint = "current" if current else "out of date: run python docs/make_checks.py"
        print(f"docs/checks.md is {hint}")
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
