"""Measure the search for duplicates, and the limits of the checks of single pictures.

    python benchmarks/duplicates.py recall FOLDER [--side 32] [--per 40]
    python benchmarks/duplicates.py natural FOLDER [--half 1] [--pairs 1000]
    python benchmarks/duplicates.py quality FOLDER [--images 300]
    python benchmarks/duplicates.py speed [--images 60000]

``recall`` plants one copy of each kind of different images of FOLDER (any tree of images) and prints how many
were found, and how many of the pairs found are no planted ones: look at those, they may be real. ``natural``
makes a set of 32-pixel photos (each photo of FOLDER, and tiles of it that do not overlap) and hides pairs
among them as they occur in collections from the web: the same place of a photo cropped, turned, lit and
compressed otherwise, in four strengths, a tenth of them mirrored. ``--half`` takes every second photo only:
figures are those of half 1, so that constants can be chosen on half 0. ``quality`` plants faults of exposure,
contrast and focus and prints what each check names. ``speed`` searches made-up signatures, of which 1 % are
noisy copies, and prints CPU seconds.
"""

from __future__ import annotations

import argparse
import importlib
import io
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from auditor.checks import CHECKS, choose, run_checks
from auditor.dataset import Dataset, FileStat
from auditor.evidence import Evidence
from auditor.readers import open_dataset
from auditor.scanning import scan_images

Picture = npt.NDArray[np.uint8]


def jpeg(picture: npt.NDArray[np.generic], quality: int = 85) -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8))).save(
        target, "JPEG", quality=quality
    )
    return target.getvalue()


def png(picture: npt.NDArray[np.generic]) -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8))).save(target, "PNG")
    return target.getvalue()


def scaled(picture: Picture, factor: float) -> Picture:
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=method), dtype=np.uint8)


def cropped(picture: Picture, share: float, sides: str) -> Picture:
    height, width = picture.shape[:2]
    down, across = max(1, round(height * share)), max(1, round(width * share))
    return picture[
        down * ("t" in sides) : height - down * ("b" in sides),
        across * ("l" in sides) : width - across * ("r" in sides),
    ]


def framed(picture: Picture, share: float, grey: int) -> Picture:
    wide = max(1, round(share * min(picture.shape[:2])))
    return np.asarray(
        cv2.copyMakeBorder(picture, *[wide] * 4, cv2.BORDER_CONSTANT, value=(grey,) * 3), dtype=np.uint8
    )


def noisy(picture: Picture, deviation: float) -> npt.NDArray[np.float64]:
    return picture + np.random.default_rng(int(picture.sum())).normal(0, deviation, picture.shape)


COPIES: dict[str, Callable[[Picture], bytes]] = {
    "JPEG quality 50": lambda p: jpeg(p, 50),
    "JPEG quality 30": lambda p: jpeg(p, 30),
    "half size": lambda p: jpeg(scaled(p, 0.5)),
    "double size": lambda p: jpeg(scaled(p, 2)),
    "noise 5": lambda p: png(noisy(p, 5)),
    "noise 10": lambda p: png(noisy(p, 10)),
    "mirrored": lambda p: jpeg(p[:, ::-1]),
    "upside down": lambda p: jpeg(p[::-1]),
    "half turn": lambda p: jpeg(p[::-1, ::-1]),
    "quarter turn left": lambda p: jpeg(np.rot90(p)),
    "quarter turn right": lambda p: jpeg(np.rot90(p, 3)),
    "brighter by 30 %": lambda p: jpeg(p * 1.3),
    "darker by 30 %": lambda p: jpeg(p * 0.7),
    "grey": lambda p: jpeg(np.repeat(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)),
    "5 % cropped, one side": lambda p: jpeg(cropped(p, 0.05, "r")),
    "5 % cropped, two sides": lambda p: jpeg(cropped(p, 0.05, "tl")),
    "2.5 % cropped, all sides": lambda p: jpeg(cropped(p, 0.025, "tlbr")),
    "5 % cropped, all sides": lambda p: jpeg(cropped(p, 0.05, "tlbr")),
    "3 % black border": lambda p: jpeg(framed(p, 0.03, 0)),
    "5 % white border": lambda p: jpeg(framed(p, 0.05, 255)),
}

