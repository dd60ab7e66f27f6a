import numpy as np
import pytest
from scipy import stats

from auditor.checks.class_imbalance import ClassImbalance
from auditor.finding import Severity
from tests.checks.plants import counts
from tests.checks.splits import only, scan, table


def finding(counts, **options):
    return only(ClassImbalance()(scan(table(counts), **options)))


def test_eleven_to_one_is_a_warning():
    found = finding({"train": {"cat": 220, "dog": 20}, "test": {"cat": 5, "dog": 5}})
    assert found.severity is Severity.WARNING
    assert found.effect.value == 11
    assert found.classes == ("dog",)
    assert found.details["evenness"] == pytest.approx(stats.entropy([220, 20]) / np.log(2))
    assert found.details["lrid"] == pytest.approx(
        stats.power_divergence([220, 20], lambda_="log-likelihood").statistic
    )


def test_each_split_is_measured():
    found = finding({"train": {"cat": 100, "dog": 50}, "test": {"cat": 60, "dog": 10}})
    assert found.severity is Severity.PASS
    assert found.details["splits"]["test"]["imbalance_ratio"] == 6
    first = next(iter(found.details["splits"]["test"]["counts"].items()))
    series = sum(
        0.999**k for k in range(first[1])
    )  # the geometric series that (1 - beta^n) / (1 - beta) sums
    assert found.details["splits"]["test"]["effective_number"][first[0]] == pytest.approx(series)
    assert "The largest class has 6.0 times as many in test" in found.summary


def test_copies_do_not_count():
    found = scan(table({"": {"cat": 200, "dog": 200}}))
    found.unique = np.arange(400) < 210
    assert only(ClassImbalance()(found)).effect.value == 20


def test_over_a_hundred_to_one_is_an_error():
    assert finding({"": {"cat": 500, "dog": 4}}).severity is Severity.ERROR


def test_one_class_is_skipped():
    assert finding({"": {"cat": 5}}).severity is Severity.SKIPPED


PLANTS = {
    "class-imbalance": counts(lambda s: {"train": {"cat": 300, "dog": round(300 * 0.03**s)}}),
}
