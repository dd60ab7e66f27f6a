"""What an epoch of the baseline costs beside a bare ``model.fit`` of the same model on arrays in memory, and
whether a second run traces.

    python benchmarks/train.py [images] [side]

The baseline varies every image as it is fed, the bare fit does not. Prints CPU seconds per epoch of both, in
turns so that a busy machine slows both, their ratio (to be at most 1.15), and the traces.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from auditor.baseline.feeding import Samples
from auditor.baseline.fitting import Run, fit
from auditor.baseline.network import Architecture, network
from auditor.baseline.pixels import build_cache
from auditor.baseline.scaling import measure_pixels
from auditor.baseline.varying import MILD
from auditor.dataset import LocalFiles

EPOCHS, ROUNDS = 6, 2


def main(images: int = 1024, side: int = 64) -> None:
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i in range(images):
            cv2.imwrite(str(folder / f"{i}.png"), rng.integers(0, 256, (side, side, 3)).astype(np.uint8))
        cache = build_cache(LocalFiles(name), [f"{i}.png" for i in range(images)], side, folder / "cache")
        labels = rng.integers(0, 10, images)
        everything = Samples(cache, np.arange(images), labels)
        pixels = everything.images()
        net = network(
            Architecture(
                image_size=side, classes=10, filters=16, depth=3, scaler=measure_pixels([pixels]).min_max()
            )
        )
        val = everything.take(np.arange(32))
        weights, held_out = np.ones(images, np.float32), (pixels[:32], labels[:32], np.ones(32, np.float32))
        run = Run(epochs=EPOCHS, patience=EPOCHS, batch_size=32, variation=MILD)
        fit(net, everything, val, run)
        net.model.fit(
            pixels,
            labels,
            sample_weight=weights,
            batch_size=32,
            epochs=1,
            verbose=0,
            validation_data=held_out,
        )
        traces = net.traces
        ours, bare = [], []
        for _ in range(ROUNDS):
            began = time.process_time()
            fit(net, everything, val, run)
            ours.append((time.process_time() - began) / EPOCHS)
            began = time.process_time()
            net.model.fit(
                pixels,
                labels,
                sample_weight=weights,
                batch_size=32,
                epochs=EPOCHS,
                verbose=0,
                validation_data=held_out,
            )
            bare.append((time.process_time() - began) / EPOCHS)
    a, b = float(np.median(ours)), float(np.median(bare))
    print(
        f"{images} images of {side} px: {a:.2f} CPU s an epoch, bare model.fit {b:.2f}, ratio "
        f"{a / b:.2f}; {net.traces - traces} new traces"
    )


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
