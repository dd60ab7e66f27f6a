import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import DataError, UsageError
from auditor.splitting import plan_split
from auditor.splitting.time_order import cut_by_time, read_moments
from tests.splitting.tables import dataset_of, scan_table

RATIOS = {"train": 0.6, "val": 0.2, "test": 0.2}


def test_parts_follow_one_another_in_time():
    when = np.random.default_rng(0).permutation(100).astype(float)
    part = cut_by_time(when, np.arange(100), RATIOS, "date")
    assert when[part == "train"].max() == 59 and when[part == "val"].min() == 60
    assert when[part == "val"].max() == 79 and when[part == "test"].min() == 80


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=3, max_size=40))
def test_no_unit_is_divided_and_none_ends_before_the_part_before_it(rows):
    when, unit = np.array([w for w, _ in rows], dtype=float), pd.factorize(np.array([u for _, u in rows]))[0]
    ends = {u: when[unit == u].max() for u in set(unit.tolist())}
    if len(set(ends.values())) < 3:
        with pytest.raises(DataError, match="different values"):
            cut_by_time(when, unit, RATIOS, "date")
        return
    part = cut_by_time(when, unit, RATIOS, "date")
    assert set(part) == set(RATIOS)
    assert all(len(set(part[unit == u])) == 1 for u in ends)
    for before, after in (("train", "val"), ("val", "test")):
        assert when[part == before].max() < min(ends[u] for u in set(unit[part == after].tolist()))


def test_dates_numbers_and_time_zones_are_read():
    table = pd.DataFrame(
        {"n": ["10", "9", "2.5"], "d": ["2024-03-01", "2023-12-31T23:59:59", "2024-03-01T00:00:00+02:00"]}
    )
    assert read_moments(table, "n").tolist() == [10.0, 9.0, 2.5]
    assert np.argsort(read_moments(table, "d")).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["2024-01-01", "", "x"], "1 of 3 rows"),
        (["2024-01-01", "soon", "2024-01-02"], "'soon'"),
        (["1", "2", "today"], "'1'|'today'"),
    ],
)
def test_an_order_that_cannot_be_read_is_refused(values, words):
    with pytest.raises(DataError, match=words):
        read_moments(pd.DataFrame({"date": values}), "date")
    with pytest.raises(UsageError, match="'day'"):
        read_moments(pd.DataFrame({"date": values}), "day")


def test_a_plan_in_time_order_claims_so_and_counts_the_stragglers():
    dates = [f"2024-01-{1 + i // 2:02}" for i in range(60)]
    table = scan_table(
        ["a", "b"] * 30, date=dates, group=["long" if i in (2, 59) else f"g{i}" for i in range(60)]
    )
    done = plan_split(dataset_of(table), table, by="date")
    claim = next(c for c in done.facts["claims"] if c["name"] == "time-order")
    assert claim["holds"] and "before theirs: 1 in all" in claim["detail"]
    assert done.table["split"][2] == done.table["split"][59] == "test"
    assert done.facts["by"] == "date"
    blocks = plan_split(dataset_of(table), table, by="date", folds=3)
    assert blocks.table["fold"][0] == "0" and blocks.table["fold"][59] == "2"
