"""What weights, resampling and SMOTE do for rare classes.

A linear probe on the descriptor of a long-tailed data set.

    python benchmarks/resample.py [DATA] [--ratio 50] [--seeds 3]

``DATA`` is a folder of class folders (or split folders; all images are pooled); without it, scikit-learn's
handwritten digits are taken. Classes of the training half are cut to a long tail, the largest ``ratio`` times
the smallest, each class's place in it drawn by the seed; the other half, balanced by class in the score, is
what recall is measured on. Prints recall of the three rarest classes, of the three largest, and balanced
accuracy, with their spread over the seeds.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.augmentation import class_weights, logit_offsets, resample, synthesise

Arrays = tuple[npt.NDArray[np.float32], npt.NDArray[np.str_]]


def described(data: str | None) -> Arrays:
    """Descriptors and labels."""
    from auditor.evidence.descriptor import describe
    from auditor.scanning import scan_images
    from auditor.scanning.mapped_signatures import Signatures
    from auditor.scanning.signature import signature

    if data is None:
        import cv2
        import pandas as pd
        from sklearn.datasets import load_digits

        digits = load_digits()
        pictures = [
            np.repeat(cv2.resize((a * 15.9).astype(np.uint8), (32, 32))[..., None], 3, axis=2)
            for a in digits.images
        ]
        images = pd.DataFrame({"status": "ok", "pixel_digest": [str(hash(p.tobytes())) for p in pictures]})
        signatures = Signatures(np.stack([signature(p) for p in pictures]))
        return describe(images, signatures).values, digits.target.astype(str)
    from auditor.readers import open_dataset

    scanned = scan_images(open_dataset(data))
    good = (
        (scanned.images["status"] == "ok")
        & (scanned.images["label"] != "")
        & ~scanned.images["pixel_digest"].duplicated()
    )
    labels = scanned.images["label"][good].to_numpy().astype(str)
    return describe(scanned.images, scanned.signatures).values[good.to_numpy()], labels


def long_tail(
    labels: npt.NDArray[np.str_], ratio: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], list[str]]:
    """Rows to train on, rows to test on, and the classes from largest to smallest."""
    classes = rng.permutation(np.unique(labels)).tolist()
    halves = {c: np.array_split(rng.permutation(np.flatnonzero(labels == c)), 2) for c in classes}
    most = min(len(first) for first, _ in halves.values())
    train = [
        halves[c][0][: max(round(most * ratio ** (-i / max(len(classes) - 1, 1))), 2)]
        for i, c in enumerate(classes)
    ]
    return np.concatenate(train), np.concatenate([second for _, second in halves.values()]), classes


def probe(x: Any, y: Any, weights: dict[str, float] | None = None) -> Any:
    """A linear probe."""
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LogisticRegression(C=1.0, max_iter=300).fit(
            x, y, sample_weight=[weights[label] for label in y] if weights else None
        )


def adjusted(x: Any, y: Any, test: Any) -> Any:
    """Post-hoc logit adjustment."""
    model, offsets = probe(x, y), logit_offsets(y)
    scores = model.decision_function(test)
    if scores.ndim == 1:
        scores = np.stack([np.zeros_like(scores), scores], axis=1)
    return model.classes_[(scores - np.array([offsets[c] for c in model.classes_])).argmax(axis=1)]


def on_rows(method: str, **options: Any) -> Callable[[Any, Any, Any], Any]:
    """A probe on resampled rows."""

    def run(x: Any, y: Any, test: Any) -> Any:
        rows = resample(y, method, descriptors=x, **options)
        return probe(x[rows], y[rows]).predict(test)

    return run


METHODS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "nothing": lambda x, y, t: probe(x, y).predict(t),
    "weights, inverse frequency": lambda x, y, t: probe(x, y, class_weights(y)).predict(t),
    "weights, effective number": lambda x, y, t: probe(x, y, class_weights(y, scheme="effective")).predict(t),
    "logit adjustment": adjusted,
    "random oversampling": on_rows("over"),
    "random undersampling": on_rows("under"),
    "NearMiss": on_rows("near-miss"),
    "Tomek links removed": on_rows("tomek"),
    "edited neighbours removed": on_rows("edited-neighbours"),
    **{
        m: lambda x, y, t, m=m: probe(*synthesise(x, y, m)).predict(t)
        for m in ("smote", "borderline-smote", "svm-smote", "adasyn")
    },
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?")
    parser.add_argument("--ratio", type=float, default=50)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    x, y = described(options.data)
    found: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(options.seeds):
        train, test, classes = long_tail(y, options.ratio, np.random.default_rng(seed))
        n = min(3, len(classes) // 2)
        for name, method in METHODS.items():
            answers = method(x[train], y[train], x[test])
            recall = {c: float((answers[y[test] == c] == c).mean()) for c in classes}
            found.setdefault(name, []).append(
                (
                    np.mean([recall[c] for c in classes[-n:]]),
                    np.mean([recall[c] for c in classes[:n]]),
                    np.mean(list(recall.values())),
                )
            )
    print(
        f"{len(classes)} classes, {len(train)} training images at {options.ratio:g} : 1, "
        f"{options.seeds} seeds; rarest and largest {n}"
    )
    print(f"{'':28} {'rarest':>12} {'largest':>12} {'balanced':>12}")
    for name, scores in found.items():
        mean, spread = np.mean(scores, axis=0), np.std(scores, axis=0)
        print(f"{name:28} " + " ".join(f"{m:6.3f} ±{s:.3f}" for m, s in zip(mean, spread, strict=True)))


if __name__ == "__main__":
    main()
