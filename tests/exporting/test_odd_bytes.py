"""Folders whose names are not UTF-8.

Every export is written, and what auditor reads of them names the same files.
"""

import json
import os
from pathlib import Path

import pytest

import auditor
from auditor.reports.decisions import apply_decisions, read_decisions, write_manifest
from tests.conftest import write_tree


@pytest.fixture(scope="module")
def latin(tmp_path_factory):
    """Classes 'a' and 'ros\xe9' in Latin-1, in a folder that is Latin-1, too.

    Skipped where no such name can be.
    """
    made = write_tree(tmp_path_factory.mktemp("latin") / "data", {"red": 12, "blue": 12})
    root = Path(os.fsdecode(os.fsencode(made.parent) + b"/dat\xe4"))
    try:
        made.rename(root)
        (root / "blue").rename(os.fsdecode(os.fsencode(root) + b"/ros\xe9"))
    except OSError:
        pytest.skip("this file system takes no such name")
    return root


@pytest.fixture(scope="module")
def plan(latin):
    return auditor.split(latin, ratios=(60, 20, 20))


def contents(data):
    return sorted(data.source.read(path) for path in data.samples["path"])


@pytest.mark.parametrize("format", ["csv", "parquet", "jsonl", "huggingface", "copy", "hardlink", "symlink"])
def test_auditor_reads_back_what_it_wrote(format, plan, latin, tmp_path):
    place = auditor.export(plan, format, tmp_path / f"x.{format}")
    data = auditor.open(place)
    assert len(data.classes) == 2 and any("xe9" in c or "%5C" in c for c in data.classes)
    assert contents(data) == contents(auditor.open(latin))


@pytest.mark.parametrize("format", ["samples", "fiftyone"])
def test_lists_of_files_name_files_that_are_there(format, plan, tmp_path):
    place = auditor.export(plan, format, tmp_path / "x")
    files = [place] if format == "samples" else sorted(place.rglob("data.json"))
    named = []
    for file in files:
        content = json.loads(file.read_text(encoding="utf-8"))
        named += (
            [path for part in content["samples"].values() for path, _ in part]
            if format == "samples"
            else list(content.values())
        )
    assert len(named) == 24 and all(Path(path).is_file() for path in named)


@pytest.mark.parametrize("format", ["arrays", "cleanlab"])
def test_other_formats_are_written(format, plan, tmp_path):
    assert auditor.export(plan, format, tmp_path / "x").exists()


def test_huggingface_in_memory(plan):
    pytest.importorskip("datasets", reason="datasets is not installed")
    assert sum(map(len, auditor.export(plan, "huggingface").values())) == 24


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_apply_drops_the_image_that_was_meant(ending, latin, tmp_path):
    data = auditor.open(latin)
    dropped = data.samples["path"].iloc[-1]
    row = {"path": dropped, "decision": "drop"}
    content = {"kind": "auditor-decisions", "schema": 1, "fingerprint": "", "decisions": [row]}
    (tmp_path / "d.json").write_text(json.dumps(content))
    samples = apply_decisions(data, read_decisions(tmp_path / "d.json"))
    again = auditor.open(write_manifest(samples, tmp_path / f"m.{ending}", data))
    assert contents(again) == sorted(set(contents(data)) - {data.source.read(dropped)})
