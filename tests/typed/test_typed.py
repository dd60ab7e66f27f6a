"""The public API is typed: a consumer's file passes mypy --strict, and mistakes in another are found."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.mark.slow
def test_a_consumer_type_checks_and_mistakes_are_found():
    """In the project's own settings, which are strict, and with its cache.

    After ``mypy`` this takes seconds.
    """
    pytest.importorskip("mypy", reason="mypy is not installed")
    files = [f"tests/typed/{name}.py" for name in ("consumer", "mistakes")]
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *files]
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, check=False)
    lines = (HERE / "mistakes.py").read_text(encoding="utf-8").splitlines()
    expected = [f"tests/typed/mistakes.py:{k}" for k, line in enumerate(lines, 1) if "# wrong" in line]
    assert [
        line.split(": error:")[0] for line in done.stdout.splitlines() if ": error:" in line
    ] == expected, done.stdout + done.stderr
    assert len(expected) == 3
