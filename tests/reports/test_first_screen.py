"""The first screen: the verdict's sentence for each grade, what to do first, and samples."""

from dataclasses import replace

import pandas as pd
import pytest

from auditor.finding import Effect, Finding, Fix, Severity, Waiver
from auditor.record import Record
from auditor.reports.html import render_html
from auditor.reports.sections.fixes import by_hand, find_command
from auditor.reports.sections.overview import overview
from tests.reports.examples import record

ALARM = Effect.counted("e", 1.0, warn_at=0.5)
OPEN = Effect(name="e", value=0.4, low=0.0, high=1.0, warn_at=0.5)
FINE = Effect.counted("e", 0.0, warn_at=0.5)


def _finding(
    effect: Effect, code: str = "dark", title: str = "Some pictures are dark", **more: object
) -> Finding:
    return Finding(code=code, title=title, summary="s", effect=effect, **more)  # type: ignore[arg-type]


def _record(*findings: Finding) -> Record:
    return replace(record(), findings=findings)


def test_open_questions_alone_are_no_fault():
    made = overview(
        _record(_finding(OPEN), _finding(OPEN, "blurry", "Maybe blurred"), _finding(FINE, "bright"))
    )
    assert made.level == "undecided"
    assert made.headline == (
        "Nothing is shown to be wrong, but not everything could be decided: "
        "some pictures are dark, and 1 more question."
    )


@pytest.mark.parametrize("effect", [ALARM, OPEN, FINE])
@pytest.mark.parametrize("classes", [(), ("cat",)])
def test_data_that_no_classifier_can_be_trained_on_is_never_called_fit(effect, classes):
    made = _record(_finding(effect))
    facts = replace(made.dataset, classes=classes)
    headline = overview(replace(made, dataset=facts)).headline
    assert headline.startswith("No classifier can be trained on this")
    assert "fit to train on" not in headline.lower()


def test_what_passes_is_fit_and_says_how_to_go_on():
    made = overview(_record(_finding(FINE), _finding(FINE, "blurry")))
    assert (made.level, made.headline) == ("pass", "Fit to train on: 2 checks passed, none failed.")
    assert made.steps == () and "beat" in made.otherwise
    assert "auditor run" in overview(replace(_record(_finding(FINE)), baseline=None)).otherwise


def test_waived_faults_are_not_hidden_by_the_verdict():
    waived = replace(_finding(ALARM), waiver=Waiver(reason="r", owner="o", expires="2999-01-01"))
    assert overview(_record(waived, _finding(FINE, "blurry"))).headline == (
        "Fit to train on, as agreed: 1 check passed, 1 finding is waived."
    )


@pytest.mark.parametrize(
    ("fix", "effect", "evidence", "command", "words"),
    [
        (Fix(text="t", command="auditor split d"), ALARM, None, "auditor split d", ""),
        (
            Fix(text="t", command="auditor split TABLE --group COLUMN"),
            ALARM,
            None,
            "",
            "words for COLUMN and TABLE: auditor split TABLE",
        ),
        (
            Fix(text="t", command="auditor apply decisions.csv d"),
            ALARM,
            None,
            "auditor apply decisions.csv d",
            "First decide",
        ),
        (Fix(text="t"), ALARM, None, "", "No command does this."),
        (Fix(text="t"), ALARM, pd.DataFrame({"path": ["a"]}), "", "save decisions.json"),
        (Fix(text="t"), OPEN, None, "", "Only more data"),
        (None, ALARM, None, "", ""),
    ],
)
def test_a_step_has_a_command_or_says_that_it_is_for_a_person(fix, effect, evidence, command, words):
    finding = _finding(effect, fix=fix, examples=evidence)
    assert find_command(finding) == command
    assert words in by_hand(finding) and bool(words) == bool(by_hand(finding))
    assert finding.severity in (Severity.WARNING, Severity.UNDECIDED)
    steps = overview(_record(finding)).steps
    asks = fix and (command or finding.severity is Severity.WARNING)
    assert [(s.command, s.by_hand) for s in steps] == ([(command, by_hand(finding))] if asks else [])


def test_what_single_pictures_cannot_mend_asks_for_no_decision_on_them():
    finding = _finding(ALARM, "group-leak", fix=Fix(text="t"), examples=pd.DataFrame({"path": ["a"]}))
    assert by_hand(finding) == ""


def test_placeholders_are_never_offered_for_copying():
    text = render_html(
        _record(_finding(ALARM, fix=Fix(text="t", command="auditor split TABLE --group COLUMN")))
    )
    assert "auditor split TABLE --group COLUMN" in text
    assert 'data-copy="auditor split TABLE' not in text


def test_a_sample_says_so_on_the_first_screen_and_in_the_methods():
    made = record()
    facts = replace(made.dataset, images=1000, unmeasured=900, unreadable=0, unique=90)
    text = render_html(replace(made, dataset=facts)).replace("\u00a0", " ")
    words = "The time budget let 100 of 1,000 images be read (10 %)"
    assert text.count(words) == 2
    assert text.index(words) < text.index('id="findings"') and text.rindex(words) > text.index('id="methods"')
    assert "unique; 10 images repeat another" in text
    assert "Every image was read and decoded once" not in text
    assert words not in render_html(made)
