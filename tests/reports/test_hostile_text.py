"""Names of splits, classes and findings are hostile in every format that is no HTML, too."""

import dataclasses
import re

import pytest

from auditor.reports import render
from tests.reports.examples import record

HOSTILE = "<img src=x>|[a](b)\x1b[31m\x00\u202egnp\r::error::x\u2028"
#: What acts on a terminal or a log; line ends that a format writes itself are its own.
ACTING = [chr(c) for c in range(32) if chr(c) not in "\n"] + ["\x7f", "\x85", "\u202e", "\u2028", "\u2066"]


def hostile():
    made = record()
    images = made.images.assign(split=HOSTILE, label=HOSTILE)
    facts = dataclasses.replace(
        made.dataset, name=HOSTILE, splits={HOSTILE: 30}, classes=(HOSTILE,), ignored_examples=(HOSTILE,)
    )
    findings = tuple(
        dataclasses.replace(
            f, title=HOSTILE, summary=HOSTILE, scope=HOSTILE, classes=(HOSTILE,), splits=(HOSTILE,)
        )
        for f in made.findings
    )
    split = {**made.split, "counts": {HOSTILE: {HOSTILE: 3}}, "claims": []}
    return dataclasses.replace(made, images=images, dataset=facts, findings=findings, split=split)


@pytest.mark.parametrize("format", ["markdown", "data-card", "github", "junit", "badge"])
@pytest.mark.parametrize("split", [True, False])
def test_nothing_of_the_data_acts_on_a_terminal(format, split):
    made = hostile() if split else dataclasses.replace(hostile(), split=None)
    text = render(made, format)
    assert [hex(ord(c)) for c in ACTING if c in text] == []


@pytest.mark.parametrize("format", ["markdown", "data-card"])
@pytest.mark.parametrize("split", [True, False])
def test_nothing_of_the_data_is_markup(format, split):
    made = hostile() if split else dataclasses.replace(hostile(), split=None)
    body = re.sub("`[^`]*`", "", render(made, format).split("---\n")[-1])
    assert "<img" not in body and "](b)" not in body.replace("\\](b)", "")


def test_an_annotation_is_one_line_of_one_kind():
    lines = render(hostile(), "github").splitlines()
    assert lines and all(
        line.startswith(("::error title=", "::warning title=", "::notice title=")) for line in lines
    )
