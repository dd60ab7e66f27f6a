"""Do the intervals of label-error hold? ``benchmarks/labels.py [--fashion FOLDER] [--digits] [DATA ...]``.

Wrong labels are planted in data whose labels are taken for right: at random, among look-alikes (each class's
most confused partner), or as a weak annotator makes them (a model of a few images and a few numbers of each:
it errs where it doubts, and says what it holds possible). The check speaks before any look; then a reviewer
who knows the truth looks at what is asked for, 20 images at a time. ``--fashion`` names the folder with
Fashion-MNIST's four ``*-ubyte.gz`` files (Debian's package dataset-fashion-mnist puts them into
/usr/share/datasets/fashion-mnist).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from auditor.checks import run_checks
from auditor.checks.label_error import LabelError, suspicion
from auditor.dataset import LABEL_ANSWER
from auditor.errors import DataError
from auditor.evidence import Evidence
from auditor.evidence.brought import match_rows
from auditor.evidence.brought_files import read_brought
from auditor.evidence.vectors import describe_by_vectors
from auditor.finding import Finding
from auditor.readers import open_dataset
from auditor.scanning import scan_images
from auditor.scanning.signature import perceptual_hash, signature
from auditor.stats.logistic import fit_logistic

#: Kinds of wrong labels, and their shares.
KINDS, SHARES = ("random", "look-alikes", "human-like"), (0.01, 0.03, 0.08, 0.2)
#: Looks after which the reviewer's interval is read.
LOOKS = (20, 100)
#: The weak annotator's images, as a share and at least, and the columns of the descriptor that it sees.
LEARNED, LEAST_LEARNED, COLUMNS = 0.06, 60, 24


def scan_of_arrays(pictures: np.ndarray, labels: np.ndarray) -> Evidence:
    """Return a scan of grey pictures without writing files; only what label-error looks at is filled in."""
    marks = np.stack([signature(np.ascontiguousarray(np.repeat(p[..., None], 3, axis=2))) for p in pictures])
    digests = [hashlib.sha256(p.tobytes()).hexdigest()[:32] for p in pictures]
    table = pd.DataFrame(
        {
            "path": [f"{i:06d}.png" for i in range(len(pictures))],
            "label": labels.astype(str),
            "split": "",
            "group": "",
        }
    )
    table = table.assign(
        status="ok", sha256=digests, pixel_digest=digests, contrast=pictures.std(axis=(1, 2)) / 255
    )
    return Evidence(table.assign(phash=[f"{int(h):016x}" for h in perceptual_hash(marks)]), marks)


def fashion(folder: Path, count: int, classes: str = "0123456789") -> Evidence:
    """Return a scan of some of Fashion-MNIST's training images."""
    packed = [(folder / f"train-{name}-ubyte.gz").read_bytes() for name in ("images-idx3", "labels-idx1")]
    pictures = np.frombuffer(gzip.decompress(packed[0]), np.uint8, offset=16).reshape(-1, 28, 28)
    labels = np.frombuffer(gzip.decompress(packed[1]), np.uint8, offset=8)
    chosen = np.random.default_rng(0).permutation(np.flatnonzero(np.isin(labels, [int(c) for c in classes])))
    return scan_of_arrays(pictures[chosen[:count]], labels[chosen[:count]])


def digits(count: int = 1797) -> Evidence:
    """Return a scan of scikit-learn's handwritten digits."""
    from sklearn.datasets import load_digits

    data = load_digits()
    pictures = (data.images * 15.9).astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    return scan_of_arrays(pictures[:count], data.target[:count])


