"""Which findings name which image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.finding import Severity

if TYPE_CHECKING:
    from auditor.exporting.material import Material
    from auditor.finding import Finding

#: Grades of findings that are about an image: a pass, and what was not checked, are about none.
OPEN = (Severity.ERROR, Severity.WARNING, Severity.UNDECIDED, Severity.INFO)


def open_findings(material: Material) -> list[Finding]:
    """Return the findings with rows of evidence that are open, in their order."""
    found = () if material.record is None else material.record.findings
    return [
        f
        for f in found
        if f.severity in OPEN and f.waiver is None and f.examples is not None and len(f.examples)
    ]


def flagged(material: Material) -> dict[str, set[str]]:
    """Return the codes of the open findings that name each image, by path."""
    named: dict[str, set[str]] = {}
    for finding in open_findings(material):
        assert finding.examples is not None
        for column in ("path", "other_path"):
            for path in finding.examples.get(column, ()):
                if isinstance(path, str) and path:
                    named.setdefault(path, set()).add(finding.code)
    return named
