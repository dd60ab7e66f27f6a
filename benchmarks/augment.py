"""Images per CPU second.

Auditor's augmented files against albumentations alone, and what augmentation on the fly adds to an epoch.

    python benchmarks/augment.py DATA [--images 600] [--side 64] [--no-training]

``DATA`` is a folder of class folders. *Alone* is the loop one would write: read and decode the parent, apply
an `albumentations.Compose` of the same transforms with the same magnitudes and probabilities, encode in the
parent's format with the same settings, write. Both make the same number of images, several of each parent, in
one thread, and are run twice in turns; the better run of each counts.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

#: Filters of the baseline's first stage.
FILTERS = 16


def compose(policy: Any) -> Any:
    """The policy as a user of albumentations would write it."""
    import albumentations as A

    border = {"reflect": cv2.BORDER_REFLECT_101, "replicate": cv2.BORDER_REPLICATE}[policy.border]
    made = []
    for step in policy.steps:
        m, p = step.magnitudes, step.probability
        made.append(
            {
                "flip-horizontal": lambda m, p: A.HorizontalFlip(p=p),
                "flip-vertical": lambda m, p: A.VerticalFlip(p=p),
                "rotate": lambda m, p: A.Rotate(limit=m["degrees"], border_mode=border, p=p),
                "crop": lambda m, p: A.Affine(scale=(1, 1 / m["share"]), border_mode=border, p=p),
                "perspective": lambda m, p: A.Perspective(scale=(0, m["shift"]), border_mode=border, p=p),
                "elastic": lambda m, p: A.ElasticTransform(alpha=300, sigma=20, border_mode=border, p=p),
                "brightness-contrast": lambda m, p: A.RandomBrightnessContrast(
                    m["brightness"], m["contrast"], p=p
                ),
            }[step.name](m, p)
        )
    return A.Compose(made, seed=0)


def cpu(run: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    start = time.process_time()
    run()
    return time.process_time() - start


def alone(plan: Any, pipeline: Any, folder: Path, jpeg_quality: int) -> None:
    """Albumentations in a plain loop."""
    for number, parent in enumerate(plan.manifest["parent"]):
        data = plan.plan.dataset.source.read(parent)
        picture = cv2.cvtColor(
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB
        )
        out = cv2.cvtColor(pipeline(image=picture)["image"], cv2.COLOR_RGB2BGR)
        is_jpeg = data.startswith(b"\xff\xd8\xff")
        options = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality] if is_jpeg else [cv2.IMWRITE_PNG_COMPRESSION, 1]
        (folder / f"{number}{'.jpg' if is_jpeg else '.png'}").write_bytes(
            cv2.imencode(".jpg" if is_jpeg else ".png", out, options)[1].tobytes()
        )


def planned(data: str, images: int, without: tuple[str, ...] = ()) -> Any:
    """An augmentation of about ``images`` images, two of each parent."""
    from dataclasses import dataclass

    from auditor.augmentation import plan_augmentation
    from auditor.readers import open_dataset

    dataset = open_dataset(data)
    table = dataset.samples.assign(cluster="")
    table = (
        table[table["label"] != ""]
        .groupby("label")
        .head(max(images // (2 * table["label"].nunique()), 2))
        .assign(split="train")
    )

    @dataclass(frozen=True)
    class Split:
        dataset: Any
        table: Any
        usable: Any

    per_class = int(table["label"].value_counts().min())
    return plan_augmentation(Split(dataset, table, table), target=3 * per_class, without=without)


def files(data: str, images: int, without: tuple[str, ...]) -> None:
    """Print the rates of writing files."""
    from auditor.augmentation.pictures import JPEG_QUALITY

    plan = planned(data, images, without)
    pipeline = compose(plan.policy)
    cv2.setNumThreads(1)
    best = {"alone": float("inf"), "auditor": float("inf")}
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            best["alone"] = min(
                best["alone"], cpu(lambda to=Path(folder): alone(plan, pipeline, to, JPEG_QUALITY))
            )
        with tempfile.TemporaryDirectory() as folder:
            best["auditor"] = min(best["auditor"], cpu(lambda to=folder: plan.write(to, jobs=1)))
    n = len(plan.manifest)
    print(
        f"files, {', '.join(plan.policy.names)}: {n} images from {plan.manifest['parent'].nunique()} "
        f"parents, one thread"
    )
    for name, seconds in best.items():
        print(f"  {name:8} {n / seconds:7.0f} images per CPU second")
    print(f"  auditor / alone: {best['alone'] / best['auditor']:.2f} (at least 0.70 is asked)")


def on_the_fly(data: str, images: int, side: int) -> None:
    """Print what augmentation adds to an epoch of the baseline's CNN that sees the same number of images from
    memory.
    """
    import keras

    from auditor.baseline.network import Architecture, build
    from auditor.baseline.scaling import Scaler

    plan = planned(data, images)
    stream = plan.dataset((side, side), 32)
    for _ in stream:  # parents are decoded and kept
        pass
    keras.utils.set_random_seed(0)
    unit = Scaler(kind="min-max", scale=(1 / 255,) * 3, offset=(0.0,) * 3)
    model = build(
        Architecture(image_size=side, classes=len(plan.labels), filters=FILTERS, depth=3, scaler=unit),
        probabilities=True,
    )
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    batches = [(x.numpy(), y.numpy()) for x, y in stream]

    def plain() -> None:
        for x, y in batches:
            model.train_on_batch(x, y)

    def augmented() -> None:
        for x, y in stream:
            model.train_on_batch(x, y)

    plain()
    best = {"plain": float("inf"), "augmented": float("inf")}
    for _ in range(2):
        best["plain"] = min(best["plain"], cpu(plain))
        best["augmented"] = min(best["augmented"], cpu(augmented))
    total = sum(len(y) for _, y in batches)
    print(
        f"on the fly at {side} px, {total} images an epoch of which {len(plan.manifest)} are made as "
        f"they pass"
    )
    more = best["augmented"] / best["plain"] - 1
    print(
        f"  epoch from memory {best['plain']:.2f}, augmented {best['augmented']:.2f} CPU s: {more:+.1%} "
        f"(at most +15 % is asked)"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data")
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--no-training", action="store_true")
    options = parser.parse_args()
    files(options.data, options.images, ())
    files(
        options.data, options.images, ("elastic",)
    )  # albumentations draws elastic fields pixel by pixel, which is slow: without it too
    if not options.no_training:
        on_the_fly(options.data, options.images, options.side)


if __name__ == "__main__":
    main()
