"""What the report says about all distances between the parts of a split."""

from auditor.finding import Effect, Finding
from auditor.reports.sections.splits import say_agreement


def found(code, low, high):
    effect = Effect(name="d", value=(low + high) / 2, low=low, high=high, warn_at=0.05, accept_at=0.15)
    return Finding(code=code, title="t", summary="s", effect=effect)


def test_parts_agree_to_within_the_largest_upper_end():
    passed = (found("label-shift", 0, 0.03), found("property-shift", 0, 0.0712))
    assert say_agreement(passed) == "The parts agree to within 0.08 (95 %)."


def test_what_is_undecided_is_named_once_by_check():
    findings = (found("content-shift", 0, 0.2), found("content-shift", 0, 0.3), found("label-shift", 0, 0.1))
    assert say_agreement(findings).endswith("Too few images to say more by content-shift.")


def test_nothing_is_said_beside_a_proven_shift_or_without_a_distance():
    assert say_agreement((found("label-shift", 0, 0.1), found("content-shift", 0.1, 0.2))) == ""
    assert say_agreement((Finding(code="a", title="t", summary="s"),)) == ""
