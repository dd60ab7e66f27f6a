import numpy as np

from auditor.duplicates.turns import INVERSE, turn_pictures


def test_the_inverse_of_each_turn_undoes_it():
    pictures = np.random.default_rng(0).integers(0, 255, (2, 5, 5))
    for turn, inverse in enumerate(INVERSE):
        np.testing.assert_array_equal(turn_pictures(turn_pictures(pictures, turn), inverse), pictures)
