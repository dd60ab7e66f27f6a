import errno
import os
from pathlib import Path

import numpy as np
import pytest

from auditor.scanning import mapped_signatures, scan_images
from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.schema import SIGNATURE_BYTES
from tests.scanning.making import dataset, jpeg
from tests.scanning.test_scan import same


@pytest.fixture
def in_file(monkeypatch):
    monkeypatch.setattr(mapped_signatures, "IN_FILE_FROM", 10)


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_memory_is_given_back_and_the_values_stay(tmp_path, in_file):
    n = 40_000  # 61 MB
    found = Signatures.zeros(n, tmp_path)
    assert not found.array.any()
    assert list(tmp_path.iterdir()) == []  # the file has no name
    rows = np.random.default_rng(0).integers(0, n, 50)
    found.array[:] = 7
    found.array[rows] = rows[:, None] % 251
    before = resident()
    found.release_memory()
    assert before - resident() > 0.9 * n * SIGNATURE_BYTES
    assert (found.array[rows] == rows[:, None] % 251).all()
    assert int((found.array[:, 0] == 7).sum()) >= n - 50


@pytest.mark.parametrize("order", ["one after the other", "scattered"])
def test_whoever_reads_or_writes_many_rows_need_not_release_them(tmp_path, in_file, monkeypatch, order):
    monkeypatch.setattr(mapped_signatures, "MOST_RESIDENT", 4 << 20)
    n = 40_000
    found = Signatures.zeros(n, tmp_path)
    rows = np.arange(n)
    if order == "scattered":
        np.random.default_rng(0).shuffle(rows)
    before = resident()
    for start in range(0, n, 100):
        part = rows[start : start + 100]
        found[part] = part[:, None] % 251
    assert resident() - before < 20 << 20  # of 61 MB
    for part, block in found.blocks(rows):
        assert (block.array[:, 0] == rows[part] % 251).all()
    assert resident() - before < 20 << 20


def test_few_are_plain_memory_and_stay():
    found = Signatures.zeros(3)
    found[np.arange(3)] = 5
    found.release_memory()
    assert (found.array == 5).all()


def test_without_room_for_the_file_memory_is_taken(tmp_path, in_file, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    found = Signatures.zeros(20, tmp_path)
    found.array[:] = 9
    found.release_memory()
    assert (found.array == 9).all()


@pytest.mark.parametrize("rows", [[], [5], [19, 0, 7, 7, 3, 11, 2]])
def test_some_rows_are_theirs_whatever_the_order(tmp_path, in_file, monkeypatch, rows):
    monkeypatch.setattr(mapped_signatures, "ROWS_AT_ONCE", 3)
    values = np.random.default_rng(0).integers(0, 255, (20, SIGNATURE_BYTES), dtype=np.uint8)
    found = Signatures.zeros(20, tmp_path)
    found[np.arange(20)] = values
    rows = np.array(rows, dtype=np.int64)
    assert np.array_equal(found[rows].array, values[rows])


@pytest.mark.parametrize("most", [1, 5 * SIGNATURE_BYTES])
def test_a_scan_with_signatures_in_a_file_is_the_same(tmp_path, monkeypatch, most):
    data = dataset(tmp_path / "data", {f"{i:02d}.jpg": jpeg(seed=i) for i in range(15)} | {"bad.jpg": b"no"})
    plain = scan_images(data)
    monkeypatch.setattr(mapped_signatures, "IN_FILE_FROM", 10)
    monkeypatch.setattr(mapped_signatures, "MOST_RESIDENT", most)
    store = tmp_path / "store"
    same(plain, scan_images(data, store=store))
    same(plain, scan_images(data, store=store))
