from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import DataError, UsageError
from auditor.splitting import plan_split
from tests.splitting.tables import dataset_of, scan_table

ROWS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(["g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8"]),
        st.sampled_from(["", "", "", "x", "y", "z"]),
    ),
    min_size=8,
    max_size=60,
).filter(lambda rows: len({label for label, _, _ in rows}) > 1)


def plan(table, **options):
    return plan_split(dataset_of(table), table, **options)


def counts_of(planned, column="split"):
    return pd.crosstab(planned.table["label"], planned.table[column])


def failing(planned):
    return [claim["name"] for claim in planned.facts["claims"] if not claim["holds"]]


@settings(deadline=None, max_examples=20)
@given(ROWS, st.booleans(), st.integers(0, 3), st.sampled_from(["60/20/20", "34/33/33", "98/1/1", None]))
def test_nothing_is_lost_and_nothing_is_divided(rows, grouped, seed, ratios):
    labels, groups, clusters = zip(*rows, strict=True)
    table = scan_table(labels, group=groups if grouped else None, cluster=clusters)
    done = plan(table, ratios=ratios, seed=seed)
    assert done.table["path"].tolist() == table["path"].tolist()
    assert set(done.table["split"]) <= {"train", "val", "test"}
    for key in ("group", "cluster"):
        parts = done.table[done.table[key] != ""].groupby(key)["split"].nunique()
        assert (parts == 1).all()
    assert not {"groups", "duplicates", "images"} & set(failing(done))
    assert len(done.usable) == len(table)


@settings(deadline=None, max_examples=12)
@given(
    ROWS,
    st.randoms(use_true_random=False),
    st.sampled_from([{}, {"folds": 2}, {"existing": "replace", "stratify": ["site"]}]),
)
def test_the_order_of_the_rows_does_not_matter(rows, random, options):
    labels, groups, clusters = zip(*rows, strict=True)
    if min(Counter(labels).values()) < 2:
        options = {}
    table = scan_table(labels, group=groups, cluster=clusters, site=[f"s{i % 3}" for i in range(len(rows))])
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = table.iloc[order].reset_index(drop=True)
    straight, mixed = plan(table, **options), plan(shuffled, **options)
    assert straight.table.equals(mixed.table)
    assert straight.facts == mixed.facts


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.integers(1, 60), min_size=2, max_size=6),
    st.sampled_from([(60, 20, 20), (70, 20, 10), (98, 1, 1), (34, 33, 33)]),
    st.integers(0, 9),
)
def test_without_groups_every_class_is_within_one_of_ideal(sizes, ratios, seed):
    labels = [f"c{k}" for k, n in enumerate(sizes) for _ in range(n)]
    done = plan(scan_table(labels), ratios=ratios, seed=seed)
    for k, n in enumerate(sizes):
        for part, ratio in zip(("train", "val", "test"), ratios, strict=True):
            held = ((done.table["label"] == f"c{k}") & (done.table["split"] == part)).sum()
            assert abs(held - n * ratio / 100) < 1
    for part, ratio in zip(("train", "val", "test"), ratios, strict=True):
        assert abs((done.table["split"] == part).sum() - len(labels) * ratio / 100) < 1


def test_the_seed_decides_and_the_same_seed_gives_the_same():
    table = scan_table(["a", "b"] * 50, group=[f"g{i // 4}" for i in range(100)])
    assert plan(table, seed=1).table.equals(plan(table, seed=1).table)
    splits = {tuple(plan(table, seed=s).table["split"]) for s in range(5)}
    assert len(splits) == 5


def test_stratified_columns_are_in_proportion_within_the_classes():
    rng = np.random.default_rng(0)
    labels, sites = (
        rng.choice(list("ab"), 400),
        rng.choice(["north", "south", "east"], 400, p=[0.7, 0.2, 0.1]),
    )
    done = plan(scan_table(labels.tolist(), site=sites), stratify=["site"])
    for label in "ab":
        for site in ("north", "south", "east"):
            inside = (labels == label) & (sites == site)
            for part, ratio in zip(("train", "val", "test"), (0.6, 0.2, 0.2), strict=True):
                assert abs((done.table["split"][inside] == part).sum() - ratio * inside.sum()) < 1
    assert done.facts["stratify"] == ["site"]
    assert "stratify" in {c["name"] for c in done.facts["claims"]}


