import errno
import os
from pathlib import Path

import numpy as np
import pytest

from auditor.scanning import paged, scan_images
from auditor.scanning.paged import give_back, signature_array
from auditor.scanning.schema import SIGNATURE_BYTES
from tests.scanning.making import dataset, jpeg
from tests.scanning.test_scan import same


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_memory_is_given_back_and_the_values_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(paged, "IN_FILE_FROM", 10)
    n = 40_000  # 61 MB
    found = signature_array(n, tmp_path)
    assert not found.any()
    assert list(tmp_path.iterdir()) == []  # the file has no name
    rows = np.random.default_rng(0).integers(0, n, 50)
    found[:] = 7
    found[rows] = rows[:, None] % 251
    before = resident()
    give_back(found)
    assert before - resident() > 0.9 * n * SIGNATURE_BYTES
    assert (found[rows] == rows[:, None] % 251).all()
    assert int((found[:, 0] == 7).sum()) >= n - 50


def test_few_are_plain_memory_and_stay():
    found = signature_array(3)
    found[:] = 5
    give_back(found)
    give_back(found[1:])
    assert (found == 5).all()


def test_without_room_for_the_file_memory_is_taken(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(paged, "IN_FILE_FROM", 10)
    monkeypatch.setattr(os, "posix_fallocate", full)
    found = signature_array(20, tmp_path)
    found[:] = 9
    give_back(found)
    assert (found == 9).all()


@pytest.mark.parametrize("sweep", [1, 5])
def test_a_scan_with_signatures_in_a_file_is_the_same(tmp_path, monkeypatch, sweep):
    data = dataset(tmp_path / "data", {f"{i:02d}.jpg": jpeg(seed=i) for i in range(15)} | {"bad.jpg": b"no"})
    plain = scan_images(data)
    monkeypatch.setattr(paged, "IN_FILE_FROM", 10)
    for module in ("collecting", "store"):
        monkeypatch.setattr(f"auditor.scanning.{module}.SWEEP", sweep)
    store = tmp_path / "store"
    same(plain, scan_images(data, store=store))
    same(plain, scan_images(data, store=store))
