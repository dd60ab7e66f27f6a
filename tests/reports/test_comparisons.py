"""Charts of estimates, against places worked out by hand."""

import pytest

from auditor.reports.charts.forest import LEFT, RIGHT, draw_forest
from auditor.reports.charts.growth import draw_growth
from auditor.reports.sections.comparisons import comparisons
from auditor.reports.sections.learning_curve import learning_curve
from auditor.reports.sections.pictures import Pictures
from auditor.reports.sections.policy_check import policy_check
from tests.reports.examples import record


def _estimate(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def test_a_forest_places_values_between_the_ends_of_all_intervals():
    chart = draw_forest(
        "t", [("a", _estimate(0.0, -0.1, 0.1), ""), ("b", _estimate(0.2, 0.1, 0.3), "pass")], difference=True
    )
    assert chart is not None
    width = RIGHT - LEFT
    first, second = chart.marks
    assert (first.low, first.x, first.high) == pytest.approx(
        (LEFT, LEFT + width / 4, LEFT + width / 2), abs=0.01
    )
    assert (second.low, second.x, second.high) == pytest.approx(
        (LEFT + width / 2, LEFT + 3 * width / 4, RIGHT), abs=0.01
    )
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


def test_a_doubling_is_as_wide_everywhere_on_a_learning_curve():
    points = [(n, _estimate(v, v - 0.1, v + 0.1)) for n, v in ((400, 0.8), (100, 0.6), (200, 0.7))]
    chart = draw_growth("t", {"cat": points}, target=0.9)
    assert chart is not None
    (line,) = chart.lines
    assert [p.x for p in line.points] == [52.0, 230.0, 408.0]
    assert line.points[0].y > line.points[1].y > line.points[2].y > chart.target  # a lower score stands lower
    assert line.points[0].high < line.points[0].y < line.points[0].low
    assert [(t.text, t.at) for t in chart.x_ticks] == [("100", 52.0), ("200", 230.0)]
    assert draw_growth("t", {"cat": points[:1]}) is None


def test_the_intervals_of_several_classes_do_not_cover_each_other():
    points = [(100, _estimate(0.6, 0.5, 0.7)), (200, _estimate(0.8, 0.7, 0.9))]
    chart = draw_growth("t", {"a": points, "b": points})
    assert chart is not None and all(p.low == p.y == p.high for line in chart.lines for p in line.points)
    assert "60.0 % (50.0 to 70.0) at 100" in chart.words and chart.target is None


def test_the_learning_curve_says_what_each_class_needs():
    shown = learning_curve(record().baseline["learning_curve"])
    assert shown is not None and shown.chart is not None
    assert [line.name for line in shown.chart.lines] == ["dog", "cat"]  # the lowest recall first
    assert [row[0] for row in shown.table.rows] == ["dog", "cat"]
    assert [row[-1] for row in shown.table.rows] == [
        "not enough to tell",
        "800 to 2,000 images (2 to 5 times the present 400)",
    ]
    assert "a matter of more images for 1" in shown.words and "unknown for 1" in shown.words
    assert learning_curve({}) is None


def test_many_classes_are_in_the_table_and_the_worst_are_drawn():
    rows = [
        {
            "label": f"c{i}",
            "images": [10, 20],
            "recall": [_estimate(i / 20, 0.0, 1.0)] * 2,
            "verdict": "plateau",
        }
        for i in range(10)
    ]
    shown = learning_curve({"target": 0.9, "seeds": 1, "classes": rows})
    assert shown is not None and shown.chart is not None
    assert [line.name for line in shown.chart.lines] == [f"c{i}" for i in range(6)] and len(
        shown.table.rows
    ) == 10


def test_differences_come_first_and_the_recommended_way_is_named():
    ways, remedies, tuning = comparisons(record().baseline)
    assert [c.title for c in ways.charts] == ["Change of rare-class recall", "Rare-class recall"]
    assert [m.level for m in ways.charts[1].marks] == ["", "pass"]
    assert "Recommended: class weights" in ways.words and "2 seeds" in ways.words
    assert remedies.charts[0].title == "Change" and "Recommended: as it is" in remedies.words
    assert tuning.table is not None and len(tuning.table.rows) == 3
    assert "learning rate (70 %), dropout (30 %)" in tuning.words
    drawn = tuning.parallel
    assert [(a.name, a.low, a.high) for a in drawn.axes][-1] == ("balanced accuracy", "60 %", "70 %")
    assert [line.best for line in drawn.lines] == [False, False, True]
    assert drawn.lines[-1].points.endswith(f"{drawn.axes[-1].x},34.0")


def test_one_seed_says_that_it_cannot_tell():
    (ways,) = comparisons(
        {"comparison": [{"way": "nothing", "seeds": 1, "recall": _estimate(0.5, -0.5, 1.5)}]}
    )
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
