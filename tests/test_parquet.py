"""Tables on disk: what is written, read back, and refused."""

import datetime
import decimal
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import parquet

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COLUMNS = {
    "words": (TEXT | st.none(), "str"),
    "whole": (st.integers(-(2**63), 2**63 - 1), "int64"),
    "real": (st.floats(), "float64"),
    "yes": (st.booleans(), "bool"),
    "raw": (st.binary(max_size=20), "object"),
}


def written(table, file, **options):
    file.write_bytes(parquet.parquet_bytes(table, **options))
    return file


@settings(deadline=None)
@given(rows=st.lists(st.tuples(*(values for values, _ in COLUMNS.values())), max_size=20))
def test_what_is_written_is_what_pandas_and_we_read(rows, tmp_path_factory):
    arrays = (
        dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {name: [] for name in COLUMNS}
    )
    table = pd.DataFrame(
        {
            name: pd.Series(list(arrays[name]), dtype=dtype if dtype != "str" else object)
            for name, (_, dtype) in COLUMNS.items()
        }
    )
    file = written(table, tmp_path_factory.mktemp("made") / "t.parquet")
    for found in (pd.read_parquet(file).to_dict("list"), parquet.read(file).to_dict("list")):
        assert list(found) == list(COLUMNS)
        for name in ("whole", "yes"):
            assert found[name] == list(arrays[name])
        assert [None if w is None or w != w else w for w in found["words"]] == list(arrays["words"])
        if rows:
            assert found["raw"] == list(arrays["raw"])
        np.testing.assert_array_equal(
            np.array(found["real"], dtype=float), np.array(arrays["real"], dtype=float)
        )


def test_missing_values_are_nulls_and_odd_types_are_text(tmp_path):
    table = pd.DataFrame(
        {
            "real": [np.nan, 2.0],
            "whole": pd.array([1, None], dtype="Int64"),
            "maybe": pd.array([True, None], dtype="boolean"),
            "kind": pd.Categorical(["u", None]),
            "when": pd.to_datetime(["2020-01-02 03:04:05", None]),
            "zoned": pd.to_datetime(["2020-01-01", "2021-06-01"], utc=True),
            "year": pd.period_range("2020", periods=2, freq="Y"),
            "mixed": ["a", 1],
            "none": [None, None],
            "narrow": np.array([1, 2], dtype=np.uint8),
        }
    )
    file = written(table, tmp_path / "t.parquet")
    known = pq.read_table(file).to_pydict()
    assert (
        known["real"] == [None, 2.0]
        and known["whole"] == [1, None]
        and known["maybe"] == [True, None]
        and known["kind"] == ["u", None]
    )
    assert (
        known["when"] == [datetime.datetime(2020, 1, 2, 3, 4, 5), None]
        and known["zoned"][1].isoformat() == "2021-06-01T00:00:00+00:00"
    )
    assert (
        known["year"] == ["2020", "2021"]
        and known["mixed"] == ["a", "1"]
        and known["none"] == [None, None]
        and known["narrow"] == [1, 2]
    )
    found = parquet.read(file)
    assert (
        found["whole"].dtype == float
        and found["maybe"].tolist() == [True, None]
        and found["narrow"].dtype == np.uint8
    )
    assert found["when"].tolist()[0] == pd.Timestamp("2020-01-02 03:04:05") and found[
        "when"
    ].isna().tolist() == [False, True]


def test_files_of_pyarrow_are_read_as_they_are(tmp_path):
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table(
        {
            "path": ["a", "b"],
            "Path": ["A", "B"],
            "image": pa.array([{"bytes": b"1", "path": None}, None], struct),
            "images": pa.array([[{"bytes": b"1", "path": None}], None], pa.list_(struct)),
            "labels": pa.array([["x", "y"], None]),
            "price": pa.array([decimal.Decimal("1.50"), None]),
            "kind": pa.array(["u", "v"]).dictionary_encode(),
            "day": pa.array([datetime.date(2020, 1, 1), None]),
            "raw": pa.array([b"\0", None], pa.large_binary()),
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        }
    )
    file = tmp_path / "t.parquet"
    pq.write_table(table.replace_schema_metadata({"key'": "{'value'}"}), file, row_group_size=1)
    kinds = parquet.kinds(file)
    assert {name for name, kind in kinds.items() if kind == "plain"} == {
        "path",
        "Path",
        "price",
        "kind",
        "day",
    }
    assert {name: kind for name, kind in kinds.items() if kind != "plain"} == {
        "image": "image", "images": "nested", "labels": "nested", "raw": "bytes", "map": "nested",
    }  # fmt: skip
    assert parquet.metadata(file)[b"key'"] == b"{'value'}" and parquet.row_groups(file) == [1, 1]
    assert [value.as_py() for value in parquet.values(file, "image", 0)] == [{"bytes": b"1", "path": None}]
    assert [value.as_py() for value in parquet.values(file, "Path", 1)] == ["B"]
    found = parquet.read(file, ["raw", "Path", "price", "kind"])
    assert list(found) == ["Path", "price", "kind", "raw"]
    assert found["Path"].tolist() == ["A", "B"] and found["kind"].tolist() == ["u", "v"]
    assert (
        found["price"][0] == "1.50"
        and found["price"].isna()[1]
        and found["raw"].tolist()[1] is None
        and found["raw"][0] == b"\0"
        and type(found["raw"][0]) is bytes
    )
    assert len(parquet.read(file, [])) == 2 and parquet.read(file)["labels"][0].tolist() == ["x", "y"]


