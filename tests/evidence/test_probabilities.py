import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.evidence import Evidence
from auditor.evidence.probabilities import (
    FOLDS,
    balanced_accuracy,
    deal_folds,
    find_probabilities,
    geometric_mean,
    logistic,
    out_of_fold,
    votes,
)
from tests.checks.shapes import shape_scan


@pytest.fixture(scope="module")
def scan():
    return shape_scan(
        {"train/disc": 50, "train/ring": 40, "test/disc": 15, "test/ring": 15, "train/cross": 3}
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=1, max_size=120))
def test_a_group_is_never_in_two_folds(images):
    kinds, groups = np.array(images).T
    folds = deal_folds(kinds, groups)
    assert set(folds) <= set(range(FOLDS))
    for g in np.unique(groups):
        assert len(set(folds[groups == g])) == 1


def test_folds_share_out_every_class_evenly():
    kinds = np.repeat([0, 1, 2], [100, 20, 5])
    folds = deal_folds(kinds, np.arange(125))
    counts = np.array([np.bincount(folds[kinds == k], minlength=FOLDS) for k in range(3)])
    assert (counts == [[20] * 5, [4] * 5, [1] * 5]).all()


def test_no_model_sees_the_image_or_its_group():
    """Descriptors are noise and labels belong to groups: without a leak the accuracy is that of chance."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 10)
    kinds = (groups % 2)[np.argsort(rng.random(600))] * 0 + groups % 2
    x = (rng.normal(size=(60, 20))[groups] + 0.05 * rng.normal(size=(600, 20))).astype(np.float32)
    order = rng.permutation(600)
    values = out_of_fold(x[order], kinds[order], groups[order], 2)
    assert abs(balanced_accuracy(kinds[order], values.argmax(axis=1), 2) - 0.5) < 0.2
    leaky = out_of_fold(x[order], kinds[order], np.arange(600), 2)
    assert balanced_accuracy(kinds[order], leaky.argmax(axis=1), 2) > 0.9


def test_votes_are_those_of_a_count_by_hand():
    """Two neighbours in the query's direction and one across, which has no vote; a tenth for each class."""
    x = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    values = votes(x, np.array([0, 0, 1]), np.array([[1, 0]], dtype=np.float32), 2)
    assert np.allclose(values, [[2.1 / 2.2, 0.1 / 2.2]])


def test_geometric_mean_by_hand():
    values = geometric_mean([np.array([[0.9, 0.1]], np.float32), np.array([[0.4, 0.6]], np.float32)])
    a, b = (0.9 * 0.4) ** 0.5, (0.1 * 0.6) ** 0.5
    assert np.allclose(values, [[a / (a + b), b / (a + b)]])


def test_balanced_accuracy_is_the_mean_recall():
    assert balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), 3) == pytest.approx(
        (2 / 3 + 1) / 2
    )


def test_a_class_absent_from_training_gets_nothing():
    x = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    values = logistic(x, np.arange(30) % 2 * 2, x[:3], 3)
    assert (values[:, 1] == 0).all()
    assert np.allclose(values.sum(axis=1), 1, atol=1e-5)
    assert (logistic(x, np.full(30, 2), x[:3], 3) == [0, 0, 1]).all()


def test_shapes_are_recognised_and_tiny_classes_left_out(scan):
    found = scan.probabilities
    assert found.classes == ("disc", "ring")
    assert found.left_out == 3
    assert found.balanced_accuracy > 0.85
    assert (scan.labels[found.rows] == np.array(found.classes)[found.given]).all()
    assert np.allclose(found.values.sum(axis=1), 1, atol=1e-5)


def test_images_from_the_field_and_unlabelled_ones_are_not_judged(scan):
    splits = np.where(np.arange(len(scan.images)) % 4 == 0, "field", scan.splits)
    labels = np.where(np.arange(len(scan.images)) % 4 == 1, "", scan.labels)
    found = find_probabilities(Evidence(scan.images.assign(split=splits, label=labels), scan.signatures))
    assert (found.rows % 4 >= 2).all()


def test_too_few_groups_to_cross_validate_is_none(scan):
    assert (
        find_probabilities(Evidence(scan.images.assign(group=scan.images["label"]), scan.signatures)) is None
    )


def test_a_model_that_knows_better_joins_the_ensemble(scan):
    other = Evidence(scan.images, scan.signatures)
    plain = find_probabilities(other)
    paths = scan.images["path"].to_numpy()[plain.rows]
    covered = np.arange(len(paths)) % 2 == 0
    right = np.where(plain.given[:, None] == [0, 1], 0.99, 0.01)[covered]
    said = pd.DataFrame(right, index=paths[covered], columns=["disc", "ring"])
    joined = other.with_model(said, {}).probabilities
    assert joined.models[-1] == "baseline CNN"
    own = np.arange(len(paths)), plain.given
    assert (joined.values[own][covered] > plain.values[own][covered]).all()
    assert np.allclose(joined.values[~covered], plain.values[~covered])


def test_a_model_that_knows_worse_or_not_every_class_does_not(scan):
    other = Evidence(scan.images, scan.signatures)
    wrong = pd.DataFrame(
        {
            "path": scan.images["path"],
            "disc": (scan.labels != "disc") * 1.0,
            "ring": (scan.labels == "disc") * 1.0,
        }
    )
    for said in (wrong, wrong.drop(columns="ring")):
        assert "baseline CNN" not in other.with_model(said, {}).probabilities.models