def test_a_published_split_is_kept_with_its_leaks_and_training_leaves_them_out():
    table = scan_table(
        list("ababababab"),
        split=["train"] * 6 + ["val"] * 2 + ["test"] * 2,
        cluster=["x", "", "", "", "", "", "x", "", "", ""],
        group=["", "p", "", "", "", "", "", "", "", "p"],
    )
    done = plan(table)
    assert done.table["split"].tolist() == table["split"].tolist()
    assert done.facts["origin"] == "kept"
    assert failing(done) == ["groups", "duplicates"]
    assert done.facts["left_out"] == 2
    assert "leaves out 2 training images" in done.facts["notes"][0]
    assert done.usable["path"].tolist() == table["path"].drop([0, 1]).tolist()
    assert done.facts["ratios"] == {"train": 0.6, "val": 0.2, "test": 0.2}


@pytest.mark.parametrize("missing", [("val",), ("test",), ("val", "test")])
def test_what_a_split_lacks_is_cut_out_of_train_by_groups(missing):
    n = 200
    published = [
        "train" if i < 160 else next((p for p in ("val", "test") if p not in missing), "train")
        for i in range(n)
    ]
    table = scan_table(["a", "b"] * (n // 2), split=published, group=[f"g{i // 4}" for i in range(n)])
    done = plan(table)
    assert done.facts["origin"] == "carved" and not failing(done)
    before = np.array(published)
    assert (done.table["split"][before != "train"] == before[before != "train"]).all()
    assert set(done.table["split"][before == "train"]) == {"train", *missing}
    assert done.table.groupby("group")["split"].nunique().max() == 1
    expected = {"val": 0.25, "test": 0.25} if len(missing) == 1 else {"val": 0.2, "test": 0.2}
    for part in missing:
        assert abs((done.table["split"] == part).sum() / (before == "train").sum() - expected[part]) < 0.03


def test_a_group_that_also_stands_in_test_is_not_carved():
    table = scan_table(
        ["a", "b"] * 20,
        split=["train"] * 32 + ["test"] * 8,
        group=["both"] * 8 + [f"g{i}" for i in range(8, 36)] + ["both"] * 4,
    )
    done = plan(table)
    assert (done.table["split"][:8] == "train").all()
    assert failing(done) == ["groups"] and done.facts["left_out"] == 8


def test_keep_test_keeps_test_and_plans_the_rest_without_leaks():
    table = scan_table(
        ["a", "b"] * 50,
        split=["train"] * 60 + ["val"] * 20 + ["test"] * 20,
        cluster=["x"] + [""] * 98 + ["x"],
    )
    done = plan(table, existing="keep-test", ratios="60/20/20")
    assert (done.table["split"][80:] == "test").all() and "test" not in set(done.table["split"][:80])
    assert done.table["split"][0] == "" and "1 image in no part" in done.facts["notes"][0]
    assert not failing(done)
    assert (done.table["split"] == "train").sum() == pytest.approx(79 * 0.75, abs=1)
    with pytest.raises(UsageError, match="test split"):
        plan(scan_table(list("abab")), existing="keep-test")


def test_unreadable_unlabelled_and_field_images_are_in_no_part():
    table = scan_table(list("abababababab"), split=["", "field"] + [""] * 10)
    table.loc[3, "status"] = "unreadable"
    table.loc[5, "label"] = ""
    done = plan(table)
    assert done.table["path"].tolist() == table["path"].drop(1).tolist()
    assert done.table.set_index("path").loc[["000003.png", "000005.png"], "split"].tolist() == ["", ""]
    assert len(done.usable) == 9
    assert [n for n in done.facts["notes"] if "no part" in n] == [
        "1 image that cannot be read: in no part.",
        "1 image without a class: in no part.",
    ]


def test_folds_are_stratified_and_undivided():
    table = scan_table(["a"] * 60 + ["b"] * 20, group=[f"g{i // 2}" for i in range(80)])
    done = plan(table, folds=5)
    assert list(done.table.columns) == ["path", "label", "fold", "group", "cluster"]
    assert counts_of(done, "fold").to_numpy().tolist() == [[12] * 5, [4] * 5]
    assert done.table.groupby("group")["fold"].nunique().max() == 1
    first = done.round(0)
    assert (first.table["split"] == "test").sum() == (first.table["split"] == "val").sum() == 16
    assert sorted(i for k in range(5) for i in done.round(k).table.query("split == 'test'").index) == list(
        range(80)
    )
    assert len(done.usable) == 80
    with pytest.raises(UsageError, match="fold from 0 to 4"):
        done.round(5)


def test_folds_beside_a_kept_test():
    table = scan_table(["a", "b"] * 20, split=["train"] * 30 + ["test"] * 10)
    done = plan(table, folds=3, existing="keep-test")
    assert (done.table["fold"][30:] == "test").all()
    assert done.table["fold"][:30].value_counts().to_dict() == {"0": 10, "1": 10, "2": 10}
    assert done.round(1).table["split"].value_counts().to_dict() == {"train": 20, "val": 10, "test": 10}


def test_a_class_too_small_for_every_part_is_named_with_the_choices():
    done = plan(scan_table(["a"] * 20 + ["b"] * 20 + ["rare"] * 2))
    (note,) = done.facts["notes"]
    assert "'rare' (2 images)" in note and "merge" in note and "Collect" in note
    assert (done.table["label"] == "rare").sum() == 2 and set(
        done.table.loc[done.table["label"] == "rare", "split"]
    ) <= {
        "train",
        "val",
        "test",
    }


def test_many_absent_classes_are_one_note_and_a_table():
    labels = [f"class {i}" for i in range(40) for _ in range(2)]
    done = plan(scan_table(labels))
    (note,) = [n for n in done.facts["notes"] if "not in every part" in n]
    assert note.startswith("40 classes are not in every part ('class 0', 'class 1', 'class 10', ...)")
    parts = done.table.groupby("label")["split"].agg(set)
    assert {c: set(where) for c, where in done.facts["absent"].items()} == {
        c: {"train", "val", "test"} - held for c, held in parts.items()
    }


def test_data_too_small_for_three_parts_is_planned_and_says_so():
    done = plan(scan_table(["a", "b"]))
    assert done.table["split"].tolist() == ["train", "train"]
    assert failing(done) == ["parts"]
    assert [note.split(" is absent")[0] for note in done.facts["notes"]] == [
        "Class 'a' (1 image)",
        "Class 'b' (1 image)",
    ]


@pytest.mark.parametrize(
    ("table", "options", "error", "words"),
    [
        (scan_table(["a"] * 6), {}, DataError, "at least two classes"),
        (scan_table([""] * 6), {}, DataError, "images with classes"),
        (scan_table(list("abab"), group=["g", "", "g", "g"]), {}, DataError, "1 of 4 images without one"),
        (scan_table(list("aabbb")), {"folds": 3}, UsageError, "2 images of class 'a'"),
        (scan_table(list("aabb")), {"folds": 1}, UsageError, "at least 2 folds"),
        (scan_table(list("aabb")), {"ratios": "60/20/30"}, UsageError, "add up to 110"),
        (scan_table(list("aabb")), {"stratify": ["camera"]}, UsageError, "'camera'"),
        (scan_table(list("aabb")), {"by": "date"}, UsageError, "'date'"),
        (scan_table(list("aabb")), {"folds": 2, "ratios": "60/20/20"}, UsageError, "exclude each other"),
        (scan_table(list("aabb")), {"repair": True}, UsageError, "no split"),
        (scan_table(list("aabb"), split=["test"] * 4), {}, DataError, "training images"),
        (scan_table(list("aabb")), {"existing": "drop"}, UsageError, "'drop'"),
    ],
)
def test_bad_input_is_refused_with_what_was_expected_what_came_and_what_to_do(table, options, error, words):
    with pytest.raises(error, match=words) as refused:
        plan(table, **options)
    assert refused.value.hint and "\n" not in str(refused.value)


def test_unreadable_images_need_no_group():
    table = scan_table(list("ababab"), group=["g1", "g2", "g3", "g4", "g5", ""])
    table.loc[5, "status"] = "unreadable"
    assert plan(table).table["split"][5] == ""


def test_the_plan_knows_what_it_changed():
    table = scan_table(["a", "b"] * 10, split=["train"] * 10 + ["test"] * 10)
    done = plan(table, existing="replace")
    changes = done.changes
    assert (changes["was"] != changes["split"]).all()
    assert len(changes) == (done.table["split"].to_numpy() != table["split"].to_numpy()).sum()


def test_two_ratios_plan_train_and_test():
    table = scan_table(["a"] * 50 + ["b"] * 30)
    done = plan(table, ratios="80/20")
    assert counts_of(done).to_dict("index") == {"a": {"test": 10, "train": 40}, "b": {"test": 6, "train": 24}}
    assert done.facts["ratios"] == {"train": 0.8, "test": 0.2} and failing(done) == []


def test_two_ratios_cut_test_alone_out_of_a_published_train():
    table = scan_table(["a", "b"] * 20, split=["train"] * 40)
    assert plan(table, ratios="75/25").table["split"].value_counts().to_dict() == {"train": 30, "test": 10}


def test_the_certificate_states_the_distance_up_to_which_pictures_count_as_copies():
    table = scan_table(["a", "b"] * 10)
    assert plan(table, duplicate_threshold=0.0612345678).facts["duplicate_threshold"] == 0.0612346
    assert "duplicate_threshold" not in plan(table).facts
