from itertools import product

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.splitting import plan_split
from auditor.splitting.certificate import divided
from auditor.splitting.repair import repair_split
from tests.splitting.tables import dataset_of, scan_table

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["train", "train", "val", "test"]),
        st.sampled_from(["", "p", "q", "r"]),
        st.sampled_from(["", "x", "y", "z"]),
    ),
    min_size=2,
    max_size=7,
)


def table_of(rows):
    splits, groups, clusters = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "path": [str(i) for i in range(len(rows))],
            "label": "a",
            "split": splits,
            "group": groups,
            "cluster": clusters,
        }
    )


def leaks(table):
    return sum(len(divided(table, key)) for key in ("group", "cluster"))


def fewest_changes(rows):
    """Brute force: the fewest rows of train and val to move between them or to drop, so that nothing
    leaks.
    """
    before = [split for split, _, _ in rows]
    options = [("test",) if split == "test" else ("train", "val", "") for split in before]
    together = [
        [i for i, row in enumerate(rows) if row[k] == value]
        for k in (1, 2)
        for value in {row[k] for row in rows} - {""}
    ]
    return min(
        sum(a != b for a, b in zip(choice, before, strict=True))
        for choice in product(*options)
        if all(len({choice[i] for i in same} - {""}) < 2 for same in together)
    )


@settings(deadline=None, max_examples=20)
@given(ROWS)
def test_the_repair_is_the_smallest_there_is_and_keeps_test(rows):
    table = table_of(rows)
    repaired = repair_split(table)
    after = table.assign(split=repaired.split)
    assert not leaks(after)
    assert (after["split"] == "test").tolist() == (table["split"] == "test").tolist()
    assert repaired.moved + repaired.dropped == fewest_changes(rows)


@settings(deadline=None, max_examples=10)
@given(ROWS)
def test_the_trade_off_counts_what_it_says(rows):
    table = table_of(rows)
    choices = {c["name"]: c for c in repair_split(table).trade_off}
    published = choices["as published"]
    assert published["moves"] == published["drops"] == 0
    assert published["leaks_left"] == sum(divided(table, key)[key].nunique() for key in ("group", "cluster"))
    for name, choice in choices.items():
        assert choice["leaks_left"] == 0 or name in ("as published", "test kept, duplicate sets only")
    assert choices["test kept"]["test_changes"] == 0
    assert [c["name"] for c in choices.values() if c["chosen"]] == ["test kept"]
    assert choices["test grows, nothing dropped that touches it"]["test_changes"] <= len(table)


def test_a_copy_is_dropped_and_a_patient_is_moved():
    table = table_of(
        [
            ("train", "", "x"),
            ("val", "", "x"),
            ("train", "p", ""),
            ("val", "p", ""),
            ("val", "p", ""),
            ("train", "", ""),
        ]
    )
    repaired = repair_split(table)
    assert repaired.split.tolist() == ["", "val", "val", "val", "val", "train"]
    assert (repaired.moved, repaired.dropped) == (1, 1)


def test_a_plan_repairs_and_then_holds():
    rng = np.random.default_rng(0)
    n = 300
    table = scan_table(
        rng.choice(list("ab"), n).tolist(),
        split=rng.choice(["train", "val", "test"], n, p=[0.8, 0.1, 0.1]).tolist(),
        group=[f"p{i}" for i in rng.integers(0, 250, n)],
        cluster=["x" if i < 3 else "" for i in range(n)],
    )
    done = plan_split(dataset_of(table), table, repair=True)
    assert done.facts["origin"] == "repaired"
    assert all(claim["holds"] for claim in done.facts["claims"])
    changed = done.changes
    assert (
        "Repaired:" in done.facts["notes"][0] and sum("Instead," in note for note in done.facts["notes"]) == 4
    )
    (chosen,) = [c for c in done.facts["trade_off"] if c["chosen"]]
    assert len(changed) == chosen["moves"] + chosen["drops"] > 0
    assert "test" not in set(changed["was"]) | set(changed["split"])
    assert len(done.usable) == n - chosen["drops"]
