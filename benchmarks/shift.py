"""How often the shift checks are wrong, and what they find: calibration and power on real photos.

    python benchmarks/shift.py DATA [--cache FOLDER] [--trials 200] [--sizes N ...] [--only calibration|power]

DATA is a folder of labelled photos (about 1,700 or more), or ``digits`` for scikit-learn's handwritten digits at 32 x 32 pixels. Every
fault is put into pixels, saved, and measured again through `auditor.scanning`; clean photos go through the same decoding and saving, so
that nothing but the fault differs. Scans are kept in the cache folder (a temporary one by default).
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

import auditor.checks as checks
from auditor.evidence import Scan
from auditor.evidence.shift import FAMILY
from auditor.finding import Severity
from auditor.readers import open_dataset
from auditor.scanning import scan_images

Picture = np.ndarray
#: Quality at which every picture is saved in the end.
QUALITY = 90
#: Side of the tiles that stand in for a data set of more than 10,000 images, and tiles per photo.
TILE, TILES = 96, 12


def _jpeg(picture: Picture, quality: int) -> Picture:
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def noise(picture: Picture, rng: np.random.Generator) -> Picture:
    return np.clip(picture + rng.normal(0, 10, picture.shape), 0, 255).astype(np.uint8)


def blur(picture: Picture, rng: np.random.Generator) -> Picture:
    return cv2.GaussianBlur(picture, (0, 0), 1.0)


def brighten(picture: Picture, rng: np.random.Generator) -> Picture:
    return np.clip(picture * 1.3, 0, 255).astype(np.uint8)


def rotate(picture: Picture, rng: np.random.Generator) -> Picture:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-40, 40), 1)
    return cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REFLECT)


def recompress_and_hide(picture: Picture, rng: np.random.Generator) -> Picture:
    return _jpeg(picture, 50)


def unchanged(picture: Picture, rng: np.random.Generator) -> Picture:
    return picture


#: What is done to a picture, and the JPEG quality it is saved at: `QUALITY`, as the clean ones are, but for plain re-compression.
FAULTS: dict[str, tuple[Callable[[Picture, np.random.Generator], Picture], int]] = {
    "unchanged": (unchanged, QUALITY),
    "noise sd 10": (noise, QUALITY),
    "blur sd 1 px": (blur, QUALITY),
    "brightness +30 %": (brighten, QUALITY),
    "rotation to 40 degrees": (rotate, QUALITY),
    "re-compression at 50": (unchanged, 50),
    "re-compression at 50 hidden by 90": (recompress_and_hide, QUALITY),
}


Pool = tuple[pd.DataFrame, np.ndarray]


def scanned(
    data: Path, cache: Path, name: str, change: Callable[[Picture, np.random.Generator], list[Picture]], quality: int = QUALITY
) -> Pool:
    """Scan changed copies of the pictures of a data set, once; ``group`` is the photo."""
    table, marks = cache / f"{name}.pkl", cache / f"{name}.npy"
    if not table.exists():
        dataset = open_dataset(data)
        with tempfile.TemporaryDirectory() as folder:
            rows = []
            for i, (path, label) in enumerate(zip(dataset.samples["path"], dataset.samples["label"], strict=True)):
                picture = cv2.imdecode(np.frombuffer(dataset.source.read(path), np.uint8), cv2.IMREAD_COLOR)
                rng = np.random.default_rng([i, int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)])
                for k, new in enumerate(change(picture, rng)):
                    file = f"{i:06d}_{k}.jpg"
                    cv2.imwrite(f"{folder}/{file}", new, [cv2.IMWRITE_JPEG_QUALITY, quality])
                    rows.append((file, label, f"p{i:06d}"))
            pd.DataFrame(rows, columns=["path", "label", "group"]).to_csv(f"{folder}/table.csv", index=False)
            found = scan_images(open_dataset(f"{folder}/table.csv"), jobs=1)
        found.images.to_pickle(table)
        np.save(marks, found.signatures)
    return pd.read_pickle(table), np.load(marks)


def digits(folder: Path) -> Path:
    """Write scikit-learn's digits as 32 x 32 pictures in class folders, once."""
    if not folder.exists():
        from sklearn.datasets import load_digits

        bunch = load_digits()
        for i, (picture, label) in enumerate(zip(bunch.images, bunch.target, strict=True)):
            (folder / str(label)).mkdir(parents=True, exist_ok=True)
            large = cv2.resize((picture * 255 / 16).astype(np.uint8), (32, 32), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(folder / str(label) / f"{i:04d}.png"), large)
    return folder


def faulty_pool(data: Path, cache: Path, name: str) -> Pool:
    """Scan all photos with one fault, or ``unchanged``."""
    change, quality = FAULTS[name]
    return scanned(data, cache, name, lambda picture, rng: [change(picture, rng)], quality)


def tiles(data: Path, cache: Path) -> Pool:
    """Cut tiles out of each photo: a large data set of real pictures that comes in groups."""

    def cut(picture: Picture, rng: np.random.Generator) -> list[Picture]:
        height, width = picture.shape[:2]
        side = min(TILE, height, width)
        corners = zip(rng.integers(0, height - side + 1, TILES), rng.integers(0, width - side + 1, TILES), strict=True)
        return [picture[y : y + side, x : x + side] for y, x in corners]

    return scanned(data, cache, "tiles", cut)


def assemble(parts: list[tuple[Pool, np.ndarray, str]], *, grouped: bool, seed: int) -> Scan:
    """Put rows of pools together as splits of one data set."""
    images = pd.concat([pool[0].iloc[rows].assign(split=split) for pool, rows, split in parts], ignore_index=True)
    images["path"] = [f"{i:07d}.jpg" for i in range(len(images))]
    if not grouped:
        images["group"] = ""
    return Scan(images, np.concatenate([pool[1][rows] for pool, rows, _ in parts]), seed=seed)


