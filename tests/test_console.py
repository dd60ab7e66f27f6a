"""What the terminal is shown."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.console import Console, amount, printable


@given(st.text())
def test_nothing_that_acts_on_a_terminal_is_printed(text):
    shown = printable(text)
    assert shown.isprintable()
    assert printable(text, lines=True).count("\n") == text.count("\n")
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_plain_text_of_any_script_is_left_alone():
    assert printable("Ünï çødé 写真 🙂") == "Ünï çødé 写真 🙂"


def test_amounts_are_for_people():
    assert [amount(n) for n in (0, 1500, 2_500_000_000, 5e15)] == ["0 B", "1.5 kB", "2.5 GB", "5000.0 TB"]


def test_without_a_terminal_lines_are_plain_and_end_with_the_rate(monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    with Console() as console:
        console.stage("Scanning")
        console.scanned(50, 100, 1000, 1)
        console.scanned(100, 100, 2000, 2)
    lines = said.getvalue().splitlines()
    assert lines[0] == "Scanning ..."
    assert len(lines) == 2 and lines[1].startswith("  100 images in") and lines[1].endswith("2 unreadable")
    assert "\x1b" not in said.getvalue()


def test_quiet_says_nothing(monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    with Console(quiet=True) as console:
        console.listeners.stage("Scanning")
        console.say("x")
        assert console.listeners.scan is None
    assert said.getvalue() == ""


def test_a_long_check_is_named_and_no_time_is_foretold_for_it(monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.setattr("auditor.console.LINE_EVERY", 0.0)
    with Console() as console:
        console.stage("Running 39 checks")
        assert console.listeners.check is not None
        console.listeners.check(7, 39, "near-duplicate")
    assert said.getvalue().splitlines()[1] == "  7 of 39, near-duplicate"


@pytest.mark.parametrize("locale", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}])
def test_a_terminal_of_ascii_gets_escapes(locale, tmp_path):
    environment = {**os.environ, "PYTHONCOERCECLOCALE": "0", **locale}
    code = "import sys; from auditor.process import settle; settle();"
    code += " print('\\xe9\\u5199'); print('\\xe9', file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"\\xe9\\u5199\n", b"\\xe9\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_messages_that_find_no_room_change_no_status(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "auditor", "scan", str(tmp_path / "absent")], stderr=full
        )
    assert done.returncode == 2
