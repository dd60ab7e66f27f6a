import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from auditor.grouping import find_leaking, number_units, number_units_of, share_a_key

KEYS = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c", "d"]), st.sampled_from(["", "x", "y", "z"])),
    min_size=1,
    max_size=12,
)


def by_flooding(rows):
    """The same by brute force: spread each number over whatever shares a key until nothing changes."""
    number = list(range(len(rows)))
    changed = True
    while changed:
        changed = False
        for i, first in enumerate(rows):
            for j, second in enumerate(rows):
                if any(a and a == b for a, b in zip(first, second, strict=True)) and number[j] < number[i]:
                    number[i], changed = number[j], True
    return number


@given(KEYS)
def test_units_are_what_hangs_together(rows):
    unit = number_units(pd.Series([g for g, _ in rows]), pd.Series([c for _, c in rows]))
    expected = by_flooding(rows)
    assert [[a == b for b in unit] for a in unit] == [[a == b for b in expected] for a in expected]
    assert sorted(set(unit.tolist())) == list(range(unit.max() + 1))


def test_whole_numbers_join_as_texts_do():
    assert number_units([7, 7, 0, 3], ["", "x", "x", ""]).tolist() == [0, 0, 0, 1]


def test_a_table_without_groups_has_a_unit_for_each_image():
    assert number_units_of(pd.DataFrame({"path": ["a", "b"]})).tolist() == [0, 1]


@given(KEYS, st.data())
def test_a_training_image_leaks_where_a_held_out_image_has_its_group_or_its_copy(rows, data):
    parts = st.lists(
        st.sampled_from(["train", "val", "test", "", "other"]), min_size=len(rows), max_size=len(rows)
    )
    split = data.draw(parts)
    table = pd.DataFrame(rows, columns=["group", "cluster"]).assign(split=split)
    expected = [
        part == "train"
        and any(
            other in ("val", "test") and any(a and a == b for a, b in zip(row, held_out, strict=True))
            for other, held_out in zip(split, rows, strict=True)
        )
        for part, row in zip(split, rows, strict=True)
    ]
    assert find_leaking(table).tolist() == expected


def test_only_the_named_keys_count():
    rows = pd.DataFrame({"path": ["a", "b"], "group": ["p", "q"], "cluster": ["", "b"]})
    others = pd.DataFrame({"path": ["c"], "group": ["p"], "cluster": ["b"]})
    assert share_a_key(rows, others, ("cluster",)).tolist() == [False, True]
    assert share_a_key(rows, others, ("path",)).tolist() == [False, False]
