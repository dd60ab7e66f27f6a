"""Does the memory of training grow with the number of images?

    python benchmarks/memory.py [images ...]

For each number of images (10,000 and 100,000) a process of its own writes a cache of that many random
pictures of 16 px, trains one epoch of the smallest network on them, streamed and varied as the baseline does,
and prints its peak resident memory.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from auditor.baseline.feeding import Samples
from auditor.baseline.fitting import Run, fit
from auditor.baseline.network import Architecture, network
from auditor.baseline.pixels import PixelCache
from auditor.baseline.scaling import measure_pixels
from auditor.baseline.varying import MILD

SIDE, CLASSES, PIECE = 16, 10, 1000


def peak(images: int) -> float:
    """Train on ``images`` pictures and return the peak of this process in MB."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        cache = PixelCache(Path(name) / "pixels.bin", SIDE, images)
        with cache.file.open("wb") as stream:
            for _ in range(images // PIECE):
                records = rng.integers(0, 256, (PIECE, cache.record_bytes), dtype=np.uint8)
                records[:, 0] = 1
                stream.write(records.tobytes())
        train = Samples(cache, np.arange(images), rng.integers(0, CLASSES, images))
        scaler = measure_pixels(cache.stream(train.rows)).min_max()
        net = network(Architecture(image_size=SIDE, classes=CLASSES, filters=16, depth=1, scaler=scaler))
        fit(net, train, train.take(np.arange(PIECE)), Run(epochs=1, variation=MILD))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(*numbers: int) -> None:
    for images in numbers or (10_000, 100_000):
        run = [sys.executable, __file__, "--peak", str(images)]
        found = float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
        print(f"{images:>9,} images of {SIDE} px: peak {found:.0f} MB", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        print(peak(int(sys.argv[2])))
    else:
        main(*(int(a) for a in sys.argv[1:]))
