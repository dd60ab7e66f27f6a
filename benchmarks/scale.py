"""How the scan's CPU time and memory grow with the number of images.

    python benchmarks/scale.py [--counts 1000 10000 100000] [--jobs 2]

Makes that many JPEGs of 32 px (100,000 take 400 MB of disk), scans each set in a process of its own, and prints the CPU seconds and
the peak resident size of that process and of its largest worker. A second column scans the same set again from its store.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scan import make

SCAN = """
import os, resource, sys, threading, time
from pathlib import Path
from auditor.readers import open_dataset
from auditor.scanning import scan_images
data = open_dataset(sys.argv[1])
start = resource.getrusage(resource.RUSAGE_SELF)
scanned = scan_images(data, store=Path(sys.argv[2]), jobs=int(sys.argv[3]))
own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime - start.ru_utime - start.ru_stime
print(len(scanned.images), scanned.read, f"{cpu:.2f}", f"{own.ru_maxrss / 1024:.0f}", f"{workers.ru_maxrss / 1024:.0f}")
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--jobs", default="2")
    options = parser.parse_args()
    print("| images | read | CPU s | us per image | peak MB | largest worker MB |\n|---|---|---|---|---|---|")
    for count in options.counts:
        with tempfile.TemporaryDirectory() as scratch:
            make(Path(scratch, "data"), count, 32, 32)
            time.sleep(2.5)  # a file that has only just been written is not trusted
            for _ in range(2):
                command = [sys.executable, "-c", SCAN, f"{scratch}/data", f"{scratch}/store", options.jobs]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                images, read, cpu, peak, worker = done.stdout.split()
                each = float(cpu) / int(images) * 1e6
                print(f"| {int(images):,} | {int(read):,} | {cpu} | {each:.0f} | {peak} | {worker} |", flush=True)


if __name__ == "__main__":
    main()
