import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from auditor.duplicates.hashes import find_close_pairs, hash_every_turn
from auditor.duplicates.turns import TURNS, turn_pictures
from tests.duplicates.test_detail import blobs, signatures_of


@settings(max_examples=40, deadline=None)
@given(
    base=arrays(np.uint64, st.integers(0, 30)),
    flips=st.lists(st.tuples(st.integers(0, 29), st.lists(st.integers(0, 63), max_size=7)), max_size=20),
    bits=st.sampled_from([4, 6]),
)
def test_all_pairs_within_the_radius_are_found(base, flips, bits):
    queries = np.array(
        [
            np.bitwise_xor.reduce([base[i], *(np.uint64(1 << b) for b in set(where))])
            for i, where in flips
            if i < len(base)
        ],
        np.uint64,
    )
    expected = [
        [i, j]
        for i, q in enumerate(queries)
        for j, b in enumerate(base)
        if bin(int(q) ^ int(b)).count("1") <= bits
    ]
    sets, query, found = find_close_pairs(queries[None], base, bits)
    assert np.stack([query, found], axis=1).tolist() == expected
    assert (sets == 0).all()


def test_hashes_of_turns_are_those_of_turned_pictures():
    pictures = blobs(20)[:, :32, :32].astype(np.uint8)
    hashes = hash_every_turn(signatures_of(pictures), np.arange(20))
    for turn in range(len(TURNS)):
        direct = hash_every_turn(signatures_of(turn_pictures(pictures, turn)), np.arange(20))[0]
        np.testing.assert_array_equal(hashes[turn], direct)


def test_hash_bits_are_the_signs_of_the_cosine_transform():
    picture = blobs(1)[0, :32, :32].astype(np.uint8)
    coefficients = cv2.dct(picture.astype(np.float64))[:8, :8].ravel()
    bits = [
        (int(hash_every_turn(signatures_of(picture[None]), np.arange(1))[0, 0]) >> (63 - k)) & 1
        for k in range(64)
    ]
    assert bits[1:] == (coefficients[1:] > 0).astype(int).tolist()
    assert bits[0] == 0
