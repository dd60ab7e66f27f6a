from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.baseline.feeding import Feed, Samples, balanced
from auditor.baseline.pixels import build_cache
from tests.baseline.conftest import FakePlan


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=6), st.integers(0, 99))
def test_balanced_order_draws_classes_equally(counts: list[int], seed: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    order = balanced(labels, np.random.default_rng(seed))
    assert len(order) == len(labels)
    per_class = np.bincount(labels[order], minlength=len(counts))
    assert per_class.max() - per_class.min() <= 1
    for c in range(len(counts)):
        own = Counter(order[labels[order] == c].tolist())
        times = [own.get(i, 0) for i in np.flatnonzero(labels == c).tolist()]
        assert min(times) >= 1 or max(times) <= 1  # none is left out for another to be drawn twice


def test_balanced_order_is_the_seeds_alone() -> None:
    labels = np.repeat(np.arange(3), [40, 5, 2])
    first, again, other = (balanced(labels, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()


def test_one_class_is_drawn_as_it_is() -> None:
    assert sorted(balanced(np.zeros(9, dtype=np.int64), np.random.default_rng(0))) == list(range(9))


def test_an_epoch_feeds_every_image_once_and_the_next_in_another_order(
    bars: FakePlan, tmp_path_factory: object, tmp_path: object
) -> None:
    table = bars.table.head(40)
    cache = build_cache(bars.dataset.source, table["path"].tolist(), 16, tmp_path)  # type: ignore[arg-type]
    samples = Samples(cache, np.arange(40), np.arange(40))
    feed = Feed(samples, 16, seed=3)
    first, second = (
        [y for _, labels, _ in feed.dataset().as_numpy_iterator() for y in labels.tolist()] for _ in range(2)
    )
    assert sorted(first) == sorted(second) == list(range(40))
    assert first != second
    images = np.concatenate([x for x, _, _ in Feed(samples, 16, seed=None).dataset().as_numpy_iterator()])
    np.testing.assert_array_equal(images, cache.images(np.arange(40)))
