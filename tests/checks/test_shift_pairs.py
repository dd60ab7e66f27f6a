import numpy as np
import pytest

from auditor.checks import shift_pairs as shift
from auditor.checks.domain_classifier import Domain, compare_domain, halves, tell_apart
from auditor.finding import Effect, Fix
from auditor.stats.distance import kolmogorov_smirnov
from auditor.stats.intervals import newcombe
from tests.checks.splits import scan, table


def test_pairs_share_the_error_of_the_family():
    images = table({"train": {"a": 20}, "val": {"a": 20}, "test": {"a": 20}, "field": {"": 20}})
    found = list(shift.pairs(scan(images), "property-shift"))
    assert [p.scope for p in found] == [
        "train-val",
        "train-test",
        "train-field",
        "val-test",
        "val-field",
        "test-field",
    ]
    every = [p.alpha for code in shift.FAMILY for p in shift.pairs(scan(images), code)]
    assert sum(every) == pytest.approx(0.05)


def test_labelled_pairs_keep_their_error_where_the_field_is_left_out():
    images = table({"train": {"a": 20}, "test": {"a": 20}, "field": {"": 20}})
    found = list(shift.pairs(scan(images), "label-shift", labelled=True))
    assert [p.scope for p in found] == ["train-test"]
    assert found[0].alpha == pytest.approx(0.01 / 3)


def test_large_splits_are_sampled_alike_whatever_the_row_order(monkeypatch):
    monkeypatch.setattr(shift, "LARGEST_SAMPLE", 50)
    images = table({"train": {"a": 200}, "test": {"a": 30}})
    shuffled = images.sample(frac=1, random_state=3).reset_index(drop=True)
    first, second = (next(shift.pairs(scan(t), "property-shift")) for t in (images, shuffled))
    assert first.sampled
    assert images["path"].iloc[first.rows].tolist() == shuffled["path"].iloc[second.rows].tolist()
    assert (len(first.rows), len(first.other_rows)) == (50, 30)


def test_matching_gives_the_first_split_the_mix_of_the_second():
    labels = np.array(["a"] * 30 + ["b"] * 10 + ["c"] * 5 + [""], dtype=object)
    other = np.array(["a"] * 5 + ["b"] * 15 + ["d"] * 4, dtype=object)
    weights, kept = shift.matched(labels, other)
    share = weights / weights.sum()
    assert share[labels == "a"].sum() == pytest.approx(0.25)
    assert share[labels == "b"].sum() == pytest.approx(0.75)
    assert share[(labels == "c") | (labels == "")].sum() == 0
    assert kept.sum() == 20
    assert shift.matched(labels, np.array(["x", "y"], dtype=object)) is None
    assert shift.matched(labels, np.array(["", ""], dtype=object)) is None


def test_ranks_of_ties_are_their_mean():
    assert shift._ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_halves_keep_groups_whole_and_both_splits_in_each():
    rng = np.random.default_rng(0)
    groups, other = rng.integers(0, 30, 200), rng.integers(20, 50, 100)
    mine, theirs = halves(groups, other, rng)
    for group in range(50):
        assert len(set(mine[groups == group]) | set(theirs[other == group])) <= 1
    assert 0 < mine.sum() < 200 and 0 < theirs.sum() < 100


def test_a_classifier_of_noise_is_no_better_than_chance_on_the_held_out_half():
    """The reason for holding out: the scores of images it was fitted on would differ by far more."""
    distances = []
    for seed in range(12):
        pair = next(shift.pairs(scan(table({"train": {"a": 80}, "test": {"a": 80}})), "property-shift"))
        features = np.random.default_rng(seed).normal(size=(160, 60))
        mine, theirs = tell_apart(pair, features, np.random.default_rng(seed)).held_scores
        distances.append(abs(kolmogorov_smirnov(mine[np.isfinite(mine)], theirs[np.isfinite(theirs)])[0]))
    assert np.mean(distances) < 0.25


def test_a_classifier_needs_ten_groups():
    pair = next(shift.pairs(scan(table({"train": {"a": 80}, "test": {"a": 9}})), "property-shift"))
    assert tell_apart(pair, np.zeros((89, 3)), np.random.default_rng(0)) is None


def test_constant_features_tell_nothing():
    pair = next(shift.pairs(scan(table({"train": {"a": 30}, "test": {"a": 30}})), "property-shift"))
    assert tell_apart(pair, np.ones((60, 3)), np.random.default_rng(0)) is None


def test_absent_features_are_filled_with_the_mean():
    pair = next(shift.pairs(scan(table({"train": {"a": 30}, "test": {"a": 30}})), "property-shift"))
    features = np.random.default_rng(0).normal(size=(60, 3))
    features[5, 1] = np.nan
    features[:, 2] = np.nan
    assert np.isfinite(tell_apart(pair, features, np.random.default_rng(0)).scores).all()


def test_advice_follows_the_grade():
    pair = next(shift.pairs(scan(table({"train": {"a": 30}, "test": {"a": 30}})), "property-shift"))
    fix = Fix(text="mend it")

    def advised(low, high, detectable=None):
        effect = Effect(name="distance", value=low, low=low, high=high, warn_at=0.05, detectable=detectable)
        return shift.advice(effect, pair, (30.0, 30.0), fix)

    assert advised(0.1, 0.5) is fix
    assert advised(0.0, 0.01) is None
    assert "ten" not in advised(0.0, 0.5, 0.45).text
    assert "10 on each side" in advised(0.0, 0.5).text


def test_advised_number_of_images_brings_the_upper_end_to_the_margin():
    """Four times the images halve both the distance that chance makes and its interval."""
    n = 30.0
    effect = Effect(
        name="distance", value=0.1, low=0.0, high=0.3, warn_at=0.05, accept_at=0.15, detectable=0.4
    )
    pair = next(shift.pairs(scan(table({"train": {"a": 30}, "test": {"a": 30}})), "property-shift"))
    text = shift.advice(effect, pair, (n, n), Fix(text="")).text
    assert "About 120 independent images in both train and test would settle it" in text


def domain(share, other_share, n=200):
    """A classifier that says the second split of these shares of either, on the held-out half of n images."""
    held = np.arange(n) % 2 == 0
    scores = [np.where(np.arange(n) < round(s * n), 1.0, -1.0) for s in (share, other_share)]
    return Domain(scores=scores[0], other_scores=scores[1], held=held, other_held=held)


def test_a_classifier_differs_by_its_youden_index_with_the_interval_of_two_shares():
    pair = next(shift.pairs(scan(table({"train": {"a": 200}, "test": {"a": 200}})), "property-shift"))
    found = compare_domain(pair, domain(0.3, 0.8), 0.05)
    assert found.value == pytest.approx(0.5)
    assert found.shares == (0.3, 0.8)
    # The same by newcombe's method at 90 %, for either end is off in 5 % of cases.
    assert (found.low, found.high) == pytest.approx(newcombe(80, 100, 30, 100, alpha=0.1), abs=0.01)
    worse = compare_domain(pair, domain(0.6, 0.5), 0.05)
    assert (worse.value, worse.low) == (0, 0)
    assert worse.high < 0.05
