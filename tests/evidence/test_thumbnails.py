import numpy as np

from auditor.scanning import paged
from tests.checks.splits import scan, table


def test_thumbnails_of_some_rows_are_theirs_whatever_the_order(monkeypatch):
    monkeypatch.setattr(paged, "SCATTERED", 3)
    made = scan(table({"train": {"cat": 20}}))
    made.signatures = np.random.default_rng(0).integers(0, 255, (20, 1536), dtype=np.uint8)
    for rows in ([], [5], [19, 0, 7, 7, 3, 11, 2]):
        assert np.array_equal(
            made.thumbnails(np.array(rows, dtype=np.int64)), made.signatures[np.array(rows, dtype=np.int64)]
        )
