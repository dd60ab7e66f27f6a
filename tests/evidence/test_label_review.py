import numpy as np
import pytest

from auditor.evidence.label_review import BLOCK, random_order, review_labels

N, LISTED = 600, 60


def world(seed, list_rate=0.5, rest_rate=0.03):
    """Which labels are wrong, which are listed, and a random order."""
    rng = np.random.default_rng(seed)
    listed = np.zeros(N, dtype=bool)
    listed[rng.choice(N, LISTED, replace=False)] = True
    wrong = rng.random(N) < np.where(listed, list_rate, rest_rate)
    return wrong, listed, rng.permutation(N)


def said(wrong, rows):
    answers = np.full(len(wrong), "", dtype="U7")
    answers[rows] = np.where(wrong[rows], "wrong", "right")
    return answers


def reviewed(wrong, listed, order, answers):
    return review_labels(order, answers, listed, np.zeros(len(wrong), dtype=bool))


def test_before_any_look_ten_of_the_list_and_ten_others_are_asked_for():
    wrong, listed, order = world(0)
    review = reviewed(wrong, listed, order, said(wrong, []))
    assert len(review.following) == 20
    assert listed[review.following].sum() == 10
    assert not review.measured
    assert (review.listed.seen, review.rest.seen) == (0, 0)


def test_a_block_counts_once_all_of_it_is_decided_on():
    wrong, listed, order = world(0)
    first = reviewed(wrong, listed, order, said(wrong, [])).following
    half = reviewed(wrong, listed, order, said(wrong, first[:-1]))
    assert half.listed.seen + half.rest.seen == BLOCK
    assert set(half.following) >= {first[-1]}
    whole = reviewed(wrong, listed, order, said(wrong, first))
    assert (whole.listed.seen, whole.rest.seen) == (10, 10)
    assert not set(whole.following) & set(first)
    assert whole.listed.wrong == wrong[first][listed[first]].sum()


def test_who_looks_until_it_suits_is_misled_in_at_most_one_of_twenty():
    """A reviewer stops once the bounds leave the truth out: 8 of 150 at most, by chance never above 14."""
    missed = 0
    for seed in range(150):
        wrong, listed, order = world(seed)
        rows = np.array([], dtype=int)
        outside = False
        for _ in range(30):
            review = reviewed(wrong, listed, order, said(wrong, rows))
            low, high = review.bounds()
            least, most = review.list_bounds()
            outside |= not low <= wrong.mean() <= high or not least <= wrong[listed].sum() <= most
            rows = np.concatenate([rows, review.following])
        missed += outside
    assert missed <= 14


def test_looking_at_the_worst_first_as_well_does_not_bend_the_share():
    """Half the wrong labels are known to the reviewer at once; the mean estimate stays where it was."""
    plain, eager = [], []
    for seed in range(200):
        wrong, listed, order = world(seed)
        sample = reviewed(wrong, listed, order, said(wrong, [])).following
        known = np.flatnonzero(wrong)[::2]
        plain.append(reviewed(wrong, listed, order, said(wrong, sample)))
        eager.append(reviewed(wrong, listed, order, said(wrong, np.union1d(sample, known))))
        assert eager[-1].found >= len(known)
        assert eager[-1].bounds()[0] >= len(known) / N
    assert np.mean([r.share for r in eager]) == pytest.approx(np.mean([r.share for r in plain]), abs=0.002)
    truth = np.mean([world(seed)[0].mean() for seed in range(200)])
    assert np.mean([r.share for r in plain]) == pytest.approx(truth, abs=0.01)


def test_what_could_not_be_told_widens_the_bounds_on_both_sides():
    wrong, listed, order = world(1)
    rows = order[:200]
    clear = said(wrong, rows)
    vague = clear.copy()
    vague[rows[::4]] = "unclear"
    sure, unsure = (reviewed(wrong, listed, order, a).bounds() for a in (clear, vague))
    assert unsure[0] <= sure[0]
    assert unsure[1] > sure[1]


def test_a_look_at_everything_is_a_count():
    wrong, listed, order = world(2)
    review = reviewed(wrong, listed, order, said(wrong, np.arange(N)))
    assert review.bounds() == (wrong.mean(), wrong.mean())
    assert review.share == pytest.approx(wrong.mean())
    assert not len(review.following)


def test_verified_labels_are_right_and_not_asked_about():
    wrong, listed, order = world(3)
    verified = np.zeros(N, dtype=bool)
    verified[:300] = True
    review = review_labels(order, said(wrong, []), listed, verified)
    assert not verified[review.following].any()
    assert review.bounds()[1] == 0.5
    assert review.total == N


def test_the_order_goes_with_the_path_and_the_seed():
    paths = np.array([f"{i}.png" for i in range(100)] + ["猫\udcff.png"], dtype=object)
    order = paths[random_order(paths, 3)]
    shuffled = np.random.default_rng(0).permutation(paths)
    assert (shuffled[random_order(shuffled, 3)] == order).all()
    assert (paths[random_order(paths, 4)] != order).any()


def test_further_looks_decide_if_it_goes_on_as_it_went():
    wrong, listed, order = np.zeros(5000, dtype=bool), np.zeros(5000, dtype=bool), np.arange(5000)
    listed[-20:] = True
    first = reviewed(wrong, listed, order, said(wrong, np.r_[:10, 4980:5000]))
    more = first.further_looks(0.01)
    enough = reviewed(wrong, listed, order, said(wrong, np.r_[: 10 + more, 4980:5000]))
    assert first.bounds()[1] > 0.01 >= enough.bounds()[1]
    assert 400 <= more <= 700
