"""How often the shift checks are wrong, and what they find: calibration and power on real photos.

    python benchmarks/shift.py DATA --cache FOLDER [--trials 200] [--sizes N ...] [--only calibration|power]
    [--minutes M]

DATA is labelled photos (about 1,700 or more; a folder, or idx files such as Fashion-MNIST's), or ``digits``
for scikit-learn's handwritten digits at 32 x 32 pixels. Every fault is put into pixels, saved, and measured
again through `auditor.scanning`; clean photos go through the same decoding and saving, so that nothing but
the fault differs.

Scans and the outcome of every trial are kept in the cache folder, by the sources they were made with: the
same command goes on where it was stopped, by ``--minutes`` or by hand, and the table is that of all trials so
far. Trials of all cases take turns, so that none lags. Trial ``i`` is seeded with ``i``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

import auditor
import auditor.checks as checks
from auditor.checks.shift_pairs import FAMILY
from auditor.evidence import Evidence
from auditor.readers import open_dataset
from auditor.scanning import scan_images
from auditor.stats.intervals import wilson

Picture = np.ndarray
#: Quality at which every picture is saved in the end.
QUALITY = 90
#: Side of the tiles that stand in for a data set of more than 10,000 images, and tiles per photo.
TILE, TILES = 96, 12
#: Trials of a case before the next one has its turn.
TURN = 10
#: Photos drawn from a larger data set, for halves of 10,000; faults are put into the first of them.
CLEAN_POOL, FAULTY_POOL = 20_000, 4_000


def _jpeg(picture: Picture, quality: int) -> Picture:
    return cv2.imdecode(
        cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR
    )


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


#: What is done to a picture, and the JPEG quality it is saved at: `QUALITY`, as the clean ones are, but for
#: plain re-compression.
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


@once
def sources(*rooms: str) -> str:
    """Return a digest of the package's sources in some of its rooms: what was made with others is made again."""
    root = Path(auditor.__file__).parent
    files = sorted(f for room in rooms for f in (root / room).rglob("*.py"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:12]


def scanned(
    data: Path, cache: Path, name: str, change: Callable[[Picture, np.random.Generator], list[Picture]], quality: int = QUALITY,
    limit: int = CLEAN_POOL,
) -> Pool:  # fmt: skip
    """Scan changed copies of the pictures of a data set, once; ``group`` is the photo."""
    stem = f"{name}-{sources('scanning')}".replace(" ", "-").replace("%", "percent")
    table, marks = cache / f"{stem}.pkl", cache / f"{stem}.npy"
    if not table.exists() or not marks.exists():
        dataset = open_dataset(data)
        with tempfile.TemporaryDirectory() as folder:
            rows = []
            drawn = dataset.samples.iloc[np.random.default_rng(0).permutation(len(dataset.samples))[:limit]]
            for i, (path, label) in enumerate(zip(drawn["path"], drawn["label"], strict=True)):
                picture = cv2.imdecode(np.frombuffer(dataset.source.read(path), np.uint8), cv2.IMREAD_COLOR)
                rng = np.random.default_rng([i, int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)])
                for k, new in enumerate(change(picture, rng)):
                    file = f"{i:06d}_{k}.jpg"
                    cv2.imwrite(f"{folder}/{file}", new, [cv2.IMWRITE_JPEG_QUALITY, quality])
                    rows.append((file, label, f"p{i:06d}"))
            pd.DataFrame(rows, columns=["path", "label", "group"]).to_csv(f"{folder}/table.csv", index=False)
            found = scan_images(open_dataset(f"{folder}/table.csv"), jobs=1)
        found.images.to_pickle(table)
        np.save(marks, found.signatures.array)
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


@once
def faulty_pool(data: Path, cache: Path, name: str) -> Pool:
    """Scan photos with one fault, or ``unchanged``."""
    change, quality = FAULTS[name]
    limit = CLEAN_POOL if name == "unchanged" else FAULTY_POOL
    return scanned(data, cache, name, lambda picture, rng: [change(picture, rng)], quality, limit)


