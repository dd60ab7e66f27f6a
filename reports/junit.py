"""JUnit XML, which every CI server reads: a test case per finding."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from auditor.finding import Severity
from auditor.record import Record
from auditor.reports.text import described
from auditor.reports.wording import visible

#: What XML 1.0 cannot hold, even escaped.
UNWRITABLE = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def render_junit(record: Record) -> str:
    """Return a test suite: errors and warnings fail, undecided and unchecked are skipped, waived pass."""
    failing = (Severity.ERROR, Severity.WARNING)
    unsure = (Severity.UNDECIDED, Severity.SKIPPED)
    opened = [f for f in record.findings if f.waiver is None]
    suite = ElementTree.Element(
        "testsuite",
        name=_writable(f"auditor {record.dataset.name}"),
        tests=str(len(record.findings)),
        failures=str(sum(f.severity in failing for f in opened)),
        errors="0",
        skipped=str(sum(f.severity in unsure for f in opened)),
    )
    for finding in record.findings:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"auditor.{finding.code}",
            name=_writable(f"{finding.id}: {finding.title}"),
        )
        text = _writable(described(finding))
        if finding.waiver is not None:
            ElementTree.SubElement(case, "system-out").text = _writable(
                f"Waived by {finding.waiver.owner} until {finding.waiver.expires}: {finding.waiver.reason}"
            )
        elif finding.severity in failing:
            ElementTree.SubElement(
                case, "failure", type=finding.severity.value, message=_writable(finding.summary)
            ).text = text
        elif finding.severity in unsure:
            ElementTree.SubElement(case, "skipped", message=_writable(finding.summary))
        else:
            ElementTree.SubElement(case, "system-out").text = text
    ElementTree.indent(suite)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(suite, encoding="unicode")}\n'


def _writable(text: str) -> str:
    shown = "\n".join(map(visible, text.split("\n")))
    return UNWRITABLE.sub("\ufffd", shown)
