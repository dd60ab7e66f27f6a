import json

import numpy as np
import pytest

from auditor.errors import DataError
from auditor.splitting import export_table, plan_split, read_plan, read_split, verify_split
from tests.splitting.tables import dataset_of, scan_table


@pytest.fixture
def table():
    n = 60
    return scan_table(
        ["a", "b", "=c"] * (n // 3),
        group=[f"g{i // 3}" for i in range(n)],
        cluster=["", "x", "", "", "", "x"] + [""] * (n - 6),
        site=[f"s{i % 2}" for i in range(n)],
        date=[f"2024-01-{1 + i // 3:02}" for i in range(n)],
    )


@pytest.fixture(
    params=[{}, {"folds": 4}, {"stratify": ["site"]}, {"by": "date"}],
    ids=["parts", "folds", "stratify", "order"],
)
def planned(request, table):
    return plan_split(dataset_of(table, group_column="patient"), table, **request.param)


def first_failing(claims):
    return next((claim["name"] for claim in claims if not claim["holds"]), None)


def test_an_untouched_split_is_verified_from_its_files(planned, table, tmp_path):
    rows, certificate = export_table(planned, tmp_path)
    claims = verify_split(rows, certificate, table)
    assert first_failing(claims) is None
    assert {
        "fingerprint",
        "images",
        "groups",
        "duplicates",
        "rows",
        "parts",
        "class-deviation",
        "nearest-pair",
    } <= {c["name"] for c in claims}


def test_any_single_changed_row_is_noticed(planned, table):
    column = "fold" if "fold" in planned.table.columns else "split"
    parts = sorted(set(planned.table[column]))
    for i in range(0, len(planned.table), 19):
        edited = planned.table.copy()
        edited.loc[i, column] = next(p for p in parts if p != edited.loc[i, column])
        assert first_failing(verify_split(edited, planned.facts, table)) == "groups"


def test_a_changed_row_without_a_group_is_noticed():
    table = scan_table(["a", "b"] * 20)
    done = plan_split(dataset_of(table), table)
    edited = done.table.copy()
    first = edited.index[edited["split"] == "train"][0]
    edited.loc[first, "split"] = "test"
    assert first_failing(verify_split(edited, done.facts, table)) == "rows"


def plant(kind, planned, table):
    rows, facts, images = planned.table.copy(), json.loads(json.dumps(planned.facts)), table.copy()
    if kind == "bytes":
        images.loc[0, "sha256"] = "f" * 64
    elif kind == "absent row":
        rows = rows.iloc[1:]
    elif kind == "extra row":
        rows.loc[len(rows)] = ["other.png", "a", "train", "", ""]
    elif kind == "doubled row":
        rows.loc[len(rows)] = rows.loc[0]
    elif kind == "label":
        rows.loc[0, "label"] = "b"
    elif kind == "duplicates found since":
        one, other = (rows.index[rows["split"] == part][0] for part in ("train", "test"))
        images.loc[[one, other], ["cluster"]] = "fresh"
    elif kind == "group":
        rows.loc[0, "group"] = "g19"
    elif kind == "counts":
        facts["counts"]["train"]["a"] += 1
    elif kind == "deviation":
        facts["largest_deviation"] = 0.5
    elif kind == "nearest":
        images["phash"] = images["phash"].iloc[::-1].to_numpy()
    return rows, facts, images


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("bytes", "fingerprint"),
        ("absent row", "images"),
        ("extra row", "images"),
        ("doubled row", "images"),
        ("label", "images"),
        ("duplicates found since", "duplicates"),
        ("group", "rows"),
        ("counts", "parts"),
        ("deviation", "class-deviation"),
        ("nearest", "nearest-pair"),
    ],
)
def test_the_first_claim_that_fails_is_the_one_that_was_broken(kind, named, table):
    table = table.assign(label=["a", "a", "b"] * 20)
    planned = plan_split(dataset_of(table), table)
    rows, facts, images = plant(kind, planned, table)
    failed = next(c for c in verify_split(rows, facts, images) if not c["holds"])
    assert failed["name"] == named and failed["detail"]


def test_an_order_that_no_longer_holds_is_noticed(table):
    planned = plan_split(dataset_of(table), table, by="date")
    later = table.assign(date=table["date"].iloc[::-1].to_numpy())
    assert first_failing(verify_split(planned.table, planned.facts, later)) == "time-order"


def test_a_kept_split_that_leaks_is_not_verified():
    table = scan_table(
        ["a", "b"] * 5, split=["train"] * 6 + ["val"] * 2 + ["test"] * 2, cluster=["x", *[""] * 8, "x"]
    )
    done = plan_split(dataset_of(table), table)
    assert first_failing(verify_split(done.table, done.facts, table)) == "duplicates"


def test_groups_of_the_split_table_are_used_where_the_data_names_none(table):
    planned = plan_split(dataset_of(table), table)
    edited = planned.table.copy()
    edited.loc[0, "split"] = "val" if edited.loc[0, "split"] != "val" else "test"
    assert first_failing(verify_split(edited, planned.facts, table.assign(group="", cluster=""))) == "groups"


def test_a_written_plan_is_read_back_as_it_was(planned, table, tmp_path):
    rows, _ = export_table(planned, tmp_path)
    assert "'=c" in rows.read_text()  # no spreadsheet runs it
    again = read_plan(rows, planned.dataset, table)
    assert again.table.equals(planned.table)
    assert again.usable.equals(planned.usable)
    for key in ("fingerprint", "ratios", "counts", "claims", "seed", "largest_deviation", "ratios_reason"):
        assert again.facts[key] == planned.facts[key]


def test_a_plain_table_is_a_plan_too(table, tmp_path):
    file = tmp_path / "mine.csv"
    table.assign(split=np.where(np.arange(60) < 30, "train", "test"))[["path", "label", "split"]].to_csv(
        file, index=False
    )
    plan = read_plan(file, dataset_of(table), table)
    assert plan.facts["origin"] == "kept" and plan.facts["groups"] == 20
    assert (plan.table["split"] == "train").sum() == 30


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,label,split\nelse.png,a,train\n", "plan the split again"),
        ("path,label\nx,a\n", "'split' is not there"),
        ("path,label,split\nx,a,left\n", "train, val and test"),
        ("", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_a_split_file_for_other_data_is_refused(text, words, table, tmp_path):
    file = tmp_path / "split.csv"
    if text is not None:
        file.write_text(text)
    with pytest.raises(DataError, match=words):
        read_plan(file, dataset_of(table), table)


def test_a_certificate_must_be_one(table, tmp_path):
    done = plan_split(dataset_of(table), table)
    rows, certificate = export_table(done, tmp_path)
    for text in ("{}", "[]", "no json"):
        certificate.write_text(text)
        with pytest.raises(DataError, match=r"split\.json"):
            verify_split(rows, certificate, table)
    assert read_split(rows).equals(done.table)


@pytest.mark.parametrize(
    "wrong",
    [{"ratios": [1]}, {"ratios": {"train": "all"}}, {"seed": "x"}, {"folds": "many"}, {"stratify": 3}],
)
def test_a_certificate_with_other_kinds_of_values_is_refused(wrong, table):
    done = plan_split(dataset_of(table), table)
    with pytest.raises(DataError, match="other kinds of values"):
        verify_split(done.table, {**done.facts, **wrong}, table)
