import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import UsageError
from auditor.splitting.ratios import default_ratios, parse_ratios


@pytest.mark.parametrize(
    ("written", "shares"),
    [
        ("60/20/20", (0.6, 0.2, 0.2)),
        ("70/20/10", (0.7, 0.2, 0.1)),
        ("98/1/1", (0.98, 0.01, 0.01)),
        ("0.6/0.2/0.2", (0.6, 0.2, 0.2)),
        (" 60% / 20% / 20% ", (0.6, 0.2, 0.2)),
        ((60, 20, 20), (0.6, 0.2, 0.2)),
        ([0.5, 0.25, 0.25], (0.5, 0.25, 0.25)),
    ],
)
def test_three_shares_are_read(written, shares):
    assert parse_ratios(written) == pytest.approx(shares, abs=1e-12)


def test_thirds_written_with_one_decimal_are_read():
    assert parse_ratios("33.3/33.3/33.3") == pytest.approx((1 / 3,) * 3)


@pytest.mark.parametrize(
    "wrong",
    [
        "60/20/30",
        "60/20",
        "60/20/10/10",
        "60/40/0",
        "-20/60/60",
        "nan/20/20",
        "a/b/c",
        "",
        "inf/1/1",
        (60, 20, "x"),
        (None, 1, 2),
    ],
)
def test_what_does_not_add_up_is_refused_in_one_line(wrong):
    with pytest.raises(UsageError) as refused:
        parse_ratios(wrong)
    assert "add up to 100" in str(refused.value) and "\n" not in str(refused.value)


@given(st.tuples(*[st.integers(1, 10_000)] * 3))
def test_shares_always_sum_to_one(numbers):
    total = sum(numbers)
    assert math.fsum(parse_ratios([n / total for n in numbers])) == pytest.approx(1, abs=1e-11)


@pytest.mark.parametrize(
    ("images", "train"), [(1, 0.6), (99_999, 0.6), (100_000, 0.7), (999_999, 0.7), (1_000_000, 0.98)]
)
def test_the_default_depends_on_the_size_and_says_why(images, train):
    ratios, reason = default_ratios(images)
    assert ratios[0] == train and f"{images:,}" in reason and "by default" in reason
