"""Which findings name which image."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.exporting.material import Material
    from auditor.finding import Finding


def findings_with_examples(material: Material) -> list[Finding]:
    """Return the findings that are shown with examples and not waived, in their order."""
    found = () if material.record is None else material.record.findings
    return [
        f for f in found if f.is_shown and f.waiver is None and f.examples is not None and len(f.examples)
    ]


def flagged(material: Material) -> dict[str, set[str]]:
    """Return the codes of the findings that name each image, by path."""
    named: dict[str, set[str]] = {}
    for finding in findings_with_examples(material):
        assert finding.examples is not None
        for column in ("path", "other_path"):
            for path in finding.examples.get(column, ()):
                if isinstance(path, str) and path:
                    named.setdefault(path, set()).add(finding.code)
    return named
