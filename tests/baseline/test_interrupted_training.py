"""Ctrl-C in the middle of a training is one line and status 130.

What was trained is kept, and the next run goes on from there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import write_tree

#: The command line; with "stop" it interrupts its own process, as Ctrl-C does, once the second checkpoint is
#: written.
CODE = """
import os, signal, sys
from auditor.baseline.fitting import _Training
from auditor.cli import main
# A job in the background is started with Ctrl-C ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
stop, real, saved = sys.argv.pop(1) == "stop", _Training.save, []
def save(*given):
    real(*given)
    saved.append(1)
    if stop and len(saved) == 2:
        os.kill(os.getpid(), signal.SIGINT)
_Training.save = save
main()
print("epochs", len(saved))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX has them")
def test_an_interrupted_training_goes_on_from_its_last_epoch(tmp_path: Path) -> None:
    data, out = write_tree(tmp_path / "data", {"red": 40, "blue": 40}), tmp_path / "out"
    asked = [
        "train",
        data,
        "-o",
        out,
        "-q",
        "--epochs",
        "4",
        "--seeds",
        "1",
        "--no-experiments",
        "--no-augment",
    ]
    asked += [
        "--image-size",
        "16",
        "--filters",
        "16",
        "--depth",
        "1",
        "--scaling",
        "min-max",
        "--patience",
        "9",
    ]

    def run(word: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", CODE, word, *map(str, asked)]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    stopped = run("stop")
    assert stopped.returncode == 130, stopped.stderr
    said = stopped.stderr.splitlines()
    assert said[-1] == "auditor: stopped; what was measured is kept, and the next run goes on from there"
    assert "Traceback" not in stopped.stderr
    assert len(list((out / "cache").glob("run-*.npz"))) == 1
    again = run("go on")
    assert again.returncode == 0, again.stderr
    assert again.stdout.endswith("epochs 2\n")
    assert (out / "baseline.keras").exists()
    assert not list((out / "cache").glob("run-*.npz"))