def data_sets(options: argparse.Namespace) -> Iterator[tuple[str, Evidence]]:
    """Yield the named data sets."""
    if options.digits:
        yield "digits", digits()
        yield "digits, 500", digits(500)
    if options.fashion:
        yield "Fashion-MNIST", fashion(options.fashion, options.count)
        yield "Fashion-MNIST, tops", fashion(options.fashion, options.count // 2, "0246")
    for data in options.data:
        dataset = open_dataset(data)
        scanned = scan_images(dataset, jobs=1)
        scan = Evidence(scanned.images, scanned.signatures)
        yield Path(data).name, scan
        for file in options.embeddings:
            brought = read_brought(file, "vectors")
            try:
                found = describe_by_vectors(scan, brought, match_rows(brought, dataset))
            except DataError:  # it is of other data
                continue
            named = f"{Path(data).name}, {brought.name}"
            yield named, scan.with_descriptor(found.values, scales=found.scales, source=found.source)


def with_columns(scan: Evidence, **columns: np.ndarray) -> Evidence:
    """Return the scan with other columns, sharing what does not depend on them."""
    other = Evidence(scan.images.assign(**columns), scan.signatures, seed=scan.seed)
    other._pictures = scan._pictures
    if "label" not in columns:
        other.probabilities = scan.probabilities
    return other


def annotate(scan: Evidence, given: np.ndarray, classes: int, rng: np.random.Generator) -> np.ndarray:
    """Return what a weak annotator holds possible of each image, shape ``(n_images, n_classes)``."""
    count = max(round(LEARNED * len(given)), LEAST_LEARNED)
    learned = rng.permutation(len(given))[:count]
    x = scan.descriptor[:, :COLUMNS]
    known, number = np.unique(given[learned], return_inverse=True)
    said = np.full((len(given), classes), 1e-6)
    model = fit_logistic(x[learned], number, inverse_penalty=0.05, tolerance=1e-3, rounds=200)
    said[:, known] = model.probabilities(x)
    return said


def planted(scan: Evidence, share: float, kind: str, seed: int) -> tuple[Evidence, np.ndarray]:
    """Return the scan with wrong labels, and which they are."""
    rng = np.random.default_rng([seed, int(1000 * share), KINDS.index(kind)])
    classes, given = np.unique(scan.labels.astype(str), return_inverse=True)
    n, count, rows = len(given), len(classes), np.arange(len(given))
    doubts = annotate(scan, given, count, rng)
    doubts[rows, given] = 0
    weight = doubts.sum(axis=1) if kind == "human-like" else np.ones(n)
    wrong = rng.choice(n, round(share * n), replace=False, p=weight / weight.sum())
    labels = given.copy()
    if kind == "random":
        labels[wrong] = (given[wrong] + rng.integers(1, count, len(wrong))) % count
    elif kind == "look-alikes":
        confused = np.zeros((count, count))
        np.add.at(confused, given, doubts)
        labels[wrong] = confused.argmax(axis=1)[given[wrong]]
    else:
        for i in wrong:
            labels[i] = rng.choice(count, p=doubts[i] / doubts[i].sum())
    return with_columns(scan, label=classes[labels].astype(object)), labels != given


def judge(scan: Evidence) -> Finding:
    """Return the finding of label-error."""
    (finding,) = run_checks(scan, [LabelError()])
    return finding


def review(scan: Evidence, wrong: np.ndarray, looks: int) -> Finding:
    """Return the finding after a reviewer who knows the truth has looked at that number of the asked images."""
    answers, finding = np.full(len(wrong), "", dtype=object), judge(scan)
    while (answers != "").sum() < looks and finding.details["review"]["images"]:
        asked = scan.images["path"].isin(finding.details["review"]["images"]).to_numpy()
        answers[asked] = np.where(wrong[asked], "wrong", "right")
        finding = judge(with_columns(scan, **{LABEL_ANSWER: answers}))
    return finding


def interval(finding: Finding) -> str:
    """Return the ends of a finding's effect, in percent."""
    effect = finding.effect
    return "" if effect is None else f"{100 * effect.low:.1f} to {100 * effect.high:.1f}, {finding.severity}"


def count_what_holds(
    tally: Counter[str], stage: str, finding: Finding, truth: float, on_list: np.ndarray
) -> None:
    """Count whether a finding's intervals hold the true share and precision, and its false grades."""
    effect, precision = finding.effect, finding.details["review"].get("precision")
    if effect is not None:
        wrong = truth > effect.warn_at
        tally[f"{stage}: stated"] += 1
        tally[f"{stage}: holds"] += int(effect.low - 1e-6 <= truth <= effect.high + 1e-6)
        tally[f"{stage}: warnings"] += int(finding.severity == "warning")
        tally[f"{stage}: false warnings"] += int(finding.severity == "warning" and not wrong)
        tally[f"{stage}: false passes"] += int(finding.severity == "pass" and wrong)
    if precision is not None:
        tally[f"{stage}: precisions"] += 1
        tally[f"{stage}: precision holds"] += int(precision["low"] <= on_list.mean() <= precision["high"])


def measure(name: str, scan: Evidence, kind: str, share: float, seed: int, tally: Counter[str]) -> None:
    """Print the row of one data set, kind and share of wrong labels, and count what held."""
    start = time.process_time()
    other, wrong = planted(scan, share, kind, seed)
    found = other.probabilities
    assert found is not None
    scores = suspicion(found.values, found.given)
    ranked = f"{average_precision_score(wrong[found.rows], scores):.2f}" if wrong.any() else ""
    before = judge(other)
    after = [review(other, wrong, looks) for looks in LOOKS]
    truth = wrong[found.rows].mean()
    listed = set(before.examples["path"]) if before.examples is not None else set()
    on_list = other.images["path"].isin(listed).to_numpy()
    for stage, finding in zip(("before", *(f"{k} looks" for k in LOOKS)), (before, *after), strict=True):
        count_what_holds(tally, stage, finding, truth, wrong[on_list])
    true = f"{wrong[on_list].mean():.2f} of {on_list.sum()}" if len(listed) else "none"
    cells = (
        name, kind if share else "none", f"{100 * truth:.1f}", f"{found.balanced_accuracy:.2f}", ranked, true,
        *map(interval, (before, *after)), f"{time.process_time() - start:.1f}",
    )  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print a row for each data set, kind and share of wrong labels, and how often the intervals held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*")
    parser.add_argument("--fashion", type=Path)
    parser.add_argument(
        "--embeddings", nargs="*", default=[], help="vectors, by path, of any of the data sets"
    )
    parser.add_argument("--digits", action="store_true")
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    looks = " | ".join(f"after {k} looks, %" for k in LOOKS)
    print("| data | wrong labels | true, % | judge | average precision | wrong on the list | "
          f"before any look, % | {looks} | CPU s |\n|{'---|' * (8 + len(LOOKS))}")  # fmt: skip
    tally: Counter[str] = Counter()
    for name, scan in data_sets(options):
        for seed in range(options.seeds):
            measure(name, scan, "random", 0.0, seed, tally)
            for kind in KINDS:
                for share in SHARES:
                    measure(name, scan, kind, share, seed, tally)
    print()
    for stage in ("before", *(f"{k} looks" for k in LOOKS)):
        print({k: v for k, v in tally.items() if k.startswith(stage)})


if __name__ == "__main__":
    main()
