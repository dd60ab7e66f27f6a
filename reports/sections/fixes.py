"""What to type, and what has to be decided before."""

from __future__ import annotations

from auditor.finding import Finding, Severity

#: Words of a command that a person must replace; a command that holds one cannot be typed as it stands.
PLACEHOLDERS = frozenset({"TABLE", "COLUMN"})
#: What a command holds that reads the decisions which a reviewer saves from the report.
AFTER_REVIEW = ("auditor apply", "--decisions")
#: Checks whose images show how all differ: to keep or drop single ones mends nothing.
OF_THE_WHOLE = (
    "group-leak",
    "source-leak",
    "collection-order",
    "label-shift",
    "property-shift",
    "content-shift",
    "class-content-shift",
    "shortcut",
    "factor",
    "test-too-small",
    "rare-class",
    "class-imbalance",
)


def find_command(finding: Finding) -> str:
    """Return the command that can be typed as it stands, blank where there is none."""
    command = finding.fix.command or "" if finding.fix else ""
    return "" if PLACEHOLDERS & set(command.split()) else command


def by_hand(finding: Finding) -> str:
    """Return what a person has to do before the command, or instead of one; blank where the command is all.

    Examples
    --------
    >>> from auditor.finding import Fix
    >>> fix = Fix(text="Look.", command="auditor split D --group COLUMN")
    >>> by_hand(Finding(code="dark", title="", summary="", fix=fix))
    'By hand, with your own words for COLUMN: auditor split D --group COLUMN'
    """
    if finding.fix is None:
        return ""
    command = finding.fix.command or ""
    missing = sorted(PLACEHOLDERS & set(command.split()))
    if missing:
        return f"By hand, with your own words for {' and '.join(missing)}: {command}"
    if any(words in command for words in AFTER_REVIEW):
        return "First decide about the pictures in the report and save decisions.json, then:"
    if command:
        return ""
    if finding.severity is Severity.UNDECIDED:
        return "Only more data can settle this."
    if finding.code in OF_THE_WHOLE:
        return ""
    if finding.examples is not None and len(finding.examples):
        return "Decide in the report, save decisions.json, then run auditor apply decisions.json DATA."
    return "No command does this."