def graded(scan: Scan) -> dict[str, Severity]:
    """Worst severity by check."""
    codes = [c.code for c in checks.CHECKS if c.code in FAMILY]
    # The permutation test grades nothing, so few permutations do.
    chosen = checks.choose(checks.CHECKS, select=codes, settings={"content-shift": {"permutations": 19}})
    found = checks.run_checks(scan, chosen)
    worst: dict[str, Severity] = {}
    for f in found:
        worst[f.code] = min(worst.get(f.code, f.severity), f.severity, key=lambda s: s.rank)
    return worst


def tally(name: str, n: int, scans: Iterator[Scan]) -> str:
    """Return one row of a table: the share of trials in which any check, and each check, warns or worse."""
    alarms: Counter[str] = Counter()
    start, trials = time.process_time(), 0
    for scan in scans:
        trials += 1
        bad = [code for code, grade in graded(scan).items() if grade in (Severity.ERROR, Severity.WARNING)]
        alarms.update(bad)
        alarms["any"] += bool(bad)
    seconds = (time.process_time() - start) / trials
    shares = " | ".join(f"{alarms[code] / trials:.1%}" for code in ("any", *FAMILY))
    return f"| {name} | {n:,} | {trials} | {shares} | {seconds:.1f} |"


HEADER = "\n".join(
    ["| case | images a side | trials | any | " + " | ".join(FAMILY) + " | CPU s each |", "|---|" + "---|" * (len(FAMILY) + 4)]
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 500, 1000, 10_000])
    parser.add_argument("--only", choices=("calibration", "power"), default=None)
    options = parser.parse_args()
    cache = options.cache or Path(tempfile.mkdtemp())
    cache.mkdir(parents=True, exist_ok=True)
    if str(options.data) == "digits":
        options.data, cache = digits(cache / "digits"), cache / "digits-scans"
        cache.mkdir(exist_ok=True)
    print(HEADER)
    if options.only != "power":
        for n in options.sizes:
            for row in calibration(options.data, cache, n, options.trials):
                print(row, flush=True)
    if options.only != "calibration":
        for n in (m for m in options.sizes if m <= 1000):
            for row in power(options.data, cache, n, options.trials):
                print(row, flush=True)


def calibration(data: Path, cache: Path, n: int, trials: int) -> Iterator[str]:
    """Random halves of one data set: photos where there are enough, else tiles of photos, drawn one by one and by photo."""
    pool = faulty_pool(data, cache, "unchanged")
    kind = "photos"
    if 2 * n > len(pool[0]):
        pool, kind = tiles(data, cache), "tiles"
    everything = np.arange(len(pool[0]))
    for grouped in (False, True) if kind == "tiles" else (False,):
        whole = assemble([(pool, everything, "")], grouped=grouped, seed=0)
        whole.groups, whole.descriptor  # noqa: B018 - once for all trials
        yield tally(
            f"random halves of {kind}" + (", by photo" if grouped else ""),
            n,
            _halves(whole, pool[0]["group"].to_numpy(), n, trials, grouped),
        )


def _halves(whole: Scan, photos: np.ndarray, n: int, trials: int, grouped: bool) -> Iterator[Scan]:
    for trial in range(trials):
        rng = np.random.default_rng([n, trial])
        if grouped:
            order = rng.permutation(np.unique(photos))
            count = min(n // TILES, len(order) // 2)  # photos a side, drawn at random
            sides = [np.flatnonzero(np.isin(photos, half)) for half in (order[:count], order[count : 2 * count])]
        else:
            drawn = rng.permutation(len(photos))
            sides = [drawn[:n], drawn[n : 2 * n]]
        splits = np.full(len(photos), "", dtype=object)
        splits[sides[0]], splits[sides[1]] = "train", "test"
        yield whole.with_splits(splits)


def power(data: Path, cache: Path, n: int, trials: int) -> Iterator[str]:
    """Every fault in half the images of one side, then one class knocked out of it."""
    clean = faulty_pool(data, cache, "unchanged")
    labels = clean[0]["label"].to_numpy()
    n = min(n, len(labels) // 2)

    def faulty(fault: str) -> Iterator[Scan]:
        broken = faulty_pool(data, cache, fault)
        for trial in range(trials):
            drawn = np.random.default_rng([n, trial, 1]).permutation(len(labels))
            sides = [(clean, drawn[:n], "train"), (clean, drawn[n : n + n // 2], "test"), (broken, drawn[n + n // 2 : 2 * n], "test")]
            yield assemble(sides, grouped=False, seed=trial)

    def without(trial_class: Callable[[int], str]) -> Iterator[Scan]:
        for trial in range(trials):
            drawn = np.random.default_rng([n, trial, 2]).permutation(len(labels))
            gone = trial_class(trial)
            rest = drawn[n:][labels[drawn[n:]] != gone][:n]
            yield assemble([(clean, drawn[:n], "train"), (clean, rest, "test")], grouped=False, seed=trial)

    for fault in list(FAULTS)[1:]:
        yield tally(f"{fault} in half", n, faulty(fault))
    classes, counts = np.unique(labels, return_counts=True)
    yield tally("a random class knocked out", n, without(lambda trial: str(classes[trial % len(classes)])))
    smallest = str(classes[counts.argmin()])
    yield tally(f"the smallest class ({counts.min() / counts.sum():.1%}) knocked out", n, without(lambda trial: smallest))


if __name__ == "__main__":
    main()
