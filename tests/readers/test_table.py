import pandas as pd
import pytest

import auditor
from auditor.errors import DataError
from auditor.readers import open_dataset
from tests.scanning.making import png

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
    assert open_dataset(tmp_path / "t.parquet").samples[["path", "label"]].values.tolist() == [
        ["a", "2"],
        ["b", "1"],
    ]


def test_parquet_of_a_part_of_a_dataframe(tmp_path):
    table = pd.DataFrame({"path": list("abc"), "label": ["x", "y", "x"]})
    table[table["label"] == "x"].to_parquet(tmp_path / "T.PARQUET")
    assert open_dataset(tmp_path / "T.PARQUET").samples.columns.tolist() == [
        "path",
        "label",
        "split",
        "group",
    ]


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
    [
        (b"file,label\na,b\n", "'path'"),
        (b"", "cannot be read"),
        (b"path,label\n", "no row"),
        (bytes(range(256)), "path"),
    ],
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


def test_json_lines(tmp_path):
    lines = [
        '{"path": "a.png", "label": 1}',
        "",
        '{"path": "b.png", "label": "x", "site": 3, "group": null}',
        "no object",
        "[1]",
        '{"path": "c\\ud800.png"}',
    ]
    (tmp_path / "t.jsonl").write_text("\ufeff" + "\r\n".join(lines), "utf-8")
    data = open_dataset(tmp_path / "t.jsonl")
    assert data.samples[["path", "label", "group"]].values.tolist() == [
        ["a.png", "1", ""],
        ["b.png", "x", ""],
        ["c\\ud800.png", "", ""],
    ]
    assert len(data.ignored) == 2 and "line 4" in data.ignored[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_as_programs_write_them(tmp_path, encoding, end, separator):
    text = TABLE.replace("x", "Rosé").replace(",", separator).replace("\n", end)
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    (tmp_path / "t.csv").write_bytes(mark + text.encode(encoding))
    data = open_dataset(tmp_path / "t.csv")
    assert data.samples[["path", "label", "split"]].values.tolist() == [
        ["a.png", "y", "val"],
        ["b.png", "Rosé", "train"],
    ]


def test_a_byte_of_another_encoding_costs_no_other_row(tmp_path):
    (tmp_path / "t.csv").write_bytes("path,label\na.png,rosé\nb.png,x\n".encode("latin-1"))
    assert open_dataset(tmp_path / "t.csv").samples["label"].tolist() == ["ros\\xe9", "x"]


def test_a_line_of_too_many_fields_is_reported_and_the_rest_goes_on(tmp_path):
    (tmp_path / "t.csv").write_text("path,label\na.png,x\nb.png,y,z\nc.png\nd.png,y\n")
    data = open_dataset(tmp_path / "t.csv")
    assert data.samples[["path", "label"]].values.tolist() == [["a.png", "x"], ["c.png", ""], ["d.png", "y"]]
    assert data.ignored == ("t.csv: b.png,y,z (3 fields in a table of 2 columns)",)


def test_a_million_columns_are_refused_at_once(tmp_path):
    import time

    (tmp_path / "t.csv").write_text("path,label," + ",".join(f"c{i}" for i in range(1_000_000)) + "\na,b\n")
    start = time.process_time()
    with pytest.raises(DataError, match="at most 10,000 columns"):
        open_dataset(tmp_path / "t.csv")
    assert time.process_time() - start < 5


def test_a_column_twice_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("path,label,label\na,b,c\n")
    with pytest.raises(DataError, match="'label' twice"):
        open_dataset(tmp_path / "t.csv")


def test_labels_of_mixed_types_are_text(tmp_path):
    frame = pd.DataFrame({"path": list("abcd"), "label": [1, "1", 1.0, True]})
    assert open_dataset(frame).samples["label"].tolist() == ["1", "1", "1", "True"]
    pd.DataFrame({"path": list("abc"), "label": [1.0, 2.0, None]}).to_parquet(tmp_path / "t.parquet")
    assert open_dataset(tmp_path / "t.parquet").samples["label"].tolist() == ["1", "2", ""]


def test_a_path_that_is_there_again_is_a_copy_of_itself(tmp_path):
    for i in range(6):
        (tmp_path / f"{i}.png").write_bytes(png(40, 30, i))
    rows = [
        "path,label",
        *(f"{i}.png,{'xy'[i % 2]}" for i in range(6)),
        "0.png,x",
        "1.png,x",
        "1.png#row=8.png,y",
    ]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    audit = auditor.scan(auditor.open(tmp_path / "t.csv"))
    found = audit.images.set_index("path")
    assert set(found.index) == {
        *(f"{i}.png" for i in range(6)),
        "0.png#row=7.png",
        "1.png#row=8'.png",
        "1.png#row=8.png",
    }
    assert found["status"].value_counts().to_dict() == {"ok": 8, "unreadable": 1}
    findings = {f.code: f for f in audit.record.findings}
    assert findings["conflicting-labels"].affected == 2
    assert findings["exact-duplicate"].affected >= 2
    plan = auditor.split(auditor.open(tmp_path / "t.csv"), scan=audit)
    assert plan.table["path"].is_unique


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_list_of_labels_is_several_labels(tmp_path, ending):
    frame = pd.DataFrame(
        {"path": list("abcd"), "label": [["dog", "cat"], ["cat"], [], ["cat", "dog", "cat"]]}
    )
    file = tmp_path / f"t.{ending}"
    {"csv": lambda: frame.to_csv(file, index=False), "jsonl": lambda: frame.to_json(file, orient="records", lines=True),
     "parquet": lambda: frame.to_parquet(file)}[ending]()  # fmt: skip
    assert open_dataset(file).samples["label"].tolist() == ["cat ∧ dog", "cat", "", "cat ∧ dog"]
