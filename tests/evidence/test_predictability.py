import numpy as np
import pytest

from auditor.evidence.predictability import BINS, binned, coded, predictability
from auditor.evidence.predictability import _NaiveBayes as NaiveBayes
from auditor.evidence.predictability import _permuter as permuter


def told(values, kinds, groups=None, classes=2):
    groups = np.arange(len(kinds)) if groups is None else groups
    return predictability(
        binned(np.asarray(values, float)[:, None]),
        kinds,
        groups,
        classes,
        tests=1,
        rng=np.random.default_rng(0),
    )


@pytest.mark.parametrize("share", [0.5, 0.7, 0.95])
def test_a_dominant_class_alone_raises_no_alarm(share):
    """Noise says nothing, however uneven the classes: skill near 0, in an interval that reaches it."""
    rng = np.random.default_rng(1)
    kinds = (rng.random(1500) > share).astype(int)
    found = told(rng.normal(size=1500), kinds)
    assert abs(found.skill) < 0.1
    assert found.low.max() < 0.05
    assert found.p_value > 0.01


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_number_that_gives_the_class_away_is_found(share):
    rng = np.random.default_rng(2)
    kinds = (rng.random(1500) > share).astype(int)
    found = told(rng.normal(size=1500) + 6 * kinds, kinds)
    assert found.skill > 0.9
    assert found.low[found.strongest] > 0.75
    assert found.p_value <= 0.05


def test_one_class_of_ten_is_named():
    """Only class 3 differs: its own informedness is near 1, though balanced accuracy is near chance."""
    rng = np.random.default_rng(3)
    kinds = rng.integers(0, 10, 2000)
    found = told(np.where(kinds == 3, 1.0, 0.0), kinds, classes=10)
    assert found.strongest == 3
    assert found.informedness[3] > 0.95
    assert found.skill < 0.25


def test_skill_grows_with_the_difference():
    rng = np.random.default_rng(4)
    kinds, noise = np.arange(600) % 2, rng.normal(size=600)
    skills = [told(noise + d * kinds, kinds).skill for d in (0, 1, 2, 4, 8)]
    assert skills == sorted(skills)


def test_what_only_groups_share_does_not_count():
    """A number of each group's own and labels by group: across groups it says nothing."""
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(40), 25)
    kinds = (groups % 2).astype(np.int64)
    order = rng.permutation(1000)
    grouped = told(rng.normal(size=40)[groups][order], kinds[order], groups[order])
    assert grouped.low.max() < 0.5
    alone = told(rng.normal(size=40)[groups][order], kinds[order])
    assert grouped.high[0] - grouped.low[0] > alone.high[0] - alone.low[0]


def test_permutation_keeps_groups_whole_and_labels_counted():
    rng = np.random.default_rng(6)
    groups = np.repeat(np.arange(30), 4)
    pure = (groups % 3).astype(np.int64)
    shuffled = permuter(pure, groups)(rng)
    assert (np.bincount(shuffled) == np.bincount(pure)).all()
    assert all(len(set(shuffled[groups == g])) == 1 for g in range(30))
    assert (shuffled != pure).any()
    mixed = rng.integers(0, 3, 120)
    again = permuter(mixed, groups)(rng)
    assert all(sorted(again[groups == g]) == sorted(mixed[groups == g]) for g in range(30))
    assert (again != mixed).any()


def test_a_value_that_many_share_has_a_bin_of_its_own():
    bins = binned(np.r_[np.zeros(50), np.ones(50), np.linspace(2, 3, 50), np.nan][:, None])[:, 0]
    assert len({*bins[:50]}) == len({*bins[50:100]}) == 1
    assert len({bins[0], bins[50], bins[100]}) == 3
    assert bins[-1] == BINS
    assert bins[:-1].max() < BINS


def test_rare_values_are_taken_together():
    codes = coded(np.array([f"v{i}" for i in range(30) for _ in range(30 - i)], dtype=object))[:, 0]
    assert len(set(codes)) == BINS + 1
    assert len({*codes[: 30 + 29]}) == 2


def test_predictions_are_those_of_a_naive_bayes_written_out(monkeypatch):
    monkeypatch.setattr("auditor.evidence.predictability.NUMBERS_AT_ONCE", 10_000)  # several blocks
    rng = np.random.default_rng(7)
    n, columns, classes = 120, 3, 4
    bins, folds = rng.integers(0, BINS + 1, (n, columns)), rng.integers(0, 5, n)
    labellings = rng.integers(0, classes, (7, n))
    guesses = NaiveBayes(bins, folds, classes)(labellings)
    for given, guess in zip(labellings, guesses, strict=True):
        for i in range(0, n, 10):
            train = folds != folds[i]
            scores = np.zeros(classes)
            for k in range(classes):
                for c in range(columns):
                    of_class = bins[train & (given == k), c]
                    scores[k] += np.log(
                        ((of_class == bins[i, c]).sum() + 0.5) / (len(of_class) + 0.5 * (BINS + 1))
                    )
            assert scores[guess[i]] == pytest.approx(scores.max(), abs=1e-5)
