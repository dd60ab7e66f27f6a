"""Weights, offsets and frequencies."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.utils.class_weight import compute_class_weight

from auditor.augmentation import class_frequencies, class_weights, logit_offsets
from auditor.errors import DataError, UsageError

counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 5000), min_size=1)


@settings(deadline=None)
@given(counts)
def test_inverse_frequency_is_scikit_learns_balanced(n):
    labels = [label for label, k in n.items() for _ in range(min(k, 40))]
    expected = compute_class_weight("balanced", classes=np.array(sorted(n)), y=np.array(labels))
    assert list(class_weights(labels).values()) == pytest.approx(expected.tolist())


@settings(deadline=None)
@given(counts, st.floats(0, 0.99999), st.sampled_from(["inverse", "effective"]))
def test_mean_weight_over_the_images_is_one_and_rarer_never_weighs_less(n, beta, scheme):
    weights = class_weights(n, scheme=scheme, beta=beta)
    assert sum(weights[label] * k for label, k in n.items()) / sum(n.values()) == pytest.approx(1)
    ranked = [weights[label] for label in sorted(n, key=n.get)]
    assert all(a >= b - 1e-9 for a, b in itertools.pairwise(ranked))


def test_effective_number_by_hand():
    # beta 0.5: E(1) = 1, E(2) = 1.5; 1/E = 1 and 2/3; mean over the 3 images of (1, 2/3, 2/3) is 7/9.
    assert class_weights({"a": 1, "b": 2}, scheme="effective", beta=0.5) == pytest.approx(
        {"a": 9 / 7, "b": 6 / 7}
    )


@settings(deadline=None)
@given(counts)
def test_logit_offsets_turn_even_logits_into_the_priors(n):
    offsets = logit_offsets(n)
    assert softmax(list(offsets.values())) == pytest.approx(
        [n[label] / sum(n.values()) for label in sorted(n)]
    )


@settings(deadline=None)
@given(counts, st.floats(0, 1))
def test_frequencies_lie_between_balanced_and_as_they_are(n, power):
    shares = class_frequencies(n, power=power)
    assert sum(shares.values()) == pytest.approx(1)
    assert class_frequencies(n, power=0) == pytest.approx(dict.fromkeys(n, 1 / len(n)))
    assert class_frequencies(n, power=1) == pytest.approx(
        {label: k / sum(n.values()) for label, k in n.items()}
    )
    largest = max(n, key=n.get)
    assert shares[largest] <= n[largest] / sum(n.values()) + 1e-9


@pytest.mark.parametrize(
    "call",
    [
        lambda: class_weights({"a": 1}, scheme="square"),
        lambda: class_weights({"a": 1}, beta=1.0),
        lambda: class_frequencies({"a": 1}, power=2),
    ],
)
def test_impossible_values_are_refused(call):
    with pytest.raises(UsageError):
        call()


@pytest.mark.parametrize("labels", [[], {}, {"a": 0}])
def test_classes_without_images_are_refused(labels):
    with pytest.raises(DataError):
        class_weights(labels)
