"""Candidates: which pairs are compared."""

import numpy as np

from auditor.duplicates.candidates import find_candidates
from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.signature import signature


def test_what_is_suggested_is_compared_once_and_by_its_rows():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (6, 40, 40, 3)).astype(np.uint8)
    signatures = Signatures(np.stack([signature(p) for p in pictures]))
    rows = np.array([0, 2, 3, 5])
    suggested = np.full((6, 2), -1)
    suggested[2], suggested[5], suggested[3] = [5, -1], [2, 1], [0, -1]
    plain = find_candidates(rows, signatures, None, None)
    found = find_candidates(rows, signatures, None, None, suggested)
    # Row 1 is not among those compared; noise has no like hashes.
    assert len(plain) == 0
    assert sorted(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 3), (2, 5)]
