"""What loading and planning bring in, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_loading_brings_in_no_training_package():
    heavy = ("albumentations", "tensorflow", "keras", "imblearn", "sklearn", "torch")
    assert (
        run(f"import sys, auditor.augmentation; print([m for m in {heavy!r} if m in sys.modules])") == "[]\n"
    )


def test_albumentations_is_loaded_without_warnings_and_asks_no_server():
    code = """
import socket
def refused(*a, **k): raise AssertionError("a connection was tried")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refused
from auditor.augmentation.adapter import require
require()
import os, sys
print(os.environ["NO_ALBUMENTATIONS_UPDATE"], "albumentations" in sys.modules)
"""
    assert run(code) == "1 True\n"
