"""Temporary files go with their process, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# A background job of a shell ignores SIGINT, and so would what it starts.
CODE = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from auditor.readers.temporary import temporary_folder
folder = temporary_folder()
(folder / "large").write_bytes(bytes(1000))
print(folder, flush=True)
time.sleep(60)
"""


def started(tmp_path, code=CODE):
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    return process, process.stdout.readline().strip()


def status(process):
    process.communicate(timeout=20)
    return process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_ended_leaves_nothing(tmp_path, number):
    process, folder = started(tmp_path)
    assert Path(folder).exists()
    process.send_signal(number)
    assert status(process) == -number
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_one_and_what_a_living_one_has_stays(tmp_path):
    killed, orphan = started(tmp_path)
    killed.kill()
    status(killed)
    living, kept = started(tmp_path)
    old = time.time() - 3600
    for folder in (orphan, kept):
        os.utime(Path(folder) / ".lock", (old, old))
    (tmp_path / "auditor-foreign").mkdir()
    code = "from auditor.readers.temporary import temporary_folder; print(temporary_folder())"
    last, _ = started(tmp_path, code)
    assert status(last) == 0
    assert {p.name for p in tmp_path.iterdir()} == {Path(kept).name, "auditor-foreign"}
    living.terminate()
    status(living)


def test_a_program_that_handles_sigterm_keeps_its_way(tmp_path):
    code = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n" + CODE
    process, folder = started(tmp_path, code)
    process.terminate()
    assert status(process) == 7
    assert not Path(folder).exists()
