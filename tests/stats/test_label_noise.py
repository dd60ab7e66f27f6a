import numpy as np
import pytest
from scipy import stats

from auditor.stats.label_noise import clopper_pearson, contradicted_share, most_wrong, noise_from_copies


@pytest.mark.parametrize(("found", "n"), [(0, 5), (3, 20), (20, 20), (1, 400)])
def test_the_exact_interval_is_scipys(found, n):
    expected = stats.binomtest(found, n).proportion_ci(0.95, method="exact")
    assert clopper_pearson(found, n) == pytest.approx((expected.low, expected.high))


def judged(rng, n, classes, sharpness):
    """Probabilities of a judge that is right as often as it says, and the true classes."""
    logits = sharpness * rng.normal(size=(n, classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return p, (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)


def test_what_is_contradicted_is_the_share_among_labels_drawn_from_the_doubts():
    """Drawn one by one: an image in proportion to its doubt, its wrong label to the other classes."""
    rng = np.random.default_rng(0)
    p, given = judged(rng, 200, 4, 1.5)
    others = p.copy()
    others[np.arange(200), given] = 0
    cells = rng.choice(p.size, 40_000, p=(others / others.sum()).ravel())
    drawn = p.argmax(axis=1)[cells // 4] != cells % 4
    assert contradicted_share(p, given) == pytest.approx(drawn.mean(), abs=0.01)


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("doubting", [False, True])
def test_the_bound_is_above_the_true_share(rate, doubting):
    """In 95 of 100 simulations at least; a binomial with p = 0.95 is below 88 of 100 once in 500."""
    covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        p, given = judged(rng, 600, 3, 2.0)
        others = p.copy()
        others[np.arange(600), given] = 0
        weight = others.sum(axis=1) if doubting else np.ones(600)
        wrong = rng.choice(600, round(rate * 600), replace=False, p=weight / weight.sum())
        for i in wrong:
            chances = others[i] / others[i].sum() if doubting else (np.arange(3) != given[i]) / 2
            given[i] = rng.choice(3, p=chances)
        contradicted = int((p.argmax(axis=1) != given).sum())
        covered += most_wrong(contradicted, 600, contradicted_share(p, given)) >= rate
    assert covered >= 88


def test_images_in_groups_count_less():
    assert most_wrong(10 * 0.2, 500 * 0.2, 1.0) > most_wrong(10, 500, 1.0)


def test_a_judge_that_contradicts_nothing_it_should_bounds_nothing():
    assert most_wrong(0, 100, 0.0) == 1.0
    assert most_wrong(0, 0, 1.0) == 1.0
    assert contradicted_share([[1.0, 0.0], [1.0, 0.0]], [0, 0]) == 1.0


@pytest.mark.parametrize("same", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("rate", [0.0, 0.05, 0.2])
def test_copies_that_were_labelled_apart_tell_the_share_of_wrong_labels(rate, same):
    """Whatever the chance that two wrong labels are the same one."""
    rng, covered = np.random.default_rng(7), 0
    for _ in range(200):
        first, second = rng.random((2, 150)) < rate
        alike = rng.random(150) < same
        disagree = (first != second) | (first & second & ~alike)
        found = noise_from_copies(int(disagree.sum()), 150, 3)
        assert found.low <= found.value <= found.high
        covered += found.low <= rate <= found.high
    assert covered >= 182


def test_copies_of_random_wrong_labels_are_estimated_without_bias():
    rng, rate, classes = np.random.default_rng(1), 0.15, 4
    truth = rng.integers(classes, size=200_000)
    a, b = (
        np.where(rng.random(200_000) < rate, (truth + rng.integers(1, classes, 200_000)) % classes, truth)
        for _ in range(2)
    )
    assert noise_from_copies(int((a != b).sum()), 200_000, classes).value == pytest.approx(rate, abs=0.003)


def test_without_pairs_anything_is_possible():
    found = noise_from_copies(0, 0, 2)
    assert (found.low, found.high) == (0, 1)
