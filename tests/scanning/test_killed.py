"""``kill -9`` of the whole command, whatever it is doing: starting, reading, checking or writing."""

import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scanning.making import dataset, encoded, jpeg, picture

KILLS = 20


def files(folder):
    """What an output folder holds but for the store, whose parts tell of the runs that wrote them."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and "scan" not in p.parts[-2:-1]
    }


def run(command, folder, limit=math.inf):
    """Run a command until it has used so many CPU seconds, however busy the machine.

    Returns its status and the seconds.
    """
    process, used = (
        subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, start_new_session=True),
        0.0,
    )
    while process.poll() is None:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        used = max(used, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
        if used >= limit:
            os.killpg(process.pid, signal.SIGKILL)
            break
        time.sleep(0.005)
    return process.wait(), used


@pytest.mark.slow
def test_twenty_kills_leave_the_bytes_of_an_undisturbed_run(tmp_path):
    made = {f"{c}/{i:03d}.jpg": jpeg(300, 200, 100 * n + i) for n, c in enumerate("ab") for i in range(40)}
    made |= {f"a/{i:03d}.gif": encoded(picture(seed=i), "GIF") for i in range(5)}  # these go to a worker
    made |= {"b/cut.jpg": jpeg(200, 200)[:2500], "b/text.png": b"hello"}
    dataset(tmp_path / "data", made)
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    command = [sys.executable, "-m", "auditor", "scan", str(tmp_path / "data"), "-o", "out", "-q"]
    _, seconds = run([*command, "--reproducible"], tmp_path / "whole")
    rng, killed, tried = random.Random(3), 0, 0
    while killed < KILLS and tried < 3 * KILLS:
        tried += 1
        # Another seed has every check run anew, and every other time all files are read anew: each moment has
        # something to kill.
        again = [*command, "--seed", str(tried), *(["--rehash"] if tried % 2 else [])]
        killed += run(again, tmp_path / "killed", rng.uniform(0.1, 0.9) * seconds)[0] == -signal.SIGKILL
    assert killed == KILLS
    subprocess.run(
        [*command, "--reproducible"], cwd=tmp_path / "killed", check=True, stdout=subprocess.DEVNULL
    )
    whole, again = files(tmp_path / "whole" / "out"), files(tmp_path / "killed" / "out")
    leftovers = {name for name in again if name.endswith((".part", ".tmp"))}
    assert set(again) - leftovers == set(whole)
    assert [name for name in whole if whole[name] != again[name]] == []
