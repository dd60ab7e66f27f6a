"""Ctrl-C in the middle of a scan keeps what was measured, and the next run goes on from there."""

import os
import subprocess
import sys

import pytest

import auditor
from auditor.scanning import scan_images
from tests.conftest import write_tree

#: Interrupts its own process, as Ctrl-C does, once enough images are done; with "all" the workers get the
#: signal as well.
CODE = """
import os, signal, sys
import auditor
from auditor.commands.options import Listeners, ScanOptions
import auditor.scanning.scan as scan
scan.BATCH_IMAGES = 32
scan.ALONE_SECONDS = float(sys.argv[3])
def told(done, total, size, unreadable):
    if done >= 64:
        os.killpg(0, signal.SIGINT) if sys.argv[4] == "all" else os.kill(os.getpid(), signal.SIGINT)
try:
    auditor.scan(sys.argv[1], output=sys.argv[2], listeners=Listeners(scan=told), scanning=ScanOptions(jobs=2))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX has them")
@pytest.mark.parametrize(("alone", "whom"), [("1000", "one"), ("0", "all")])
def test_an_interrupted_scan_goes_on_from_where_it_was(alone, whom, tmp_path):
    data, out = write_tree(tmp_path / "data", {"red": 160, "blue": 160}), tmp_path / "out"
    for file in data.rglob("*.png"):
        os.utime(
            file, (1e9, 1e9)
        )  # a file that was written a moment before it was read is read again, for it might still be changing
    done = subprocess.run(
        [sys.executable, "-c", CODE, data, out, alone, whom],
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "interrupted\n", done.stderr
    assert done.stderr == "", "no worker writes a traceback"
    assert not (out / "audit.json").exists()
    again = scan_images(auditor.open(data), store=out / "scan")
    assert 64 <= len(again.images) - again.read < 320, "some were kept, and only the others are read"
    assert (again.images["status"] == "ok").all()
    assert again.images.equals(scan_images(auditor.open(data)).images)


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX has them")
def test_ctrl_c_on_the_command_line_is_one_line_and_status_130(tmp_path):
    data = write_tree(tmp_path / "data", {"red": 40, "blue": 40})
    code = (
        "import os, signal, sys, auditor.scanning.collecting as s; real = s.image_table;"
        "s.image_table = lambda *a: os.kill(os.getpid(), signal.SIGINT) or real(*a);"
        "from auditor.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "scan", data, "-o", tmp_path / "out", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 130
    assert (
        done.stderr.lstrip("\n")
        == "auditor: stopped; what was measured is kept, and the next run goes on from there\n"
    )
