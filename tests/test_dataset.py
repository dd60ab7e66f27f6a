import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.dataset import FileStat, LocalFiles, shown_name


@given(st.binary(min_size=1, max_size=40).filter(lambda b: b"\0" not in b))
def test_shown_names_can_always_be_written(name):
    shown = shown_name(os.fsdecode(name))
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_local_files_know_when_they_change(tmp_path):
    (tmp_path / "a").write_bytes(b"123")
    os.utime(tmp_path / "a", ns=(5, 7))
    files = LocalFiles(str(tmp_path))
    assert files.stat("a") == FileStat(3, 7)
    assert files.read("a") == b"123"
    assert files.read(str(tmp_path / "a")) == b"123"
    assert files.locate("a") == tmp_path / "a"


def test_a_folder_is_not_read(tmp_path):
    with pytest.raises(OSError, match="not a regular file"):
        LocalFiles(str(tmp_path)).read(".")


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        LocalFiles(str(tmp_path)).read("pipe")
