import pandas as pd
import pytest

from auditor.errors import DataError
from auditor.readers import open_dataset

TABLE = "path,label,split,group,site\nb.png,x,Training,g1,9\na.png,y,dev,,08\n"


@pytest.mark.parametrize(("name", "separator"), [("t.csv", ","), ("t.tsv", "\t"), ("T.CSV", ",")])
def test_text_tables(tmp_path, name, separator):
    (tmp_path / name).write_text(TABLE.replace(",", separator))
    data = open_dataset(tmp_path / name)
    assert data.samples.to_dict("list") == {
        "path": ["a.png", "b.png"], "label": ["y", "x"], "split": ["val", "train"], "group": ["", "g1"], "site": ["08", "9"],
    }  # fmt: skip
    assert (data.kind, data.group_column) == ("table", "group")


def test_parquet(tmp_path):
    pd.DataFrame({"path": ["b", "a"], "label": [1, 2]}).to_parquet(tmp_path / "t.parquet")
    assert open_dataset(tmp_path / "t.parquet").samples[["path", "label"]].values.tolist() == [["a", "2"], ["b", "1"]]


def test_a_byte_order_mark_is_no_part_of_the_name(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + TABLE.encode())
    assert len(open_dataset(tmp_path / "t.csv")) == 2


def test_columns_may_have_other_names(tmp_path):
    (tmp_path / "t.csv").write_text("path,kind,part,patient\na.png,x,train,7\n")
    data = open_dataset(tmp_path / "t.csv", label="kind", split="part", group="patient")
    assert data.samples.loc[0, ["label", "split", "group"]].tolist() == ["x", "train", "7"]
    assert data.group_column == "patient"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"file,label\na,b\n", "'path'"), (b"", "cannot be read"), (b"path,label\n", "no row"), (bytes(range(256)), "cannot be read")],
)
def test_unusable_tables_are_refused(tmp_path, content, words):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        open_dataset(tmp_path / "t.csv")


def test_a_column_that_is_not_there_is_named(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    with pytest.raises(DataError, match="--label"):
        open_dataset(tmp_path / "t.csv", label="species")


def test_a_missing_path_is_refused(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        open_dataset(tmp_path / "nowhere")
