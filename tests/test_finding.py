"""Grading: the one place where severities are decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.finding import Effect, Finding, Severity, Waiver, grade, rounded, verdict

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(rounded)


def counted(value, **thresholds):
    return Effect.counted("quantity", value, **thresholds)


def finding(effect, waiver=None):
    return Finding(code="a-check", title="t", summary="s", effect=effect, waiver=waiver)


@pytest.mark.parametrize(
    ("value", "severity"),
    [(0, "pass"), (10, "pass"), (10.001, "warning"), (100, "warning"), (100.01, "error")],
)
def test_a_counted_fact_is_over_a_threshold_or_not(value, severity):
    assert grade(counted(value, warn_at=10, error_at=100)) == severity


@pytest.mark.parametrize(
    ("value", "severity"), [(0.9, "pass"), (0.5, "pass"), (0.49, "warning"), (0.1, "error")]
)
def test_lower_may_be_worse(value, severity):
    assert grade(counted(value, warn_at=0.5, error_at=0.2, worse="lower")) == severity


@pytest.mark.parametrize(
    ("low", "high", "severity"),
    [
        (0.0, 0.04, "pass"),
        (0.0, 0.06, "undecided"),
        (0.06, 0.14, "warning"),
        (0.06, 0.30, "warning"),  # surely over the first threshold, perhaps over the second
        (0.16, 0.30, "error"),
        (0.0, 1.0, "undecided"),
    ],
)
def test_an_interval_that_straddles_the_first_threshold_is_undecided(low, high, severity):
    assert (
        grade(Effect(name="d", value=(low + high) / 2, low=low, high=high, warn_at=0.05, error_at=0.15))
        == severity
    )


@pytest.mark.parametrize(
    ("low", "high", "severity"),
    [
        (0.0, 0.04, "pass"),
        (0.0, 0.15, "pass"),  # what may remain unproven
        (0.05, 0.15, "pass"),
        (0.0, 0.16, "undecided"),
        (0.06, 0.10, "warning"),  # proven, though below the margin
        (0.06, 0.30, "warning"),
        (0.21, 0.30, "error"),
    ],
)
def test_a_margin_lets_pass_what_is_unproven_and_below_it(low, high, severity):
    thresholds = {"warn_at": 0.05, "error_at": 0.2, "accept_at": 0.15}
    assert grade(Effect(name="d", value=(low + high) / 2, low=low, high=high, **thresholds)) == severity
    mirrored = {name: -limit for name, limit in thresholds.items()}
    effect = Effect(name="d", value=-(low + high) / 2, low=-high, high=-low, worse="lower", **mirrored)
    assert grade(effect) == severity


def test_a_margin_below_the_threshold_makes_nothing_stricter():
    assert grade(Effect(name="d", value=0.02, low=0.0, high=0.04, warn_at=0.05, accept_at=0.01)) == "pass"


def test_a_threshold_of_zero_means_any():
    assert grade(counted(0, error_at=0)) == Severity.PASS
    assert grade(counted(1, error_at=0)) == Severity.ERROR


def test_without_thresholds_it_is_information_and_without_an_effect_it_was_skipped():
    assert grade(counted(3)) == Severity.INFO
    assert grade(None) == Severity.SKIPPED


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), NUMBERS, NUMBERS)
def test_lower_is_worse_mirrors_higher_is_worse(interval, warn, error):
    low, value, high = interval
    up = Effect(
        name="q", value=value, low=low, high=high, warn_at=min(warn, error), error_at=max(warn, error)
    )
    down = Effect(
        name="q",
        value=-value,
        low=-high,
        high=-low,
        warn_at=-min(warn, error),
        error_at=-max(warn, error),
        worse="lower",
    )
    assert grade(up) == grade(down)


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), NUMBERS, NUMBERS)
def test_a_narrower_interval_inside_never_turns_a_decision_round(interval, warn, error):
    low, value, high = interval
    thresholds = {"warn_at": min(warn, error), "error_at": max(warn, error)}
    wide = grade(Effect(name="q", value=value, low=low, high=high, **thresholds))
    sharp = grade(Effect(name="q", value=value, low=value, high=value, **thresholds))
    if wide == Severity.PASS:
        assert sharp == Severity.PASS
    if wide == Severity.ERROR:
        assert sharp == Severity.ERROR
    if wide == Severity.WARNING:
        assert sharp in (Severity.WARNING, Severity.ERROR)


def test_an_interval_that_does_not_hold_its_value_is_refused():
    with pytest.raises(ValueError, match="low <= value <= high"):
        Effect(name="q", value=2, low=0, high=1)


def test_graded_numbers_have_six_significant_digits():
    assert counted(0.12345678).value == 0.123457
    assert grade(counted(10.0000001, warn_at=10)) == Severity.PASS


def test_the_id_is_code_and_scope():
    assert finding(None).id == "a-check"
    assert (
        Finding(code="label-shift", scope="train-test", title="", summary="").id == "label-shift:train-test"
    )


def test_the_verdict_is_the_worst_that_is_not_waived_and_information_decides_nothing():
    bad, fine, info = finding(counted(5, error_at=1)), finding(counted(0, error_at=1)), finding(counted(5))
    waived = finding(counted(5, error_at=1), Waiver(reason="known", owner="me", expires="2999-01-01"))
    assert verdict([fine, bad, info]) == Severity.ERROR
    assert verdict([fine, waived, info]) == Severity.PASS
    assert verdict([info, finding(None)]) == Severity.PASS
    assert verdict([]) == Severity.PASS