@pytest.mark.parametrize("name", [b"plain", b'we[i]rd \'*? "{x}"', b"not \xff utf-8", b"a\nb"])
def test_any_name_of_a_file_will_do(name, tmp_path):
    file = written(
        pd.DataFrame({'a "name"': [1]}),
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)),
        about={"it's": '"so"'},
    )
    assert parquet.read(file).to_dict("list") == {'a "name"': [1]} and parquet.metadata(file) == {
        b"it's": b'"so"'
    }


def test_a_damaged_file_is_a_value_error_or_a_table(tmp_path):
    table = pd.DataFrame(
        {
            "path": [f"{i}.png" for i in range(300)],
            "x": np.arange(300.0),
            "raw": [bytes([i % 256]) * 9 for i in range(300)],
        }
    )
    whole = written(table, tmp_path / "t.parquet").read_bytes()
    random, refused = np.random.default_rng(0), 0
    for turn in range(400):
        broken = bytearray(whole[: int(random.integers(len(whole)))] if turn % 4 == 0 else whole)
        for _ in range(int(random.integers(0, 6)) if len(broken) else 0):
            broken[-1 - int(random.integers(min(len(broken), 600)))] = int(random.integers(256))
        (tmp_path / "b.parquet").write_bytes(broken)
        for look in (
            parquet.read,
            parquet.kinds,
            parquet.metadata,
            parquet.row_groups,
            lambda f: parquet.values(f, "raw", 0),
        ):
            try:
                look(tmp_path / "b.parquet")
            except (ValueError, KeyError):
                refused += 1
    assert refused > 500
    (tmp_path / "b.parquet").write_bytes(whole[:-9])
    with pytest.raises(ValueError, match=r"^Parquet magic bytes not found"):
        parquet.read(tmp_path / "b.parquet")
    with pytest.raises(FileNotFoundError):
        parquet.read(tmp_path / "absent.parquet")


def test_the_same_table_gives_the_same_bytes_in_every_thread(tmp_path):
    table = pd.DataFrame({"a": np.arange(50_000.0), "b": [str(i) for i in range(50_000)]})
    names = [tmp_path / f"{i}.parquet" for i in range(4)]
    threads = [threading.Thread(target=written, args=(table, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({name.read_bytes() for name in names}) == 1


@pytest.mark.parametrize("index", [[5, 6], [1, 0], [5, 5]])
def test_rows_stay_together_whatever_the_index(index, tmp_path):
    table = pd.DataFrame(
        {"n": [1, 2], "o": np.array(["x", "y"], dtype=object), "b": [b"1", b"2"]}, index=index
    )
    assert parquet.read(written(table, tmp_path / "t.parquet")).values.tolist() == [
        [1, "x", b"1"],
        [2, "y", b"2"],
    ]


def test_names_come_back_as_they_were(tmp_path):
    table = pd.DataFrame([["a", "b", 1, 2]], columns=["label", "Label", "", "file_row_number"])
    file = written(table, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(parquet.read(file), table)
    assert pq.read_schema(file).names == list(table)


def test_values_that_no_column_of_parquet_can_hold_as_they_are(tmp_path):
    table = pd.DataFrame(
        {
            "half": pd.Series(["a\ud800", None], dtype=object),
            "mixed": np.array([b"a", "text"], dtype=object),
            "maybe": np.array([True, None], dtype=object),
            "big": np.array([1.5, 2.5], dtype=">f8"),
            "sparse": pd.arrays.SparseArray([0, 7]),
        }
    )
    found = parquet.read(written(table, tmp_path / "t.parquet"))
    assert (
        found["half"][0] == "a\\ud800"
        and found["half"].isna()[1]
        and found["mixed"].tolist() == [b"a", b"text"]
    )
    assert (
        found["maybe"].tolist() == [True, None]
        and found["big"].tolist() == [1.5, 2.5]
        and found["sparse"].tolist() == [0, 7]
    )


def test_numbers_and_times_are_exact_wherever_they_are_read(tmp_path):
    number = decimal.Decimal("12345678901234567890")
    table = pa.table(
        {
            "id": pa.array([number, number + 1], pa.decimal128(38, 0)),
            "small": pa.array([decimal.Decimal(3), None], pa.decimal128(9, 0)),
            "when": pa.array([0, 1], pa.timestamp("us", tz="Asia/Tokyo")),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    code = "import sys; from auditor import parquet; f = parquet.read(sys.argv[1]); print(f['id'].tolist(), f['small'].tolist(), *f['when'])"
    command = [sys.executable, "-c", code, tmp_path / "t.parquet"]
    for zone in ("Asia/Tokyo", "UTC"):
        told = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "TZ": zone}
        ).stdout
        assert told == (
            "['12345678901234567890', '12345678901234567891'] [3.0, nan] 1970-01-01 00:00:00+00:00 1970-01-01 00:00:00.000001+00:00\n"
        )


def test_bytes_that_lie_deeper_are_no_pictures(tmp_path):
    deep = pa.struct([("meta", pa.struct([("bytes", pa.binary())])), ("path", pa.string())])
    odd = pa.struct([("a, bytes BLOB, ", pa.string())])
    table = pa.table(
        {
            "deep": pa.array([None], deep),
            "odd": pa.array([None], odd),
            "list": pa.array([None], pa.list_(pa.binary())),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    assert set(parquet.kinds(tmp_path / "t.parquet").values()) == {"nested"}


def test_two_columns_of_one_name_are_refused(tmp_path):
    pq.write_table(pa.table([[1], [2], [3]], names=["path", "path", "label"]), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="two of its columns have the same name"):
        parquet.read(tmp_path / "t.parquet")
    assert parquet.read(tmp_path / "t.parquet", ["label"])["label"].tolist() == [3]
