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


@pytest.mark.parametrize("at_once", [1, 7, 1 << 20])
def test_a_file_is_read_whole_however_little_the_system_gives_at_once(tmp_path, monkeypatch, at_once):
    (tmp_path / "a").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "empty").touch()
    read = os.read
    monkeypatch.setattr(os, "read", lambda handle, size: read(handle, min(size, at_once)))
    files = LocalFiles(str(tmp_path))
    assert files.read("a") == bytes(range(256)) * 4
    assert files.read("empty") == b""


def test_a_file_that_grows_after_it_was_looked_at_is_read_whole(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"1234")
    stat = (tmp_path / "a").stat()
    (tmp_path / "a").write_bytes(b"123456789")
    monkeypatch.setattr(os, "stat", lambda name: stat)
    assert LocalFiles(str(tmp_path)).read("a") == b"123456789"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_pipe_or_folder_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(OSError, match="not a regular file"):
            LocalFiles(str(tmp_path)).read(name)
