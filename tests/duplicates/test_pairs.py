import numpy as np

from auditor.duplicates.pairs import Pairs, keep_nearest_turn, merge_pairs


def columns(pairs):
    return [c.tolist() for c in (pairs.first, pairs.second, pairs.turn)]


def test_a_pair_found_from_both_ends_is_one_pair_and_a_turn_is_that_of_the_second():
    rows = np.array([10, 20, 30])
    found = [
        (np.array([0, 1, 2]), np.array([1, 0, 2]), np.array([0, 0, 0])),
        (np.array([2]), np.array([0]), np.array([6])),  # a quarter turn, undone by the other one
    ]
    assert columns(merge_pairs(rows, found)) == [[10, 10], [20, 30], [0, 7]]
    assert found == []


def test_the_nearest_turn_of_a_pair_is_kept_and_untouched_first():
    pairs = Pairs(
        np.array([1, 1, 1, 2, 2]),
        np.array([5, 5, 6, 7, 7]),
        np.array([0, 1, 3, 0, 4]),
        np.array([0.5, 0.2, 0.9, 0.1, 0.1]),
    )
    kept = keep_nearest_turn(pairs)
    assert columns(kept) == [[1, 1, 2], [5, 6, 7], [1, 3, 0]]
    assert kept.find_nearest(8).tolist() == [1, 0.2, 0.1, 1, 1, 0.2, 0.9, 0.1]
