"""``kill -9`` of the whole command, whatever it is doing: starting, reading, checking or writing."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.scanning.making import dataset, encoded, jpeg, picture

KILLS = 20


def files(folder):
    """What an output folder holds but for the store, whose parts tell of the runs that wrote them."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and "scan" not in p.parts[-2:-1]}


@pytest.mark.slow
def test_twenty_kills_leave_the_bytes_of_an_undisturbed_run(tmp_path):
    made = {f"{c}/{i:03d}.jpg": jpeg(300, 200, 100 * n + i) for n, c in enumerate("ab") for i in range(40)}
    made |= {f"a/{i:03d}.gif": encoded(picture(seed=i), "GIF") for i in range(5)}  # these go to a worker
    made |= {"b/cut.jpg": jpeg(200, 200)[:2500], "b/text.png": b"hello"}
    dataset(tmp_path / "data", made)
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    command = [sys.executable, "-m", "auditor", "scan", str(tmp_path / "data"), "-o", "out", "-q"]
    start = time.monotonic()
    subprocess.run([*command, "--reproducible"], cwd=tmp_path / "whole", check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    rng, killed, tried = random.Random(3), 0, 0
    while killed < KILLS and tried < 3 * KILLS:
        tried += 1
        # Another seed has every check run anew, and every other time all files are read anew: each moment has something to kill.
        again = [*command, "--seed", str(tried), *(["--rehash"] if tried % 2 else [])]
        process = subprocess.Popen(again, cwd=tmp_path / "killed", stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(rng.uniform(0.1, 0.9) * seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
    assert killed == KILLS
    subprocess.run([*command, "--reproducible"], cwd=tmp_path / "killed", check=True, stdout=subprocess.DEVNULL)
    whole, again = files(tmp_path / "whole" / "out"), files(tmp_path / "killed" / "out")
    leftovers = {name for name in again if name.endswith((".part", ".tmp"))}
    assert set(again) - leftovers == set(whole)
    assert [name for name in whole if whole[name] != again[name]] == []
