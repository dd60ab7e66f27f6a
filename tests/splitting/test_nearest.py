import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.splitting import nearest
from auditor.splitting.nearest import nearest_across


def brute(hashes, parts):
    pairs = [
        (bin(a ^ b).count("1"))
        for i, a in enumerate(hashes)
        for j, b in enumerate(hashes)
        if i < j and parts[i] != parts[j]
    ]
    return min(pairs, default=None)


def call(hashes, parts):
    return nearest_across(
        pd.Series([f"{i}.png" for i in range(len(hashes))]),
        pd.Series([f"{h:016x}" for h in hashes]),
        pd.Series(parts),
    )


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 2**64 - 1), st.sampled_from(["train", "val", "test"])),
        min_size=1,
        max_size=30,
    )
)
def test_the_nearest_pair_across_parts_is_found(rows):
    hashes, parts = [h for h, _ in rows], [p for _, p in rows]
    found, least = call(hashes, parts), brute(hashes, parts)
    assert (found is None) == (least is None)
    if found is not None:
        i, j = int(found.path[:-4]), int(found.other_path[:-4])
        assert (found.bits, found.part, found.other_part) == (least, parts[i], parts[j])
        assert bin(hashes[i] ^ hashes[j]).count("1") == least


@pytest.mark.parametrize("flipped", [0, 1, 3, 4, 6])
def test_many_images_are_searched_within_the_radius(flipped, monkeypatch):
    monkeypatch.setattr(nearest, "ALL_PAIRS", 10)
    rng = np.random.default_rng(flipped)
    hashes = [int(h) for h in rng.integers(0, 2**63, 400)]
    parts = ["train", "test"] * 200
    hashes[301] = hashes[10] ^ sum(1 << int(b) for b in rng.choice(64, flipped, replace=False))
    found = call(hashes, parts)
    assert found.bits == min(flipped, 5)
    assert ({found.path, found.other_path} == {"10.png", "301.png"}) == (flipped <= 4)
    assert ("No two images" in found.sentence) == (flipped > 4)


def test_images_without_a_part_or_a_hash_do_not_count():
    found = nearest_across(
        pd.Series(["a", "b", "c", "d"]),
        pd.Series(["00", "00", "", "ff"]),
        pd.Series(["train", "", "test", "test"]),
    )
    assert (found.path, found.other_path, found.bits) == ("a", "d", 8)
