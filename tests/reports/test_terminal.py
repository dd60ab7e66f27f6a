"""What a terminal is shown: one line per open finding, at most three commands, the verdict."""

import re
from dataclasses import replace

import pytest

from auditor.finding import Effect, Finding, Fix
from auditor.reports.compare import compare_records
from auditor.reports.terminal import comparison_table, conclusion, table
from tests.reports.examples import record


def test_there_is_one_line_for_each_open_finding_in_the_order_of_the_report():
    lines = conclusion(record())
    rows = lines[1 : lines.index("", 1)]
    assert [line.split()[0] for line in rows] == ["error", "warning", "undecided"]
    assert "Every validation image is also a training image (train-val)" in rows[0]
    assert "80 %" in rows[0] and rows[0].endswith("any")
    assert rows[1].endswith("above 10 : 1")


def test_at_most_three_commands_are_offered_each_once():
    findings = tuple(
        Finding(
            code=code,
            title=f"About {code}",
            summary="s",
            effect=Effect.counted("e", 1.0, warn_at=0.5),
            fix=Fix(text="t", command=f"auditor split {name}"),
        )
        for code, name in (
            ("dark", "a"),
            ("bright", "a"),
            ("blurry", "b"),
            ("odd-size", "c"),
            ("outlier", "d"),
        )
    )
    lines = conclusion(replace(record(), findings=findings))
    typed = [line.strip() for line in lines if line.startswith("  auditor")]
    assert typed == ["auditor split a", "auditor split b", "auditor split c"]


def test_leaks_come_before_more_severe_faults_of_quality():
    def made(code: str, value: float) -> Finding:
        return Finding(
            code=code, title=code, summary="s", effect=Effect.counted("e", value, warn_at=0.1, error_at=0.5)
        )

    lines = conclusion(replace(record(), findings=(made("dark", 0.9), made("split-leak", 0.2))))
    assert [line.split()[:2] for line in lines[1:3]] == [["warning", "split-leak"], ["error", "dark"]]
    assert "Not fit to train on yet: dark." in lines


def test_a_command_that_needs_a_review_says_so_before():
    fix = Fix(text="t", command="auditor scan d --decisions decisions.json")
    finding = Finding(code="x", title="T", summary="s", effect=Effect.counted("e", 1, warn_at=0), fix=fix)
    lines = conclusion(replace(record(), findings=(finding,)))
    at = lines.index("  auditor scan d --decisions decisions.json")
    assert lines[at - 1].startswith("  # First decide about the pictures")


def test_a_run_says_how_it_split_augmented_scored_and_what_it_diagnosed():
    text = "\n".join(conclusion(record()))
    assert re.search(r"^Split: train 30, val 15, test 15$", text, re.M)
    assert re.search(r"^Augmentation: [\d,]+ images? more: ", text, re.M)
    assert "Baseline: balanced accuracy 80.0 % (75.0 to 85.0) on test" in text
    assert "Diagnosis: overfitting. Validation loss rises by 0.02 after epoch 19." in text
    scanned = replace(record(), split=None, augmentation=None, baseline=None)
    assert not re.search(r"^(Split|Augmentation|Baseline|Diagnosis):", "\n".join(conclusion(scanned)), re.M)


def test_an_audit_that_found_nothing_is_the_verdict_alone():
    made = replace(record(), findings=(), split=None, augmentation=None, baseline=None)
    assert conclusion(made)[0] == "Nothing was checked."


def test_paragraphs_are_for_those_who_ask():
    summary = record().findings[0].summary
    assert summary not in "\n".join(conclusion(record()))
    assert summary in "\n".join(conclusion(record(), paragraphs=True))


def test_colours_are_for_terminals_and_names_never_act_on_one():
    hostile = replace(record().findings[0], title="\x1b[2Jgone")
    made = replace(record(), findings=(hostile,))
    assert "\x1b" not in "\n".join(conclusion(made, paragraphs=True))
    assert "\x1b[31m" in "\n".join(conclusion(made, colour=True))
    assert "\x1b[2J" not in "\n".join(conclusion(made, colour=True, paragraphs=True))


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_table_fits_the_terminal(width):
    rows = [("error", "word " * 40, "1 of 2", "3 %", "above 1 %")]
    assert (
        max(map(len, table(("severity", "finding", "images", "measured", "threshold"), rows, width=width)))
        <= width
    )


def test_columns_stand_in_line_for_wide_letters_too():
    lines = table(("a", "b", "c"), [("猫", "x", "1"), ("cat", "y", "2")])
    assert lines == ["a    b  c", "猫   x  1", "cat  y  2"]


def test_a_comparison_is_a_table():
    new = record()
    old = replace(new, findings=new.findings[1:])
    lines = comparison_table(compare_records(old, new))
    (head,) = [line for line in lines if line.startswith("outcome")]
    assert head.split() == ["outcome", "finding", "check", "before", "after"]
    row = lines[lines.index(head) + 1]
    assert row.startswith("new") and "split-leak:train-val" in row and "error, 80 %" in row
    assert not [line for line in lines if line.startswith(("|", "#", "**"))]
    assert "findings are unchanged" in lines[-1]
