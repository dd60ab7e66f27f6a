"""A DataFrame is read as the table that it would be in a file."""

import pandas as pd
import pytest

import auditor
from auditor.errors import DataError
from tests.conftest import write_tree


@pytest.fixture
def folder(tmp_path):
    return write_tree(tmp_path / "discs", {"red": 6, "blue": 5})


def rows(folder):
    files = sorted(folder.rglob("*.png"))
    return pd.DataFrame(
        {"path": [str(p) for p in files], "label": [p.parent.name for p in files], "age": range(len(files))}
    )


def test_it_gives_the_samples_of_the_same_table_in_a_file(folder, tmp_path):
    table = rows(folder)
    table.to_csv(tmp_path / "t.csv", index=False)
    opened, read = auditor.open(table), auditor.open(tmp_path / "t.csv")
    names = ["path", "label", "split", "group"]
    assert opened.samples[names].to_dict("list") == read.samples[names].to_dict("list")
    assert list(opened.samples["age"]) == list(range(11))


def test_its_columns_can_be_named_and_categories_are_text(folder):
    table = rows(folder).rename(columns={"label": "kind"})
    table["kind"] = table["kind"].astype("category")
    table.index = range(50, 50 + len(table))
    table["part"] = ["train", "Validation"] * 5 + ["test"]
    before = table.copy()
    data = auditor.open(table, label="kind", split="part", group="age")
    assert data.classes == ("blue", "red")
    assert set(data.samples["split"]) == {"train", "val", "test"}
    assert data.group_column == "age"
    assert table.equals(before) and isinstance(table["kind"].dtype, pd.CategoricalDtype)


def test_paths_are_relative_to_the_working_folder_and_can_be_scanned(folder, monkeypatch):
    monkeypatch.chdir(folder)
    table = rows(folder).assign(path=lambda t: [p[len(str(folder)) + 1 :] for p in t["path"]])
    audit = auditor.scan(table)
    assert audit.record.dataset.images == 11 and audit.record.dataset.unreadable == 0


def test_a_missing_label_is_no_class(folder):
    data = auditor.open(rows(folder).assign(label=lambda t: t["label"].where(t["label"] != "red", None)))
    assert data.classes == ("blue",)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pd.DataFrame({"path": []}), "no row"),
        (pd.DataFrame({"file": ["a"]}), "a column 'path'"),
        (pd.DataFrame([["a", "b"]], columns=["path", "path"]), "'path' twice"),
    ],
)
def test_what_is_no_table_of_images_is_refused(table, said):
    with pytest.raises(DataError, match=said):
        auditor.open(table)
