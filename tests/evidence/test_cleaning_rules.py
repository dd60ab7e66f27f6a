"""Tomek links and edited nearest neighbours against brute force."""

import numpy as np
import pytest

from auditor.evidence.cleaning_rules import EDITED, TOMEK, broken_cleaning_rules

pytest.importorskip("imblearn", reason="imbalanced-learn is not installed")


def by_brute_force(points, labels):
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    nearest = distance.argmin(axis=1)
    links = [i for i, j in enumerate(nearest) if nearest[j] == i and labels[i] != labels[j]]
    votes = labels[np.argsort(distance, axis=1)[:, :3]]
    # The rule goes by the neighbours' commonest label, the first of them in a tie.
    classes = np.unique(labels)
    commonest = classes[np.array([(votes == c).sum(axis=1) for c in classes]).argmax(axis=0)]
    return links, np.flatnonzero(commonest != labels).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_the_rules_are_what_brute_force_finds(seed):
    random = np.random.default_rng(seed)
    labels = np.repeat(["cat", "dog", "owl"], 40)
    points = random.normal(size=(120, 4)).astype(np.float32) + np.repeat(np.arange(3), 40)[:, None]
    links, edited = by_brute_force(points, labels)
    found = broken_cleaning_rules(points, labels)
    assert found[TOMEK].tolist() == links and found[EDITED].tolist() == edited
    assert links and edited


def test_a_wrong_label_among_another_class_breaks_both_rules():
    points = np.concatenate([np.zeros((30, 3)), np.full((30, 3), 9.0)]).astype(np.float32)
    points += np.random.default_rng(0).normal(0, 0.1, points.shape).astype(np.float32)
    labels = np.repeat(["a", "b"], 30).astype(object)
    labels[7] = "b"
    assert broken_cleaning_rules(points, labels)[EDITED].tolist() == [7]


def test_one_class_or_too_few_images_break_no_rule():
    assert broken_cleaning_rules(np.zeros((9, 2), np.float32), ["a"] * 9) == {}
    assert broken_cleaning_rules(np.zeros((3, 2), np.float32), ["a", "b", "b"]) == {}
