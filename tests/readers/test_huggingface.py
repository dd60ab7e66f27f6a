"""Hugging Face data sets, written by ``datasets`` where it is installed and by pyarrow."""

import datetime
import decimal
import json
import os
import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import auditor
from auditor.errors import DataError
from auditor.readers import open_dataset
from auditor.scanning import scan_images
from tests.scanning.making import png

PICTURES = [png(16, 16, i) for i in range(6)]
LABELS = [0, 1, 0, 1, 1, -1]
FEATURES = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}, "image": {"_type": "Image"}}
METADATA = {b"huggingface": json.dumps({"info": {"features": FEATURES}}).encode()}
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def table(rows=range(6), **more):
    image = pa.array([{"bytes": PICTURES[i], "path": f"{i}.png"} for i in rows], IMAGE)
    return pa.table(
        {"image": image, "label": pa.array([LABELS[i] for i in rows], pa.int64()), **more}
    ).replace_schema_metadata(METADATA)


def test_parquet_shards_of_a_hub_folder(tmp_path):
    (tmp_path / "data").mkdir()
    pq.write_table(table(range(4)), tmp_path / "data" / "train-00000-of-00001.parquet", row_group_size=3)
    pq.write_table(table(range(4, 6)), tmp_path / "data" / "test-00000-of-00001.parquet")
    (tmp_path / "README.md").write_text("card")
    data = open_dataset(tmp_path)
    assert data.samples[["label", "split"]].values.tolist() == [
        ["dog", "test"], ["", "test"], ["cat", "train"], ["dog", "train"], ["cat", "train"], ["dog", "train"],
    ]  # fmt: skip
    copy = pickle.loads(pickle.dumps(data.source))
    order = [5, 0, 3, 2, 1, 4]
    assert [copy.read(data.samples["path"][i]) for i in order] == [
        [*PICTURES[4:], *PICTURES[:4]][i] for i in order
    ]


def test_one_file_with_a_group_and_further_columns(tmp_path):
    patients = pa.array(list("ppqqrr"))
    pq.write_table(table(patient=patients, age=pa.array(range(6))), tmp_path / "d.parquet")
    data = open_dataset(tmp_path / "d.parquet", group="patient")
    assert data.group_column == "patient"
    assert data.samples["group"].tolist() == list("ppqqrr")
    assert data.samples["age"].tolist() == list(range(6))


def test_a_row_without_bytes_is_reported_and_the_rest_goes_on(tmp_path):
    image = pa.array(
        [{"bytes": PICTURES[0], "path": None}, {"bytes": None, "path": "gone.png"}, None],
        IMAGE,
    )
    pq.write_table(pa.table({"image": image, "label": ["a", "b", "c"]}), tmp_path / "d.parquet")
    images = scan_images(open_dataset(tmp_path / "d.parquet")).images
    assert images["status"].tolist() == ["ok", "unreadable", "unreadable"]
    assert "only the path 'gone.png'" in images["reason"][1] and "no bytes" in images["reason"][2]


@pytest.mark.parametrize(
    ("ending", "broken"), [("parquet", 0), ("parquet", 1), ("parquet", 2), ("arrow", 0), ("arrow", 2)]
)
def test_a_broken_shard_is_a_row_that_cannot_be_read_wherever_it_stands(tmp_path, ending, broken):
    files = [tmp_path / f"train-{i:05d}-of-00003.{ending}" for i in range(3)]
    for file in files:
        written(file)
    (tmp_path / "dataset_info.json").write_text("{}") if ending == "arrow" else None
    whole = files[broken].read_bytes()
    files[broken].write_bytes(whole[: len(whole) // 2] if ending == "parquet" else whole[:100])
    data = open_dataset(tmp_path)
    assert set(data.samples["split"]) == {"train"} and data.ignored == ()
    images = scan_images(data).images
    assert images["status"].value_counts().to_dict() == {"ok": 12, "unreadable": 1}
    bad = images[images["status"] == "unreadable"].iloc[0]
    assert bad["path"] == f"{files[broken].name}/from here on" and "damaged" in bad["reason"]


def written(file, content=None, **how):
    content = table() if content is None else content
    if file.suffix == ".parquet":
        pq.write_table(content, file)
    else:
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, content.schema) as stream:
            stream.write_table(content, **how)
    return file


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_whole_numbers_with_a_null_stay_whole_numbers(tmp_path, ending):
    numbers = [0, 7, None, 7, 1, 0]
    columns = {
        "label": pa.array(numbers, pa.int64()),
        "patient": pa.array(numbers, pa.int32()),
        "visit": pa.array([1.0, 2.0, None, 1.0, 2.5, 1.0], pa.float32()),
    }
    image = table().column("image")
    data = open_dataset(
        written(tmp_path / f"d.{ending}", pa.table({"image": image, **columns})), group="patient"
    )
    whole = ["0", "7", "", "7", "1", "0"]
    assert data.samples[["label", "group"]].T.values.tolist() == [whole, whole]
    data = open_dataset(tmp_path / f"d.{ending}", group="visit")
    assert data.samples["group"].tolist() == ["1", "2", "", "1", "2.5", "1"]


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([["b", "a"], [], ["a"], None, ["a", "b"], ["b"]], pa.list_(pa.string())),
        ([["b", "a"], [], ["a"], None, ["a", "b"], ["b"]], pa.large_list(pa.large_string())),
        ([["a", "b"], [], ["a"], None, ["b", "a"], ["b"]], pa.list_(pa.string())),
    ],
)
def test_lists_of_labels_are_several_labels(tmp_path, ending, values, kind):
    content = pa.table({"image": table().column("image"), "label": pa.array(values, kind)})
    data = open_dataset(written(tmp_path / f"d.{ending}", content))
    assert data.samples["label"].tolist() == ["a ∧ b", "", "a", "", "a ∧ b", "b"]


