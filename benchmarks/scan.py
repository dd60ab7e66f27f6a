"""What a scan costs, in CPU seconds of the whole process and its children, against decoding the same files with Pillow.

    python benchmarks/scan.py [--photos FOLDER] [--peers VENV/bin/python] [--part scan|audit|both] [--tiny
    10000] [--large 12]

Start-up (the same command on ten images) is taken off, for both. `scan` is reading and measuring alone;
`files and classes` is `auditor scan` with the report and the checks of files, single pictures, copies,
classes and the first of splits; `audit` is `auditor scan` with every default check and the report. Everything
is measured in one run, because only ratios within a run mean anything. Files are made from a seed.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

DECODE = """
import io, sys
from pathlib import Path
import numpy as np
from PIL import Image
for path in sorted(p for p in Path(sys.argv[1]).rglob("*") if p.suffix in (".jpg", ".png")):
    np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"))
"""
SCAN = """
import sys
from auditor.readers import open_dataset
from auditor.scanning import scan_images
scan_images(open_dataset(sys.argv[1]), jobs=int(sys.argv[2]))
"""
#: What nearly all peers check, and class sizes and shares.
FIRST = (
    "unreadable", "truncated", "wrong-extension", "dark", "bright", "low-contrast", "blurry", "odd-size", "odd-aspect", "exact-duplicate",
    "near-duplicate", "conflicting-labels", "split-leak", "class-imbalance", "rare-class", "test-too-small", "label-shift",
    "property-shift", "label-names",
)  # fmt: skip
CLEANVISION = "import sys; from cleanvision import Imagelab; lab = Imagelab(data_path=sys.argv[1]); lab.find_issues(n_jobs=1)"
IMAGEDEDUP = "import sys; from imagededup.methods import PHash; PHash().encode_images(image_dir=sys.argv[1], recursive=True, num_enc_workers=0)"


def cpu(command: list[str]) -> tuple[float, float]:
    """Return CPU and wall seconds of a command and all its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])}: status {done.returncode}\n{done.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start


def make(folder: Path, count: int, width: int, height: int, seed: int = 0) -> None:
    """Write JPEGs of two classes that look like photos to a decoder: smooth shapes and noise."""
    import cv2

    rng = np.random.default_rng(seed)
    for i in range(count):
        blobs = rng.integers(0, 255, (max(height // 60, 4), max(width // 60, 4), 3), dtype=np.uint8)
        picture = cv2.resize(blobs, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
        picture += rng.integers(-12, 13, (height, width, 1), dtype=np.int16)
        path = folder / f"class{i % 2}" / f"{i:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])


def ten_of(folder: Path, target: Path) -> Path:
    """Copy ten images, over all classes."""
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".jpg", ".png"))
    for path in files[:: max(len(files) // 10, 1)][:10]:
        place = target / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    return target


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--photos", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/data/clothing"
    )
    parser.add_argument("--peers", help="python of an environment with cleanvision and imagededup")
    parser.add_argument("--part", choices=("scan", "audit", "both"), default="both")
    parser.add_argument("--tiny", type=int, default=10_000, help="JPEGs of 32 px")
    parser.add_argument("--large", type=int, default=40, help="JPEGs of 12 megapixels")
    parser.add_argument("--jobs", default="2")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        sets = {"photos": options.photos.resolve()} if options.photos.is_dir() else {}
        if options.tiny:
            make(work / "tiny", options.tiny, 32, 32)
            sets[f"{options.tiny:,} of 32 px"] = work / "tiny"
        if options.large:
            make(work / "large", options.large, 4000, 3000)
            sets[f"{options.large} of 12 MP"] = work / "large"
        python = sys.executable
        commands: dict[str, list[str]] = {"decode only": [python, "-c", DECODE, "DATA"]}
        if options.part != "audit":
            commands["scan"] = [python, "-c", SCAN, "DATA", options.jobs]
        if options.part != "scan":
            commands["files and classes"] = [
                *(
                    python,
                    "-m",
                    "auditor",
                    "scan",
                    "DATA",
                    "-o",
                    "OUT",
                    "--jobs",
                    options.jobs,
                    "--select",
                    ",".join(FIRST),
                )
            ]
            commands["audit"] = [python, "-m", "auditor", "scan", "DATA", "-o", "OUT", "--jobs", options.jobs]
        if options.peers:
            commands["cleanvision"] = [options.peers, "-c", CLEANVISION, "DATA"]
            commands["imagededup"] = [options.peers, "-c", IMAGEDEDUP, "DATA"]
        print(
            "| data | command | CPU s | start-up | net | x decode only | wall s |\n|---|---|---|---|---|---|---|"
        )
        for k, (name, folder) in enumerate(sets.items()):
            few = ten_of(folder, work / f"few{k}")
            base = 0.0
            for label, command in commands.items():
                used = []
                for data in (few, folder):
                    out = str(work / f"out-{k}-{label.split()[0]}-{data.name}")
                    used.append(cpu([{"DATA": str(data), "OUT": out}.get(word, word) for word in command]))
                (start, _), (whole, wall) = used
                net = max(whole - start, 1e-9)
                base = base or net
                print(
                    f"| {name} | {label} | {whole:.2f} | {start:.2f} | {net:.2f} | {net / base:.2f} | {wall:.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
