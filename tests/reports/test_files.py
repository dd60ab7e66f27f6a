import csv
import json
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import DataError, OutputError
from auditor.finding import Finding
from auditor.outputs import MARKER, escape_cell, unescape_cell
from auditor.outputs import round_numbers as significant
from auditor.reports.files import load_record, save_record
from tests.reports.examples import record


def assert_same_table(left: pd.DataFrame | None, right: pd.DataFrame | None) -> None:
    assert (left is None) == (right is None)
    if left is not None and right is not None:
        assert list(left.columns) == list(right.columns)
        pd.testing.assert_frame_equal(
            left.reset_index(drop=True), right.reset_index(drop=True), check_dtype=False
        )


def assert_same_finding(left: Finding, right: Finding) -> None:
    for name in (
        "code",
        "scope",
        "title",
        "summary",
        "why",
        "affected",
        "total",
        "effect",
        "fix",
        "q_value",
        "classes",
        "splits",
        "parameters",
        "details",
        "waiver",
    ):
        assert getattr(left, name) == getattr(right, name), name
    assert_same_table(left.examples, right.examples)


def test_a_record_comes_back_as_it_was(tmp_path):
    made = record()
    save_record(made, tmp_path / "out")
    read = load_record(tmp_path / "out")
    for name in ("split", "augmentation", "baseline", "exhibits", "provenance"):
        assert getattr(read, name) == json.loads(json.dumps(getattr(made, name))), name
    assert read.dataset == made.dataset
    assert dict(read.thumbnails) == dict(made.thumbnails)
    assert len(read.findings) == len(made.findings) and len(read.split_findings) == len(made.split_findings)
    for left, right in zip(
        (*made.findings, *made.split_findings), (*read.findings, *read.split_findings), strict=True
    ):
        assert_same_finding(left, right)
    for name in ("images", "split_table", "augmented"):
        assert_same_table(getattr(made, name), getattr(read, name))
    save_record(read, tmp_path / "again")
    for file in (tmp_path / "out").iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


def test_the_contract_files_are_there_and_no_temporary_one(tmp_path):
    save_record(record(), tmp_path)
    names = {f.name for f in tmp_path.iterdir()}
    assert names == {
        ".auditor",
        "audit.json",
        "findings.csv",
        "split_findings.csv",
        "images.parquet",
        "thumbnails.parquet",
        "split.csv",
        "split.json",
        "augmented.csv",
        "baseline.json",
    }


def test_a_scan_writes_nothing_about_training(tmp_path):
    save_record(
        replace(
            record(),
            split=None,
            split_table=None,
            split_findings=(),
            augmentation=None,
            augmented=None,
            baseline=None,
        ),
        tmp_path,
    )
    assert {f.name for f in tmp_path.iterdir()} == {
        ".auditor",
        "audit.json",
        "findings.csv",
        "images.parquet",
        "thumbnails.parquet",
    }
    assert load_record(tmp_path).split_table is None


def test_reproducible_files_say_nothing_of_the_clock(tmp_path):
    made = record()
    other = replace(
        made,
        provenance={**made.provenance, "run": {"seconds": 99.0}},
        baseline={**made.baseline, "seconds": 5.0},
    )
    save_record(made, tmp_path / "a", reproducible=True)
    save_record(other, tmp_path / "b", reproducible=True)
    for name in ("audit.json", "baseline.json", "findings.csv", "images.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert "run" not in json.loads((tmp_path / "a" / "audit.json").read_text())["provenance"]


def test_formulas_are_escaped_in_tables(tmp_path):
    save_record(record(), tmp_path)
    for name in ("findings.csv", "split.csv", "augmented.csv"):
        with (tmp_path / name).open(newline="", encoding="utf-8") as f:
            for row in csv.reader(f):
                assert not [
                    cell
                    for cell in row
                    if cell[:1] in tuple("=+-@\t\r") and not cell.replace(".", "").lstrip("-").isdigit()
                ]


def test_numbers_in_audit_json_are_finite_and_short(tmp_path):
    made = record()
    save_record(
        replace(
            made, exhibits={"odd": [float("nan"), float("inf"), 1 / 3, np.float32(0.5), np.int64(3), (1, 2)]}
        ),
        tmp_path,
    )
    assert json.loads((tmp_path / "audit.json").read_text(), parse_constant=pytest.fail)["exhibits"][
        "odd"
    ] == [
        None,
        None,
        0.333333,
        0.5,
        3,
        [1, 2],
    ]


def test_lone_surrogates_do_no_harm(tmp_path):
    made = record()
    save_record(replace(made, findings=(replace(made.findings[0], classes=("a\udc80b",)),)), tmp_path)
    assert load_record(tmp_path).findings[0].classes == ("a\udc80b",)


@given(st.text(max_size=8) | st.text(alphabet="'=+-@\t\ra", max_size=6))
def test_escaped_cells_come_back(text):
    escaped = escape_cell(text)
    assert escaped[:1] not in set("=+-@\t\r")
    assert unescape_cell(escaped) == text


@given(
    st.floats(min_value=1e-12, max_value=1e15) | st.floats(min_value=-1e15, max_value=-1e-12) | st.just(0.0)
)
def test_rounding_of_columns_is_the_rounding_of_numbers(number):
    expected = float(f"{number:.6g}")
    got = float(significant(np.array([number]))[0])
    assert abs(got - expected) <= abs(number) * 1.01e-6 and float(f"{got:.6g}") == got


def test_a_folder_without_an_audit_is_refused(tmp_path):
    with pytest.raises(DataError, match="output folder of auditor"):
        load_record(tmp_path)
    (tmp_path / "audit.json").write_text('{"schema": 99}')
    with pytest.raises(DataError, match="schema 99"):
        load_record(tmp_path)
    (tmp_path / "audit.json").write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        load_record(tmp_path)


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="hint: name another"):
        save_record(record(), tmp_path / "file" / "out")


def test_columns_that_are_no_evidence_are_not_kept(tmp_path):
    made = record()
    extra = made.findings[0].examples.assign(note="x")
    save_record(replace(made, findings=(replace(made.findings[0], examples=extra),)), tmp_path)
    assert_same_table(load_record(tmp_path).findings[0].examples, made.findings[0].examples)


@pytest.mark.parametrize(
    "name", ["audit.json", "images.parquet", "findings.csv", "thumbnails.parquet", MARKER]
)
def test_a_pipe_in_place_of_a_file_does_not_block(name, tmp_path):
    save_record(record(), tmp_path / "out")
    (tmp_path / "out" / name).unlink()
    os.mkfifo(tmp_path / "out" / name)
    if name == MARKER:
        assert load_record(tmp_path / "out")
    else:
        with pytest.raises(DataError, match="which is no file"):
            load_record(tmp_path / "out")


def test_json_nested_without_end_is_refused(tmp_path):
    save_record(record(), tmp_path / "out")
    (tmp_path / "out" / "audit.json").write_text("[" * 100_000)
    with pytest.raises(DataError, match="not JSON"):
        load_record(tmp_path / "out")