FAULTS: dict[str, Callable[[Picture], npt.NDArray[np.generic]]] = {
    "light x 0.15": lambda p: p * 0.15,
    "light x 0.3": lambda p: p * 0.3,
    "washed out": lambda p: 255 - (255 - p.astype(float)) * 0.04,
    "contrast x 0.15": lambda p: p.mean() + (p - p.mean()) * 0.15,
    "blur, 0.5 % of the side": lambda p: cv2.GaussianBlur(p, (0, 0), 0.005 * max(p.shape[:2])),
    "blur, 1 % of the side": lambda p: cv2.GaussianBlur(p, (0, 0), 0.01 * max(p.shape[:2])),
    "blur, 2 % of the side": lambda p: cv2.GaussianBlur(p, (0, 0), 0.02 * max(p.shape[:2])),
    "motion, 5 % of the side": lambda p: cv2.blur(p, (max(3, round(0.05 * p.shape[1])), 1)),
    "one colour": lambda p: np.full_like(p, 120),
}


@dataclass
class InMemory:
    """Files by path, over those of a data set."""

    files: dict[str, bytes]

    def read(self, path: str) -> bytes:
        return self.files[path]

    def stat(self, path: str) -> FileStat:
        return FileStat(len(self.files[path]), 0)


def load(folder: str, side: int | None) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the files of a folder without their exact copies, scaled to a side, and their labels."""
    data = open_dataset(folder)
    files: dict[str, bytes] = {}
    seen: set[bytes] = set()
    for path in data.samples["path"]:
        content = data.source.read(path)
        if content in seen:
            continue
        seen.add(content)
        if side:
            content = png(cv2.resize(decoded(content), (side, side), interpolation=cv2.INTER_AREA))
        files[path] = content
    return files, dict(zip(data.samples["path"], data.samples["label"], strict=True))


def decoded(content: bytes) -> Picture:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def scan(files: dict[str, bytes], labels: dict[str, str]) -> Evidence:
    paths = sorted(files)
    samples = pd.DataFrame({"path": paths, "label": [labels[p] for p in paths], "split": "", "group": ""})
    scanned = scan_images(
        Dataset(name="planted", kind="table", location="", samples=samples, source=InMemory(files)), jobs=1
    )
    return Evidence(scanned.images, scanned.signatures)


def recall(folder: str, side: int | None, per: int) -> None:
    files, labels = load(folder, side)
    originals = sorted(files)
    chosen = np.random.default_rng(0).permutation(originals)
    planted: dict[str, tuple[str, str]] = {}
    for k, (kind, copy) in enumerate(COPIES.items()):
        for path in np.take(chosen, np.arange(k * per, (k + 1) * per), mode="wrap"):
            name = f"{path} {kind}"
            planted[name] = (str(path), kind)
            files[name], labels[name] = copy(decoded(files[path])), labels[path]
    made = scan(files, labels)
    started = time.process_time()
    found = made.duplicates
    spent = time.process_time() - started
    row = {p: i for i, p in enumerate(made.images["path"])}
    print(f"\n{folder}, {f'{side} px, ' if side else ''}{len(originals):,} images, {per} copies of each kind")
    print(
        f"threshold "
        f"{found.calibration.threshold:.3f}{'' if found.calibration.calibrated else ' (default)'}, "
        f"{spent:.1f} CPU s\n"
    )
    print("| copy | found |\n|---|---|")
    for kind in COPIES:
        hits = [found.near[row[c]] == found.near[row[p]] for c, (p, k) in planted.items() if k == kind]
        print(f"| {kind} | {np.mean(hits):.2f} |")
    source = np.array([row[planted[p][0]] if p in planted else row[p] for p in made.images["path"]])
    members = np.flatnonzero(found.near != np.arange(len(source)))
    strangers = source[members] != source[found.near[members]]
    print(
        f"\nprecision {1 - strangers.mean():.3f}: {strangers.sum()} of {len(members)} links join two "
        f"different originals"
    )


#: Of a strength of 1: standard deviations of zoom, stretch and shift (shares of a side), turn (degrees),
#: gamma, contrast, saturation and light of each colour (logarithms), brightness (of white). Chosen before
#: anything was measured, by what pairs in CIFAR-10 look like.
ZOOM, STRETCH, SHIFT, TURN, GAMMA, CONTRAST, SATURATION, TINT, BRIGHTNESS = (
    0.06,
    0.02,
    0.04,
    1.5,
    0.15,
    0.12,
    0.2,
    0.08,
    0.04,
)
STRENGTHS = (0.5, 1.0, 1.5, 2.0)
#: Least and largest side of a tile of a photo in pixels, and the grey levels by which it varies at least: an
#: even tile has nothing to recognise it by.
TILE, LEAST_CONTRAST = (90, 140), 12
Box = tuple[int, int, int, int]


def shrunk(picture: Picture, rng: np.random.Generator) -> Picture:
    """Scale to 32 pixels as one of the usual libraries would."""
    filters = (cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LANCZOS4)
    method = filters[rng.integers(len(filters))]
    if method != cv2.INTER_AREA and min(picture.shape[:2]) > 48:
        picture = np.asarray(
            cv2.GaussianBlur(picture, (0, 0), 0.0125 * min(picture.shape[:2]) * rng.uniform(0.7, 1.3)),
            dtype=np.uint8,
        )
    return np.asarray(cv2.resize(picture, (32, 32), interpolation=method), dtype=np.uint8)


def again(photo: Picture, box: Box, strength: float, rng: np.random.Generator) -> Picture:
    """Return the part of a photo at (top, left, height, width), or nearly so, in another light."""
    top, left, height, width = box
    zoom, stretch = np.exp(strength * rng.normal(0, (ZOOM, STRETCH)))
    tall, wide = height * zoom * stretch, width * zoom / stretch
    down, across = strength * rng.normal(0, SHIFT, 2) * (height, width)
    matrix = cv2.getRotationMatrix2D((left + width / 2, top + height / 2), strength * rng.normal(0, TURN), 1)
    whole = cv2.warpAffine(photo, matrix, photo.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    y, x = max(0, round(top + (height - tall) / 2 + down)), max(0, round(left + (width - wide) / 2 + across))
    part = whole[y : y + round(tall), x : x + round(wide)].astype(np.float32) / 255
    part = part ** np.exp(strength * rng.normal(0, GAMMA)) * np.exp(strength * rng.normal(0, TINT, 3))
    grey = part.mean(axis=2, keepdims=True)
    part = grey + (part - grey) * np.exp(strength * rng.normal(0, SATURATION))
    part = (
        (part - 0.5) * np.exp(strength * rng.normal(0, CONTRAST)) + 0.5 + strength * rng.normal(0, BRIGHTNESS)
    )
    lit = (np.clip(part, 0, 1) * 255).astype(np.uint8)
    lit = decoded(jpeg(lit, int(rng.integers(40, 95)))) if rng.random() < 0.7 else lit
    return lit[:, ::-1] if rng.random() < 0.1 else lit


def natural(folder: str, half: int | None, pairs: int) -> None:
    rng = np.random.default_rng(0)
    photos, of_photo = load(folder, None)
    chosen = sorted(photos) if half is None else sorted(photos)[half::2]
    files: dict[str, bytes] = {}
    labels: dict[str, str] = {}
    boxes: list[tuple[str, str, Box]] = []
    for path in chosen:
        photo = decoded(photos[path])
        height, width = photo.shape[:2]
        side = int(rng.integers(*TILE))
        corners = [
            (y, x, side, side)
            for y in range(0, height - side + 1, side)
            for x in range(0, width - side + 1, side)
        ]
        for number, (y, x, tall, wide) in enumerate([(0, 0, height, width), *corners]):
            small = shrunk(photo[y : y + tall, x : x + wide], rng)
            if number == 0 or small.std(axis=(0, 1)).mean() >= LEAST_CONTRAST:
                name = f"{path} {number}"
                files[name], labels[name] = png(small), of_photo[path]
                boxes.append((name, path, (y, x, tall, wide)))
    hidden: dict[str, tuple[str, float]] = {}
    for index in np.sort(rng.choice(len(boxes), min(pairs, len(boxes)), replace=False)):
        name, path, box = boxes[index]
        strength = float(rng.choice(STRENGTHS))
        files[f"{name} again"], labels[f"{name} again"] = (
            png(shrunk(again(decoded(photos[path]), box, strength, rng), rng)),
            labels[name],
        )
        hidden[f"{name} again"] = name, strength
    made = scan(files, labels)
    made.neighbours()
    started = time.process_time()
    found = made.duplicates
    spent = time.process_time() - started
    paths = made.images["path"].tolist()
    row = {p: i for i, p in enumerate(paths)}
    print(
        f"\n{folder}, {'all photos' if half is None else f'half {half}'}: {len(files):,} images of 32 "
        f"px, {len(hidden):,} hidden pairs"
    )
    print(
        f"threshold "
        f"{found.calibration.threshold:.3f}{'' if found.calibration.calibrated else ' (default)'}, "
        f"{spent:.1f} CPU s\n"
    )
    hits = {again: found.near[row[again]] == found.near[row[name]] for again, (name, _) in hidden.items()}
    print("| strength | found |\n|---|---|")
    for strength in STRENGTHS:
        print(
            f"| {strength} | "
            f"{np.mean([hit for again, hit in hits.items() if hidden[again][1] == strength]):.2f} |"
        )
    print(f"| all | {np.mean(list(hits.values())):.3f} |")
    root = np.array([hidden[p][0] if p in hidden else p for p in paths])
    photo_of = np.array([p.removesuffix(" again").rsplit(" ", 1)[0] for p in paths])
    members = np.flatnonzero(found.near != np.arange(len(paths)))
    heads = found.near[members]
    true, same = root[members] == root[heads], photo_of[members] == photo_of[heads]
    strangers = int((~true & ~same).sum())
    print(
        f"\nprecision {true.sum() / max(1, true.sum() + strangers):.3f}: {strangers} links join two photos;",
        end=" ",
    )
    print(f"{int((~true & same).sum())} join two places of one photo, and are not counted")


def quality(folder: str, images: int) -> None:
    codes = ("dark", "bright", "low-contrast", "blurry", "low-information")
    files, labels = load(folder, None)
    rng = np.random.default_rng(0)
    chosen = rng.permutation(sorted(files))[:images]
    base = {str(p): files[p] for p in chosen}
    print(f"\n{folder}: share of faulty images named, one fault in 4 % of {len(base)} images\n")
    print("| fault | " + " | ".join(codes) + " |\n|---|" + "---|" * len(codes))
    for fault, damage in {"none": lambda p: p, **FAULTS}.items():
        hurt = [str(p) for p in rng.permutation(chosen)[: max(1, len(base) // 25)]]
        mixed = base | {p: jpeg(damage(decoded(base[p])), 90) for p in hurt if fault != "none"}
        findings = run_checks(scan(mixed, labels), choose(CHECKS, select=codes))
        of = set(base) if fault == "none" else set(hurt)
        named = {f.code: set() if f.examples is None else set(f.examples["path"]) for f in findings}
        print(
            f"| {fault} | " + " | ".join(f"{len(named[c] & of) / len(of):.2f}" for c in codes) + " |",
            flush=True,
        )


def made_up(n: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return signatures of noise at four scales, and which rows are copies of which."""
    rng = np.random.default_rng(0)
    signatures = np.empty((n, 1536), np.uint8)
    for start in range(0, n, 20_000):
        m = min(20_000, n - start)
        noise = np.zeros((m, 32, 32), np.float32)
        for cells, weight in ((4, 1.0), (8, 0.8), (16, 0.5), (32, 0.25)):
            part = rng.normal(size=(m, cells, cells)).astype(np.float32)
            noise += weight * np.repeat(np.repeat(part, 32 // cells, 1), 32 // cells, 2)
        signatures[start : start + m, :1024] = np.clip(128 + 35 * noise, 0, 255).reshape(m, -1)
        signatures[start : start + m, 1024:] = np.repeat(
            rng.integers(90, 166, (m, 2), dtype=np.uint8), 256, axis=1
        )
    count = n // 100
    source, copy = (
        rng.choice(n // 2, count, replace=False),
        n // 2 + rng.choice(n - n // 2, count, replace=False),
    )
    signatures[copy] = signatures[source]
    signatures[copy, :1024] = np.clip(signatures[copy, :1024] + rng.normal(0, 4, (count, 1024)), 0, 255)
    return signatures, source, copy


def speed(n: int) -> None:
    signatures, source, copy = made_up(n)
    names = [f"{i:07d}" for i in range(n)]
    labels = np.random.default_rng(1).integers(0, 10, n).astype(str)
    images = pd.DataFrame(
        {
            "path": names,
            "label": labels,
            "split": "",
            "group": "",
            "status": "ok",
            "sha256": names,
            "pixel_digest": names,
        }
    )
    made = Evidence(images, signatures)
    times = [time.process_time()]
    if n <= 200_000:
        made.neighbours(5)
    times.append(time.process_time())
    found = made.duplicates
    times.append(time.process_time())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        "| images | descriptors and neighbours, CPU s | duplicates, CPU s | copies found | false links "
        "| peak GiB |"
    )
    print("|---|---|---|---|---|---|")
    hits = (found.near[source] == found.near[copy]).mean()
    false = int((found.near != np.arange(n)).sum()) - int((found.near[source] == found.near[copy]).sum())
    print(
        f"| {n:,} | {times[1] - times[0]:.1f} | {times[2] - times[1]:.1f} | {hits:.3f} | {false} | "
        f"{peak:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("recall", "natural", "quality", "speed"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--side", type=int)
    parser.add_argument("--per", type=int, default=40)
    parser.add_argument("--images", type=int)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--pairs", type=int, default=1000)
    options = parser.parse_args()
    if options.what == "speed":
        speed(options.images or 60_000)
    elif options.folder is None:
        parser.error("name a folder of images")
    elif options.what == "recall":
        recall(str(options.folder), options.side, options.per)
    elif options.what == "natural":
        natural(str(options.folder), options.half, options.pairs)
    else:
        quality(str(options.folder), options.images or 300)


if __name__ == "__main__":
    # By its module's name, by which processes that scan find `InMemory` too.
    importlib.import_module(Path(__file__).stem).main()