@once
def tiles(data: Path, cache: Path) -> Pool:
    """Cut tiles out of each photo: a large data set of real pictures that comes in groups."""

    def cut(picture: Picture, rng: np.random.Generator) -> list[Picture]:
        height, width = picture.shape[:2]
        side = min(TILE, height, width)
        corners = zip(
            rng.integers(0, height - side + 1, TILES), rng.integers(0, width - side + 1, TILES), strict=True
        )
        return [picture[y : y + side, x : x + side] for y, x in corners]

    return scanned(data, cache, "tiles", cut)


def assemble(parts: list[tuple[Pool, np.ndarray, str]], *, grouped: bool, seed: int) -> Evidence:
    """Put rows of pools together as splits of one data set."""
    images = pd.concat(
        [pool[0].iloc[rows].assign(split=split) for pool, rows, split in parts], ignore_index=True
    )
    images["path"] = [f"{i:07d}.jpg" for i in range(len(images))]
    if not grouped:
        images["group"] = ""
    return Evidence(images, np.concatenate([pool[1][rows] for pool, rows, _ in parts]), seed=seed)


def graded(scan: Evidence) -> dict[str, str]:
    """Worst severity by check."""
    codes = [c.code for c in checks.CHECKS if c.code in FAMILY]
    # The permutation test grades nothing, so few permutations do.
    chosen = checks.choose(checks.CHECKS, select=codes, settings={"content-shift": {"permutations": 19}})
    found = checks.run_checks(scan, chosen)
    worst: dict[str, str] = {}
    for f in found:  # worst first
        worst.setdefault(f.code, str(f.severity))
    return worst


@dataclass(frozen=True)
class Case:
    """A row of the table: what is compared, at which size, and how the scan of a trial is made."""

    name: str
    n: int
    trial: Callable[[int], Evidence]


def run(cases: list[Case], store: Path, trials: int, minutes: float) -> None:
    """Run the trials that are not in the store yet, turn by turn, until all are there or the time is up."""
    until = time.monotonic() + 60 * minutes
    known = {(r["case"], r["n"], r["trial"]) for r in stored(store)}
    for turn in range(0, trials, TURN):
        for case in cases:
            for trial in range(turn, min(turn + TURN, trials)):
                if (case.name, case.n, trial) in known:
                    continue
                if time.monotonic() > until:
                    return
                start = time.process_time()
                outcome = {
                    "case": case.name,
                    "n": case.n,
                    "trial": trial,
                    "grades": graded(case.trial(trial)),
                }
                with store.open("a") as out:
                    out.write(
                        json.dumps({**outcome, "seconds": round(time.process_time() - start, 2)}) + "\n"
                    )


