"""How well planted label errors are found: ``python benchmarks/labels.py [--fashion FOLDER] [--digits] [DATA ...]``.

Flips are planted at random, or among look-alikes (each class's most confused partner), and the findings are
scored: average precision of the ranking, expected against true precision of the review list, estimated
against true share, CPU seconds. ``--fashion`` names the folder with Fashion-MNIST's four ``*-ubyte.gz`` files
(Debian's package dataset-fashion-mnist puts them into /usr/share/datasets/fashion-mnist).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from auditor.checks.label_error import LabelError
from auditor.evidence import Evidence
from auditor.readers import open_dataset
from auditor.scanning import scan_images
from auditor.scanning.signature import perceptual_hash, signature


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


def fashion(folder: Path, count: int) -> Evidence:
    """Return a scan of some of Fashion-MNIST's training images."""
    packed = [(folder / f"train-{name}-ubyte.gz").read_bytes() for name in ("images-idx3", "labels-idx1")]
    pictures = np.frombuffer(gzip.decompress(packed[0]), np.uint8, offset=16).reshape(-1, 28, 28)
    labels = np.frombuffer(gzip.decompress(packed[1]), np.uint8, offset=8)
    chosen = np.random.default_rng(0).permutation(len(labels))[:count]
    return scan_of_arrays(pictures[chosen], labels[chosen])


def digits() -> Evidence:
    """Return a scan of scikit-learn's handwritten digits."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return scan_of_arrays(
        (data.images * 15.9).astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2), data.target
    )


def data_sets(options: argparse.Namespace) -> Iterator[tuple[str, Evidence]]:
    """Yield the named data sets."""
    if options.fashion:
        yield "Fashion-MNIST", fashion(options.fashion, options.count)
    if options.digits:
        yield "digits", digits()
    for data in options.data:
        scanned = scan_images(open_dataset(data), jobs=1)
        yield Path(data).name, Evidence(scanned.images, scanned.signatures)


def planted(scan: Evidence, share: float, kind: str, seed: int) -> tuple[Evidence, np.ndarray]:
    """Return the scan with flipped labels, and which."""
    rng = np.random.default_rng([seed, int(1000 * share)])
    labels, classes = scan.labels.copy(), np.array(scan.classes, dtype=object)
    wrong = rng.choice(len(labels), round(share * len(labels)), replace=False)
    partner = {c: c for c in classes}
    if kind == "look-alikes" and scan.probabilities is not None:
        found = scan.probabilities
        confused = np.zeros((len(found.classes),) * 2)
        np.add.at(confused, (found.given, found.values.argmax(axis=1)), 1)
        np.fill_diagonal(confused, 0)
        partner |= {c: found.classes[k] for c, k in zip(found.classes, confused.argmax(axis=1), strict=True)}
    for i in wrong:
        others = [c for c in classes if c != labels[i]]
        labels[i] = (
            partner[labels[i]] if partner[labels[i]] != labels[i] else others[rng.integers(len(others))]
        )
    other = Evidence(scan.images.assign(label=labels), scan.signatures, seed=seed)
    other = other.with_descriptor(scan.descriptor)
    mask = np.zeros(len(labels), dtype=bool)
    mask[wrong] = True
    return other, mask


def main() -> None:
    """Print one row for each data set, kind and share of flips."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*")
    parser.add_argument("--fashion", type=Path)
    parser.add_argument("--digits", action="store_true")
    parser.add_argument("--count", type=int, default=10_000)
    options = parser.parse_args()
    head = "data | flips | share | balanced accuracy | average precision | estimated share (95 %) | severity | worth a look"
    print(f"| {head} | expected | true | CPU s |\n|{'---|' * 11}")
    for name, scan in data_sets(options):
        for kind, share in (
            ("random", 0.0),
            ("random", 0.01),
            ("random", 0.02),
            ("random", 0.05),
            ("random", 0.1),
            ("look-alikes", 0.05),
        ):
            other, wrong = planted(scan, share, kind, seed=1)
            start = time.process_time()
            (finding,) = LabelError()(other)
            seconds = time.process_time() - start
            examples = finding.examples
            if examples is None or finding.effect is None:
                print(
                    f"| {name} | {kind} | {share:.0%} | | | {finding.summary} | {finding.severity} | | | | {seconds:.1f} |",
                    flush=True,
                )
                continue
            score = dict(zip(examples["path"], examples["score"], strict=True))
            scores = [score.get(path, 0.0) for path in other.images["path"]]
            bad = set(other.images["path"][wrong])
            k = finding.affected
            expected = next(
                (r["expected"] for r in finding.details["expected_precision"] if r["worst"] >= k), 0.0
            )
            true = np.mean([p in bad for p in examples["path"][:k]]) if k else float("nan")
            print(
                f"| {name} | {kind} | {share:.0%} | {finding.details['balanced_accuracy']:.3f} | "
                f"{average_precision_score(wrong, scores) if wrong.any() else float('nan'):.3f} | {finding.effect.value:.1%} "
                f"({finding.effect.low:.1%} to {finding.effect.high:.1%}) | {finding.severity} | {k} | {expected:.2f} | {true:.2f} | "
                f"{seconds:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
