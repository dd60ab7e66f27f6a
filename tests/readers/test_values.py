"""Cells as text: the same in every reader."""

import pandas as pd
import pytest

from auditor.readers.values import is_placeholder, texts_of


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ([0, 1, None, 2], ["0", "1", "", "2"]),
        (pd.Series([0, 1, None]), ["0", "1", ""]),
        (pd.Series([7, None], dtype="Int64"), ["7", ""]),
        (["7", "7.0", "8.00", ""], ["7", "7", "8", ""]),
        (["-1.0", "1.0", "nan"], ["-1", "1", "nan"]),
        (["7.0", "7.5"], ["7.0", "7.5"]),
        (["007", "7.0"], ["007", "7"]),
        (["v1.0", "7.0"], ["v1.0", "7.0"]),
        ([" P1", "P1 ", "P1\u00a0"], ["P1", "P1", "P1"]),
    ],
)
def test_whole_numbers_stay_whole_and_blanks_go(cells, texts):
    assert texts_of(cells) == texts


@pytest.mark.parametrize("text", ["nan", "NaN", "unknown", "None", "?", "-", " N/A ", "null"])
def test_placeholders(text):
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["Nancy", "0", "no", "none of these", "--a"])
def test_names_are_no_placeholders(text):
    assert not is_placeholder(text)
