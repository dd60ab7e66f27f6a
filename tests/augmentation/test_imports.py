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


def test_albumentationsx_under_the_name_of_albumentations_is_refused(tmp_path):
    (tmp_path / "albumentationsx-2.5.1.dist-info").mkdir()
    (tmp_path / "albumentationsx-2.5.1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: albumentationsx\nVersion: 2.5.1\n"
    )
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from auditor.augmentation.adapter import require
from auditor.errors import UsageError
try:
    require()
except UsageError as error:
    print(error)
print("albumentations" in sys.modules)
"""
    refusal, loaded = run(code).splitlines()
    assert "AlbumentationsX 2.5.1" in refusal and "pip uninstall albumentationsx" in refusal
    assert loaded == "False"


def test_another_backend_of_keras_that_the_user_asks_for_is_refused_not_overwritten():
    code = """
import os
os.environ["KERAS_BACKEND"] = "jax"
from auditor.baseline.runtime import load
from auditor.errors import UsageError
try:
    load()
except UsageError as error:
    print(error)
print(os.environ["KERAS_BACKEND"])
"""
    refusal, backend = run(code).splitlines()
    assert "received KERAS_BACKEND=jax" in refusal and backend == "jax"