@pytest.mark.parametrize("feature", [{"feature": {"names": ["cat", "dog"]}}, [{"names": ["cat", "dog"]}]])
def test_lists_of_class_numbers_have_their_names_and_numbers_beyond_are_said(tmp_path, feature):
    about = {b"huggingface": json.dumps({"info": {"features": {"label": feature}}}).encode()}
    labels = pa.array([[0, 1], [1], [], [5], None, [0]], pa.list_(pa.int64()))
    content = pa.table({"image": table().column("image"), "label": labels}).replace_schema_metadata(about)
    data = open_dataset(written(tmp_path / "d.parquet", content))
    assert data.samples["label"].tolist() == ["cat ∧ dog", "dog", "", "5", "", "cat"]
    assert data.reading.notes == ("Class numbers beyond the 2 names keep their numbers: 5.",)


def test_a_table_of_paths_is_still_a_table(tmp_path):
    pq.write_table(pa.table({"path": ["a.png"], "label": ["x"]}), tmp_path / "t.parquet")
    assert open_dataset(tmp_path / "t.parquet").kind == "table"


def test_a_named_column_that_is_missing_is_named(tmp_path):
    pq.write_table(table(), tmp_path / "d.parquet")
    with pytest.raises(DataError, match="--label"):
        open_dataset(tmp_path / "d.parquet", label="species")


def test_a_second_scan_reads_nothing(tmp_path):
    pq.write_table(table(), tmp_path / "d.parquet")
    os.utime(tmp_path / "d.parquet", (1e9, 1e9))
    assert [
        scan_images(open_dataset(tmp_path / "d.parquet"), store=tmp_path / "store", jobs=2).read
        for _ in range(2)
    ] == [6, 0]


def test_odd_columns_beside_the_pictures(tmp_path):
    days = pa.array([datetime.date(2020, 1, 1), None, *[datetime.date(9999, 12, 31)] * 4])
    ids = pa.array([decimal.Decimal(12345678901234567890 + i) for i in range(6)], pa.decimal128(38, 0))
    pq.write_table(
        table(day=days, id=ids, file_row_number=pa.array(range(6))), tmp_path / "d.PARQUET", row_group_size=2
    )
    data = open_dataset(tmp_path / "d.PARQUET", group="day")
    assert data.samples["group"].tolist()[:2] == ["2020-01-01", ""] and data.samples["group"].nunique() == 3
    assert [data.source.read(p) for p in data.samples["path"]] == PICTURES
    assert open_dataset(tmp_path / "d.PARQUET", group="id").samples["group"].tolist() == [
        str(12345678901234567890 + i) for i in range(6)
    ]


def test_an_arrow_stream_alone_is_read(tmp_path):
    with (
        pa.OSFile(str(tmp_path / "d.arrow"), "wb") as sink,
        pa.ipc.new_stream(sink, table().schema) as stream,
    ):
        stream.write_table(table(), max_chunksize=4)
    data = open_dataset(tmp_path / "d.arrow")
    assert [data.source.read(p) for p in data.samples["path"]] == PICTURES


def made():
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])}
    )
    rows = {"image": [{"bytes": p, "path": None} for p in PICTURES], "label": [0, 1, 0, 1, 1, 0]}
    return datasets.Dataset.from_dict(rows, features=features)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_datasets_itself_writes(tmp_path):
    data = made()
    halves = data.train_test_split(test_size=2, shuffle=False)
    expected = [["cat", "train"], ["dog", "train"], ["cat", "train"], ["dog", "train"]]
    halves.save_to_disk(tmp_path / "saved")
    data.save_to_disk(tmp_path / "one")
    data.to_parquet(tmp_path / "train.parquet")
    both = open_dataset(tmp_path / "saved").samples
    assert both.loc[both["split"] == "train", ["label", "split"]].values.tolist() == expected
    assert open_dataset(tmp_path / "one").samples["label"].tolist() == [
        "cat",
        "dog",
        "cat",
        "dog",
        "dog",
        "cat",
    ]
    assert open_dataset(tmp_path / "train.parquet").samples["split"].unique().tolist() == ["train"]
    for found in (open_dataset(tmp_path / "one"), auditor.open(data)):
        assert [found.source.read(p) for p in found.samples["path"]] == PICTURES
    assert auditor.open(halves).samples["split"].value_counts().to_dict() == {"train": 4, "test": 2}
    assert (
        auditor.open(data.select([5, 2])).source.read(auditor.open(data.select([5, 2])).samples["path"][0])
        == PICTURES[5]
    )
    with pytest.raises(DataError, match="column of images"):
        auditor.open(data.select_columns(["label"]))
