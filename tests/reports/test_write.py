import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from auditor.errors import OutputError, UsageError
from auditor.reports import FORMATS, render, write_report
from tests.reports.examples import record

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def golden(format):
    """What is compared.

    Of HTML what a reader meets, without the styles and scripts that stand in files of their own.
    """
    text = render(record(), format)
    if format == "croissant":  # of images.parquet, whose bytes are pyarrow's matter
        text = re.sub(r'"(contentSize|sha256)": "[^"]*"', r'"\1": ""', text)
    if format == "html":
        text = re.sub(r"(<(style|script)[^>]*>).*?(</\2>)", r"\1\3", text, flags=re.DOTALL)
        text = re.sub(r"sha256-[\w+/]+=*", "sha256-", text)  # of these styles and scripts, in the policy
    return text


@pytest.mark.parametrize("format", FORMATS)
def test_texts_are_as_they_were(format):
    """To renew after a change that is meant.

    Write `golden(format)` into the file, and read the difference.
    """
    assert golden(format) == (GOLDEN / FORMATS[format]).read_text(encoding="utf-8")


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_audit_gives_the_same_bytes(format):
    assert render(record(), format) == render(record(), format)


def test_junit_counts_what_fails():
    suite = ElementTree.fromstring(render(record(), "junit"))
    cases = suite.findall("testcase")
    assert suite.get("tests") == str(len(cases)) == "7"
    assert suite.get("failures") == str(len(suite.findall(".//failure"))) == "2"
    assert suite.get("skipped") == str(len(suite.findall(".//skipped"))) == "2"


def test_junit_holds_what_xml_cannot():
    from dataclasses import replace

    made = record()
    made = replace(
        made, findings=(replace(made.findings[0], title="a\x00b\ud800c\uffff", summary="\x1b[31m"),)
    )
    case = ElementTree.fromstring(render(made, "junit")).find(".//testcase")
    assert case is not None and "split-leak" in case.get("name", "") + case.get("classname", "")


def test_annotations_are_one_line_each():
    from dataclasses import replace

    made = record()
    made = replace(
        made, findings=(replace(made.findings[0], summary="a\n::error::injected\r%", title="x,y:z"),)
    )
    lines = render(made, "github").splitlines()
    assert lines == ["::error title=split-leak%3Atrain-val%3A x%2Cy%3Az::a%0A::error::injected%0D%25"]


def test_a_comment_mentions_nobody_and_holds_no_markup():
    from dataclasses import replace

    made = record()
    made = replace(
        made,
        findings=(replace(made.findings[0], title="@everyone <img src=x> |cell| [link](http://x) `code`"),),
    )
    text = render(made, "markdown")
    assert "@everyone" not in text and "<img" not in text and "[link](" not in text
    row = next(line for line in text.splitlines() if line.startswith("| error"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 6


def test_findings_csv_has_a_row_per_piece_of_evidence():
    made = record()
    rows = list(csv.DictReader(io.StringIO(render(made, "csv"))))
    assert len(rows) == sum(len(f.examples) for f in made.findings if f.examples is not None)
    assert {r["check"] for r in rows} == {"split-leak", "label-error"}
    assert all(r["severity"] in ("error", "warning") for r in rows)


def test_the_ending_names_the_format(tmp_path):
    for name, start in (
        ("a.html", "<!doctype html>"),
        ("a.json", "{"),
        ("a.md", "## Audit"),
        ("a.xml", "<?xml"),
        ("a.csv", "check,"),
        ("a.svg", "<svg"),
        ("plain", "<!doctype html>"),
    ):
        assert write_report(record(), tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_an_unknown_format_and_an_unwritable_file_are_refused(tmp_path):
    with pytest.raises(UsageError, match="'pdf'"):
        render(record(), "pdf")
    with pytest.raises(OutputError):
        write_report(record(), tmp_path / "absent" / "x.html")
