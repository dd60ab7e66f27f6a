"""Charts of estimates, against places worked out by hand."""

import pytest

from auditor.reports.charts.forest import LEFT, RIGHT, draw_forest
from auditor.reports.charts.growth import draw_growth
from auditor.reports.sections.comparisons import comparisons
from auditor.reports.sections.pictures import Pictures
from auditor.reports.sections.policy_check import policy_check
from tests.reports.examples import record


def _estimate(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def test_a_forest_places_values_between_the_ends_of_all_intervals():
    chart = draw_forest("t", [("a", _estimate(0.0, -0.1, 0.1), ""), ("b", _estimate(0.2, 0.1, 0.3), "pass")], difference=True)
    assert chart is not None
    width = RIGHT - LEFT
    first, second = chart.marks
    assert (first.low, first.x, first.high) == pytest.approx((LEFT, LEFT + width / 4, LEFT + width / 2), abs=0.01)
    assert (second.low, second.x, second.high) == pytest.approx((LEFT + width / 2, LEFT + 3 * width / 4, RIGHT), abs=0.01)
    assert chart.zero == pytest.approx(LEFT + width / 4, abs=0.01)
    assert chart.unit == "percent points" and second.text == "+20.0 (+10.0 to +30.0)"
    assert [t.text for t in chart.ticks] == ["-10", "0", "10", "20", "30"]


def test_scores_that_are_no_differences_have_no_zero_line():
    chart = draw_forest("t", [("a", _estimate(0.8, 0.7, 0.9), "")])
    assert chart is not None and chart.zero is None and chart.unit == "percent"


def test_one_seed_has_no_interval():
    chart = draw_forest("t", [("a", _estimate(0.6, -0.4, 1.6), ""), ("b", _estimate(0.5, 0.4, 0.6), "")])
    assert chart is not None
    assert [m.text for m in chart.marks] == ["60.0 (no interval)", "50.0 (40.0 to 60.0)"]
    assert (chart.marks[0].low, chart.marks[0].high) == (LEFT, RIGHT)


def test_what_is_not_a_number_is_not_drawn():
    assert draw_forest("t", [("a", _estimate(float("nan"), 0.0, 1.0), "")]) is None


def test_a_forest_ends():
    chart = draw_forest("t", [(str(i), _estimate(0.5, 0.4, 0.6), "") for i in range(100)])
    assert chart is not None and len(chart.marks) + chart.left_out == 100 and chart.left_out > 0


def test_a_learning_curve_starts_its_axis_at_no_images():
    chart = draw_growth("t", "images", {"val": [(200.0, _estimate(0.8, 0.7, 0.9)), (100.0, _estimate(0.6, 0.5, 0.7))]})
    assert chart is not None
    (line,) = chart.lines
    assert [p.x for p in line.points] == [230.0, 408.0]  # the middle and the end of 52 to 408
    assert line.points[0].y > line.points[1].y  # a lower score stands lower
    assert draw_growth("t", "images", {"val": [(100.0, _estimate(0.6, 0.5, 0.7))]}) is None


def test_differences_come_first_and_the_recommended_way_is_named():
    ways, remedies, curve, tuning = comparisons(record().baseline)
    assert [c.title for c in ways.charts] == ["Change of rare-class recall", "Rare-class recall"]
    assert [m.level for m in ways.charts[1].marks] == ["", "pass"]
    assert "Recommended: class weights" in ways.words and "2 seeds" in ways.words
    assert remedies.charts[0].title == "Change" and "Recommended: as it is" in remedies.words
    assert curve.curve is not None and "Another doubling" in curve.words
    assert tuning.table is not None and len(tuning.table.rows) == 3
    assert "learning rate (70 %), dropout (30 %)" in tuning.words
    drawn = tuning.parallel
    assert [(a.name, a.low, a.high) for a in drawn.axes][-1] == ("balanced accuracy", "60 %", "70 %")
    assert [line.best for line in drawn.lines] == [False, False, True]
    assert drawn.lines[-1].points.endswith(f"{drawn.axes[-1].x},34.0")


def test_one_seed_says_that_it_cannot_tell():
    (ways,) = comparisons({"comparison": [{"way": "nothing", "seeds": 1, "recall": _estimate(0.5, -0.5, 1.5)}]})
    assert "One seed cannot tell a difference from chance." in ways.words


def test_a_policy_check_names_its_conflicts_and_grades_by_its_verdicts():
    made = record()
    view = policy_check(made.augmentation["checks"], Pictures(made))
    assert view is not None
    assert [(m.whole, m.level) for m in view.chart.marks] == [("rotate, degrees 90", "undecided")]
    (conflict,) = view.conflicts
    assert (conflict.label, conflict.becomes, conflict.moved) == ("RBC", "WBC", "80.0 % (75.0 to 85.0)")
    assert conflict.example.path == made.images["path"][0]
    assert view.classes == ("RBC", "WBC")
    ((_, cells),) = view.rows
    assert [(c.level, c.text) for c in cells] == [("error", "80 % → WBC"), ("pass", "5 %")]
    assert policy_check([], Pictures(made)) is None
