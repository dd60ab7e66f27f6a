import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from auditor.stats.false_discovery import benjamini_hochberg


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_p_values_are_scipys(p):
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


def test_nothing_adjusted_is_nothing():
    assert benjamini_hochberg([]).shape == (0,)


def test_adjusting_never_lowers_a_p_value():
    p = np.random.default_rng(0).random(200)
    assert (benjamini_hochberg(p) >= p - 1e-15).all()
