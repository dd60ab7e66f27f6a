"""Resampling on rows and descriptors."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.augmentation import resample, suggest_cleaning, synthesise
from auditor.augmentation.resampling import CLEANING, RANDOM, SYNTHETIC
from auditor.errors import DataError, UsageError

LABELS = ["cat"] * 40 + ["dog"] * 12 + ["bird"] * 4


def clouds(seed=0):
    """Three clouds of descriptors, far apart, in the order of LABELS."""
    rng = np.random.default_rng(seed)
    centres = {"cat": (0, 0, 0), "dog": (9, 0, 0), "bird": (0, 9, 0)}
    return np.array([centres[label] for label in LABELS]) + rng.normal(size=(len(LABELS), 3))


@settings(deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=2).filter(lambda x: len(set(x)) > 1), st.integers(0, 5))
def test_oversampling_keeps_every_row_and_balances(labels, seed):
    rows = resample(labels, "over", seed=seed)
    got = Counter(labels[i] for i in rows)
    assert set(rows) == set(range(len(labels)))
    assert set(got.values()) == {max(Counter(labels).values())}


@settings(deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=2).filter(lambda x: len(set(x)) > 1), st.integers(0, 5))
def test_undersampling_repeats_no_row_and_balances(labels, seed):
    rows = resample(labels, "under", seed=seed)
    assert len(set(rows)) == len(rows)
    assert set(Counter(labels[i] for i in rows).values()) == {min(Counter(labels).values())}


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("over", 20, {"cat": 40, "dog": 20, "bird": 20}),
        ("over", "4:1", {"cat": 40, "dog": 12, "bird": 10}),
        ("under", "4:1", {"cat": 16, "dog": 12, "bird": 4}),
        ("under", 10, {"cat": 10, "dog": 10, "bird": 4}),
        ("near-miss", "balanced", {"cat": 4, "dog": 4, "bird": 4}),
    ],
)
def test_targets(method, target, expected):
    rows = resample(LABELS, method, target=target, descriptors=clouds())
    assert Counter(LABELS[i] for i in rows) == expected


def test_same_seed_same_rows():
    assert np.array_equal(resample(LABELS, "under", seed=3), resample(LABELS, "under", seed=3))
    assert not np.array_equal(resample(LABELS, "under", seed=3), resample(LABELS, "under", seed=4))


def planted():
    """A bird labelled cat: it and the bird closest to it are each other's nearest."""
    features = clouds()
    labels = [*LABELS, "cat"]
    return np.vstack([features, features[-1] + 0.01]), labels, [f"{i}.png" for i in range(len(labels))]


@pytest.mark.parametrize("method", ["tomek", "edited-neighbours"])
def test_cleaning_leaves_out_the_planted_label_error(method):
    features, labels, _ = planted()
    left_out = set(range(len(labels))) - set(resample(labels, method, descriptors=features))
    assert len(labels) - 1 in left_out
    assert len(left_out) <= 2


def test_cleaning_suggestions_name_the_suspect_and_its_opposite():
    features, labels, paths = planted()
    table = suggest_cleaning(features, labels, paths)
    assert set(table["path"]) <= {"55.png", "56.png"}
    suspect = table[table["path"] == "56.png"]
    assert set(suspect["method"]) == {"tomek", "edited-neighbours"}
    assert set(suspect["suggested_label"]) == {"bird"}
    assert set(suspect["other_path"]) == {"55.png"}
    assert (suspect["score"] == 1.0).all()
    assert suggest_cleaning(clouds(), LABELS, paths[:-1]).empty


@pytest.mark.parametrize("method", SYNTHETIC)
def test_synthetic_descriptors_lie_among_their_class(method):
    features = clouds()
    out, names = synthesise(features, LABELS, method, seed=1)
    assert np.array_equal(out[: len(LABELS)], features.astype(np.float32))
    assert names[: len(LABELS)].tolist() == LABELS
    counts = Counter(names.tolist())
    assert counts == {"cat": 40, "dog": 40, "bird": 40}
    made = out[len(LABELS) :]
    for label in ("dog", "bird"):
        own = features[np.array(LABELS) == label]
        of_class = made[names[len(LABELS) :] == label]
        if method != "svm-smote":  # which may step outwards
            assert (of_class >= own.min(axis=0) - 1e-4).all()
            assert (of_class <= own.max(axis=0) + 1e-4).all()


def test_a_class_of_one_image_is_repeated():
    out, names = synthesise(np.eye(6)[:, :4], ["a", "a", "a", "a", "b", "c"])
    assert Counter(names.tolist()) == {"a": 4, "b": 4, "c": 4}
    assert np.isfinite(out).all()


@pytest.mark.parametrize("method", [*RANDOM, *CLEANING])
def test_wrong_use_is_refused(method):
    with pytest.raises(DataError):
        resample(["a", "a"], method, descriptors=np.zeros((2, 2)))
    with pytest.raises(DataError, match="a descriptor for each"):
        resample(LABELS, method, descriptors=np.zeros((3, 2)))


def test_unknown_methods_and_missing_descriptors_are_refused():
    with pytest.raises(UsageError, match="a method"):
        resample(LABELS, "smote")
    with pytest.raises(UsageError, match="a method"):
        synthesise(clouds(), LABELS, "over")
    with pytest.raises(UsageError, match="descriptors for 'tomek'"):
        resample(LABELS, "tomek")
    with pytest.raises(UsageError, match="below the largest"):
        resample(LABELS, "under", target=40)
    with pytest.raises(UsageError, match="over the smallest"):
        resample(LABELS, "over", target=3)
