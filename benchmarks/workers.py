"""How much faster two workers read than one: wall seconds of the scan alone, in alternation.

    python benchmarks/workers.py [--photos FOLDER] [--tiny 10000] [--rounds 2]

Each round reads every set with ``jobs=1`` and then with ``jobs=2``. On a machine that has other things to do
the ratio is unsure.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from scan import make

#: As `auditor scan` does it, without checks and report.
SCAN = """
import sys, time
from auditor.process import settle
settle()
from auditor.scanning.worker_spawner import prepare
prepare()
from auditor.readers import open_dataset
from auditor.scanning import scan_images
dataset = open_dataset(sys.argv[1])
start = time.monotonic()
scan_images(dataset, jobs=int(sys.argv[2]))
print(time.monotonic() - start)
"""


def seconds(folder: Path, jobs: int) -> float:
    """Return how long the scan of a folder takes."""
    done = subprocess.run(
        [sys.executable, "-c", SCAN, str(folder), str(jobs)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """Print a row per set and round."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--photos", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/data/clothing"
    )
    parser.add_argument("--tiny", type=int, default=10_000, help="JPEGs of 32 px")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sets = {"photos": options.photos.resolve()} if options.photos.is_dir() else {}
        if options.tiny:
            make(Path(scratch), options.tiny, 32, 32)
            sets[f"{options.tiny:,} of 32 px"] = Path(scratch)
        print("| data | one worker, s | two, s | times as fast |\n|---|---|---|---|")
        for name, folder in sets.items():
            seconds(folder, 2)  # files into the cache, modules into memory
            for _ in range(options.rounds):
                one, two = seconds(folder, 1), seconds(folder, 2)
                print(f"| {name} | {one:.2f} | {two:.2f} | {one / two:.2f} |", flush=True)


if __name__ == "__main__":
    main()
