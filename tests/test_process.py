import ctypes
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from auditor.process import keep_freed_memory, settle


def test_a_command_loads_linear_algebra_on_one_thread_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    settle()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "6")
    settle()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "6"


def test_importing_auditor_changes_nothing_of_the_process():
    code = "import os, auditor, auditor.commands.scan; print(os.environ.get('OPENBLAS_NUM_THREADS'))"
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True).stdout
        == "None\n"
    )


@pytest.mark.parametrize("library", [SimpleNamespace(), None])
def test_another_c_library_is_left_alone(monkeypatch, library):
    asked = []

    def loaded(name):
        asked.append(name)
        if library is None:
            raise OSError("no such library")
        return library

    monkeypatch.setattr(ctypes, "CDLL", loaded)
    keep_freed_memory()
    assert asked == [None]  # the process itself, once, and nothing was raised


def test_both_limits_are_set(monkeypatch):
    said = []
    monkeypatch.setattr(
        ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=lambda what, size: said.append((what, size)))
    )
    keep_freed_memory()
    assert said == [(-1, 64 * 2**20), (-3, 4 * 2**20)]
