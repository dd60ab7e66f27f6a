"""How CPU time and memory of a whole audit grow with the number of images, stage by stage.

    python benchmarks/scale.py [--counts 1000 10000 100000] [--tables 1000000] [--jobs 2] [--keep FOLDER]

Makes that many JPEGs of 32 px (100,000 take 400 MB of disk, 1,000,000 take 4 GB), runs ``auditor scan`` on
each set with every default check and the report, and prints the CPU seconds of each stage, of all processes,
and the largest resident size of all processes together in it: the sum of their proportional set sizes (pages
that several share count once), sampled ten times a second. The second line of each pair is the same command
again with other settings, so that it reads no image and runs every check.

``--tables`` checks scans that no image was read for: rows and thumbnails are mixed from those of the first
``--counts``, so that a million rows take minutes.

``--keep`` leaves the images and results there, to be used again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from scan import make

AUDIT = """
import json, resource, sys, time
from pathlib import Path
import auditor
from auditor.commands.config import Config
from auditor.commands.options import Listeners, ScanOptions
def told(stage):
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
    print(json.dumps([stage.split()[0], cpu, time.monotonic()]), flush=True)
told("Listing")
config = Config().with_settings(["class-imbalance.warn-ratio=" + sys.argv[4]])
audit = auditor.scan(sys.argv[1], output=sys.argv[2], config=config, scanning=ScanOptions(jobs=int(sys.argv[3])),
                     listeners=Listeners(stage=told))
told("End")
"""
TABLE = (
    AUDIT.split("def told")[0]
    + """
import numpy as np, pandas as pd
from auditor.checks import CHECKS, choose, run_checks
from auditor.commands.audit import Audit
from auditor.commands.scan import make_exhibits
from auditor.evidence import Evidence
from auditor.commands.provenance import dataset_facts
from auditor.readers import open_dataset
from auditor.record import Record
from auditor.scanning import scan_images
from auditor.scanning.mapped_signatures import Signatures
def told(stage):
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([stage, own.ru_utime + own.ru_stime, time.monotonic()]), flush=True)
n, rng = int(sys.argv[4]), np.random.default_rng(0)
told("Listing")
data = open_dataset(sys.argv[1])
real = scan_images(data)
marks, block = Signatures.zeros(n, Path(sys.argv[2])), 20_000
for start in range(0, n, block):
    size = min(block, n - start)
    drawn = rng.integers(0, len(real.images), (2, size))
    one, other = (real.signatures[rows].array.astype(np.float32) for rows in drawn)
    marks[np.arange(start, start + size)] = other + (one - other) * rng.uniform(0.3, 0.7, (size, 1)).astype(np.float32)
images = real.images.iloc[np.arange(n) % len(real.images)].reset_index(drop=True)
del real
numbers = rng.permutation(n)
images["label"] = pd.Series(rng.integers(0, 10, n)).map("class {}".format).to_numpy()
images["split"] = rng.choice(["train", "val", "test"], n, p=[0.7, 0.15, 0.15])
images["path"] = [f"{number:07d}.jpg" for number in range(n)]
images["pixel_digest"] = [f"{number:032x}" for number in numbers]
images["sha256"] = [f"{number:064x}" for number in numbers]
for name in images.select_dtypes("float"):
    images[name] *= rng.uniform(0.97, 1.03, n)
told("Running")
evidence = Evidence(images, marks)
findings = run_checks(evidence, choose(CHECKS))
data = data.with_samples(images[["path", "label", "split", "group"]])
record = Record(dataset=dataset_facts(data, evidence), findings=findings, images=images, exhibits=make_exhibits(evidence, findings))
evidence.release_memory()
told("Writing")
Audit(record).save(sys.argv[2])
told("End")
"""
)
#: Stages by the first word of what the listeners are told.
STAGES = {"Listing": "list", "Scanning": "read", "Running": "check", "Writing": "report"}


def descendants(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found.extend(map(int, task.read_text().split()))
    return found


def resident(pid: int) -> int:
    """Return the memory of a process and its descendants, in bytes.

    Pages that several of them share count once.
    """
    total = 0
    for each in descendants(pid):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def audit(
    script: str, data: Path, output: Path, jobs: str, number: str
) -> tuple[dict[str, float], dict[str, int], float]:
    """Run one of the scripts; return its CPU seconds and largest memory by stage, and its wall seconds."""
    child = subprocess.Popen(
        [sys.executable, "-c", script, data, output, jobs, number], stdout=subprocess.PIPE, text=True
    )
    stage, peaks, over = ["list"], defaultdict(int), threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            try:
                now = resident(child.pid)
            except OSError:
                continue
            peaks[stage[0]] = max(peaks[stage[0]], now)

    watcher = threading.Thread(target=watch)
    watcher.start()
    marks: list[tuple[str, float, float]] = []
    assert child.stdout is not None
    for line in child.stdout:
        name, cpu, clock = json.loads(line)
        stage[0] = STAGES.get(name, stage[0])
        marks.append((stage[0], cpu, clock))
    status = child.wait()
    over.set()
    watcher.join()
    if status:
        raise SystemExit(f"the audit ended with status {status}")
    used: dict[str, float] = defaultdict(float)
    for (name, cpu, _), (_, then, _) in pairwise(marks):
        used[name] += then - cpu
    return used, peaks, marks[-1][2] - marks[0][2]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--tables", type=int, nargs="+", default=[])
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    names = list(STAGES.values())
    columns = [
        "images",
        *(f"{n}, CPU s" for n in names),
        *(f"{n}, MB" for n in names),
        "CPU s",
        "peak MB",
        "wall s",
    ]
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        place = options.keep or Path(scratch)

        def row(count: int, script: str, data: Path, number: str) -> None:
            output = place / f"output-{count}-{os.getpid()}"
            output.mkdir(exist_ok=True)
            used, peaks, wall = audit(script, data, output, options.jobs, number)
            cells = [
                f"{count:,}",
                *(f"{used[n]:.1f}" for n in names),
                *(f"{peaks[n] / 1e6:,.0f}" for n in names),
            ]
            print(
                "| "
                + " | ".join(
                    [
                        *cells,
                        f"{sum(used.values()):,.1f}",
                        f"{max(peaks.values()) / 1e6:,.0f}",
                        f"{wall:,.0f}",
                    ]
                )
                + " |",
                flush=True,
            )

        for count in options.counts:
            if not (place / f"images-{count}").is_dir():
                make(place / f"images-{count}", count, 32, 32)
                time.sleep(2.5)  # a file that has only just been written is not trusted
            for ratio in ("10", "11"):
                row(count, AUDIT, place / f"images-{count}", ratio)
        for count in options.tables:
            row(count, TABLE, place / f"images-{options.counts[0]}", str(count))


if __name__ == "__main__":
    main()