def stored(store: Path) -> list[dict]:
    """Return the outcomes of trials so far; a line that was cut off by a kill is left out."""
    lines = store.read_text().splitlines() if store.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def table(store: Path, names: list[str]) -> Iterator[str]:
    """Yield the lines of the table: in which share of trials any check, and each, warns (or errs) and passes."""
    yield (
        "| case | images a side | trials | any check (95 % interval) | "
        + " | ".join(f"{code}: warns, passes" for code in FAMILY)
        + " | all pass | CPU s each |"
    )
    yield "|---|" + "---|" * (len(FAMILY) + 5)
    rows = pd.DataFrame(stored(store))
    for name in names:
        for n, part in rows[rows["case"] == name].groupby("n"):
            alarmed = pd.DataFrame(
                [{c: g.get(c) in ("error", "warning") for c in FAMILY} for g in part["grades"]]
            )
            clean = np.mean([set(g.values()) <= {"pass", "info"} for g in part["grades"]])
            hits, count = int(alarmed.any(axis=1).sum()), len(part)
            low, high = wilson(hits, count)
            passed = pd.DataFrame([{c: g.get(c) == "pass" for c in FAMILY} for g in part["grades"]])
            shares = " | ".join(f"{alarmed[c].mean():.0%}, {passed[c].mean():.0%}" for c in FAMILY)
            yield (
                f"| {name} | {n:,} | {count} | {hits / count:.1%} ({low:.0%} to {high:.0%}) | {shares} | {clean:.0%} "
                f"| {part['seconds'].mean():.1f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 500, 1000, 10_000])
    parser.add_argument("--only", choices=("calibration", "power"), default=None)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    options = parser.parse_args()
    cache = options.cache or Path(tempfile.mkdtemp())
    cache.mkdir(parents=True, exist_ok=True)
    if str(options.data) == "digits":
        options.data, cache = digits(cache / "digits"), cache / "digits-scans"
        cache.mkdir(exist_ok=True)
    cases: list[Case] = []
    for n in options.sizes if options.only != "power" else ():
        cases += calibration(options.data, cache, n)
    for n in options.sizes if options.only != "calibration" else ():
        cases += power(options.data, cache, n)
    store = cache / f"trials-{sources('scanning', 'duplicates', 'evidence', 'stats', 'checks')}.jsonl"
    run(cases, store, options.trials, options.minutes)
    print("\n".join(table(store, list(dict.fromkeys(case.name for case in cases)))))


@once
def whole(pool: Callable[[], Pool], grouped: bool) -> tuple[Evidence, np.ndarray]:
    """Return one scan of a pool and the photo of each of its images; evidence is made once for all trials."""
    images, signatures = pool()
    scan = assemble([((images, signatures), np.arange(len(images)), "")], grouped=grouped, seed=0)
    scan.groups, scan.descriptor  # noqa: B018
    return scan, images["group"].to_numpy()


def calibration(data: Path, cache: Path, n: int) -> Iterator[Case]:
    """Random halves of one data set: photos where there are enough, else tiles of photos, drawn one by one and by photo."""
    photos = once(lambda: faulty_pool(data, cache, "unchanged"))
    if 2 * n <= len(photos()[0]):
        yield Case("random halves of photos", n, lambda trial: half(*whole(photos, False), n, trial, False))
        return
    cut = once(lambda: tiles(data, cache))
    yield Case("random halves of tiles", n, lambda trial: half(*whole(cut, False), n, trial, False))
    yield Case("random halves of tiles, by photo", n, lambda trial: half(*whole(cut, True), n, trial, True))


def half(scan: Evidence, photos: np.ndarray, n: int, trial: int, grouped: bool) -> Evidence:
    """Return a scan with two random halves of ``n`` images as its splits; whole photos, where they are groups."""
    rng = np.random.default_rng([n, trial])
    if grouped:
        order = rng.permutation(np.unique(photos))
        count = min(n // TILES, len(order) // 2)  # photos a side, drawn at random
        sides = [np.flatnonzero(np.isin(photos, part)) for part in (order[:count], order[count : 2 * count])]
    else:
        drawn = rng.permutation(len(photos))
        sides = [drawn[:n], drawn[n : 2 * n]]
    splits = np.full(len(photos), "", dtype=object)
    splits[sides[0]], splits[sides[1]] = "train", "test"
    return scan.with_splits(splits)


def power(data: Path, cache: Path, n: int) -> Iterator[Case]:
    """Every fault in half the images of one side, then one class knocked out of it; none where there are too few photos."""
    clean = faulty_pool(data, cache, "unchanged")
    labels = clean[0]["label"].to_numpy()[:FAULTY_POOL]
    if 2 * n > len(labels):
        return

    def faulty(fault: str, trial: int) -> Evidence:
        drawn = np.random.default_rng([n, trial, 1]).permutation(len(labels))
        broken = faulty_pool(data, cache, fault)
        sides = [
            (clean, drawn[:n], "train"),
            (clean, drawn[n : n + n // 2], "test"),
            (broken, drawn[n + n // 2 : 2 * n], "test"),
        ]
        return assemble(sides, grouped=False, seed=trial)

    def without(gone: str, trial: int) -> Evidence:
        drawn = np.random.default_rng([n, trial, 2]).permutation(len(labels))
        rest = drawn[n:][labels[drawn[n:]] != gone][:n]
        return assemble([(clean, drawn[:n], "train"), (clean, rest, "test")], grouped=False, seed=trial)

    for fault in list(FAULTS)[1:]:
        yield Case(f"{fault} in half", n, lambda trial, fault=fault: faulty(fault, trial))
    classes, counts = np.unique(labels, return_counts=True)
    yield Case(
        "a class in turn knocked out", n, lambda trial: without(str(classes[trial % len(classes)]), trial)
    )
    smallest = str(classes[counts.argmin()])
    yield Case(
        f"the smallest class ({counts.min() / counts.sum():.1%}) knocked out",
        n,
        lambda trial: without(smallest, trial),
    )


if __name__ == "__main__":
    main()
