import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from auditor.splitting.units import count_table, undivided_units

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
    unit = undivided_units(pd.Series([g for g, _ in rows]), pd.Series([c for _, c in rows]))
    expected = by_flooding(rows)
    assert [[a == b for b in unit] for a in unit] == [[a == b for b in expected] for a in expected]
    assert sorted(set(unit.tolist())) == list(range(unit.max() + 1))


def test_counts_are_images_of_each_class_in_each_unit():
    counts = count_table(np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 0, 1]))
    assert counts.toarray().tolist() == [[1, 1], [0, 1], [2, 1]]
