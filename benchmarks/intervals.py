"""How often the interval of balanced accuracy covers the true mean recall.

`mean_recall` beside MOVER of Wilson intervals.

Run ``python -m benchmarks.intervals``; about a minute, without TensorFlow.
"""

from __future__ import annotations

import numpy as np

from auditor.baseline.scores import mean_of, mean_recall, share

#: Draws per case: the coverage is then known to .004.
DRAWS = 3000
LONG_TAIL = (500, 300, 200, 100, 60, 40, 20, 15, 10, 5)
#: Name, images of each class, true recall of each class.
CASES = (
    ("10 classes of 30, recall .97", (30,) * 10, (0.97,) * 10),
    ("100 classes of 10, recall .97", (10,) * 100, (0.97,) * 100),
    ("1,000 classes of 4, recall .97", (4,) * 1000, (0.97,) * 1000),
    ("10 classes of 30, recall .8", (30,) * 10, (0.8,) * 10),
    ("10 classes of 30, recall .5", (30,) * 10, (0.5,) * 10),
    ("half of 10 classes at 1, half at .5", (30,) * 10, (1.0,) * 5 + (0.5,) * 5),
    ("long tail 500 to 5, recall .9", LONG_TAIL, (0.9,) * 10),
    ("long tail, .99 to .5", LONG_TAIL, (0.99, 0.99, 0.98, 0.97, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)),
    ("long tail, .8 to .99", LONG_TAIL, (0.8, 0.8, 0.8, 0.8, 0.9, 0.9, 0.95, 0.97, 0.98, 0.99)),
)


def coverage(support: tuple[int, ...], recalls: tuple[float, ...], draws: int = DRAWS) -> tuple[float, float]:
    """Return how often `mean_recall` and MOVER cover the true mean."""
    rng, truth = np.random.default_rng(0), float(np.mean(recalls))
    covered = np.zeros(2)
    for _ in range(draws):
        hits = rng.binomial(support, recalls)
        both = mean_recall(hits, support), mean_of([share(h, n) for h, n in zip(hits, support, strict=True)])
        covered += [e["low"] <= truth <= e["high"] for e in both]
    return tuple((covered / draws).tolist())


def main() -> None:
    print(f"{'case':<40}{'mean_recall':>12}{'MOVER':>8}")
    for name, support, recalls in CASES:
        now, before = coverage(support, recalls, DRAWS if len(support) < 500 else DRAWS // 2)
        print(f"{name:<40}{now:>12.3f}{before:>8.3f}", flush=True)


if __name__ == "__main__":
    main()
