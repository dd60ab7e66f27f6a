import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from auditor.splitting.certificate import (
    class_deviation,
    count_parts,
    divided,
    parts_of,
    rows_digest,
    stated_ratios,
)

TABLE = pd.DataFrame(
    {
        "path": list("abcdef"),
        "label": ["x", "x", "y", "x", "y", "x"],
        "split": ["train", "val", "train", "train", "", "test"],
        "group": ["p", "p", "", "q", "q", "q"],
        "cluster": "",
    }
)


def test_counts_and_shares_are_of_the_images_in_a_part():
    assert parts_of(TABLE) == ("train", "val", "test")
    assert count_parts(TABLE) == {
        "train": {"x": 2, "y": 1},
        "val": {"x": 1, "y": 0},
        "test": {"x": 1, "y": 0},
    }
    assert stated_ratios(TABLE) == {"train": 0.6, "val": 0.2, "test": 0.2}


def test_the_largest_deviation_names_its_class_and_part():
    counts = {"train": {"x": 5, "y": 8}, "test": {"x": 5, "y": 2}}
    assert class_deviation(counts, {"train": 0.8, "test": 0.2}) == (0.3, "x", "train")


def test_groups_in_two_parts_are_found_and_images_in_no_part_do_not_count():
    assert divided(TABLE, "group")["path"].tolist() == ["a", "b", "d", "f"]
    assert divided(TABLE, "cluster").empty


@given(
    st.permutations(range(6)),
    st.integers(0, 5),
    st.sampled_from(["path", "label", "split", "group", "cluster"]),
)
def test_the_digest_sees_every_cell_but_not_the_order(order, row, column):
    assert rows_digest(TABLE.iloc[order]) == rows_digest(TABLE)
    edited = TABLE.copy()
    edited.loc[row, column] += "!"
    assert rows_digest(edited) != rows_digest(TABLE)
