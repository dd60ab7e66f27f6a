import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.scanning.batch import Item
from auditor.scanning.pool import Pool
from auditor.scanning.worker import Order
from auditor.scanning.worker_spawner import WorkerSpawner
from tests.scanning.making import dataset, jpeg
from tests.scanning.sources import Hostile


def scanned(tmp_path, names, *, jobs=2, timeout=1.0, size=8):
    data = dataset(tmp_path, {name: jpeg(seed=i) for i, name in enumerate(names)})
    items = [Item(i, p) for i, p in enumerate(data.samples["path"])]
    with Pool(Order(Hostile(data.source), timeout, 1 << 30, "header"), jobs) as pool:
        batches = [items[i : i + size] for i in range(0, len(items), size)]
        found = {
            row: facts
            for rows in pool.run(batches)
            for row, facts in zip(rows.index, rows.facts, strict=True)
        }
    assert sorted(found) == list(range(len(names)))
    return {item.path: found[item.row] for item in items}


def test_a_crash_costs_one_image(tmp_path):
    names = [f"{i:02d}.jpg" for i in range(20)] + ["05-crash.jpg", "06-crash.jpg", "13-exit.jpg"]
    found = scanned(tmp_path, names)
    lost = {p: f.defect for p, f in found.items() if f.status != "ok"}
    assert lost == {"05-crash.jpg": "crashed", "06-crash.jpg": "crashed", "13-exit.jpg": "crashed"}
    assert all(found[p].sha256 and found[p].bytes for p in lost)


def test_an_endless_decode_costs_one_image_and_its_time(tmp_path):
    start = time.monotonic()
    found = scanned(tmp_path, ["0.jpg", "1-endless.jpg", "2.jpg"], timeout=0.5)
    assert [f.defect for f in found.values()] == ["", "timeout", ""]
    assert found["1-endless.jpg"].reason == "timeout: not decoded within 0.5 s"
    assert time.monotonic() - start < 30


def test_a_hungry_decode_costs_one_image(tmp_path):
    found = scanned(tmp_path, ["0.jpg", "1-hungry.jpg", "2.jpg"])
    assert [f.defect for f in found.values()] == ["", "memory", ""]


def test_every_file_may_be_deadly(tmp_path):
    found = scanned(tmp_path, [f"{i}-crash.jpg" for i in range(5)], jobs=1)
    assert {f.defect for f in found.values()} == {"crashed"}


def test_workers_are_gone_when_the_pool_is_closed(tmp_path):
    data = dataset(tmp_path, {"a.jpg": jpeg()})
    pool = Pool(Order(data.source, 5.0, 1 << 30, "header"), 2)
    list(pool.run([[Item(0, "a.jpg")], [Item(1, "a.jpg")]]))
    pids = [w.pid for w in pool._workers]
    assert pids
    pool.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def spawners():
    """Return the direct children of this process that fork workers."""
    children = [*Path("/proc/self/task").glob("*/children")]
    pids = {int(pid) for file in children for pid in file.read_text().split()}
    return {pid for pid in pids if b"auditor.scanning.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_spawner_is_replaced(tmp_path):
    data = dataset(tmp_path, {"0.jpg": jpeg(), "1-crash.jpg": jpeg(), "2.jpg": jpeg()})
    items = [Item(i, path) for i, path in enumerate(data.samples["path"])]
    before = spawners()
    with Pool(Order(Hostile(data.source), 5.0, 1 << 30, "header"), 1) as pool:
        for rows in (run := pool.run([[item] for item in items])):
            assert not rows.facts[0].defect
            break
        [first] = spawners() - before
        os.kill(first, signal.SIGKILL)
        assert {rows.facts[0].defect for rows in run} == {"crashed", ""}
        [second] = spawners() - before
        assert second != first
    assert spawners() == before


def test_no_room_for_a_worker_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(
        WorkerSpawner,
        "fork_worker",
        lambda *_: (_ for _ in ()).throw(BlockingIOError(11, "Resource temporarily unavailable")),
    )
    data = dataset(tmp_path, {"0.jpg": jpeg()})
    with (
        Pool(Order(data.source, 5.0, 1 << 30, "header"), 1) as pool,
        pytest.raises(UsageError, match=r"temporarily unavailable.*--jobs"),
    ):
        list(pool.run([[Item(0, "0.jpg")]]))


def test_where_no_spawner_can_be_had_the_error_is_still_that_line(tmp_path, monkeypatch):
    monkeypatch.setattr(
        WorkerSpawner, "fork_worker", lambda *_: (_ for _ in ()).throw(ConnectionResetError())
    )
    data = dataset(tmp_path, {"0.jpg": jpeg()})
    pool = Pool(Order(data.source, 5.0, 1 << 30, "header"), 1)
    pool._spawner = WorkerSpawner.start()
    monkeypatch.setattr(
        WorkerSpawner,
        "start",
        lambda: (_ for _ in ()).throw(BlockingIOError(11, "Resource temporarily unavailable")),
    )
    with pool, pytest.raises(UsageError, match="temporarily unavailable"):
        list(pool.run([[Item(0, "0.jpg")]]))


def test_a_worker_imports_nothing_large():
    code = (
        "import sys, auditor.scanning.worker; print(*sorted({'pandas', 'pyarrow', 'scipy', 'sklearn', "
        "'tensorflow'} & set(sys.modules)))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == ""
    )


def test_a_source_that_workers_cannot_import_is_one_clear_error():
    code = """
from auditor.scanning.batch import Item
from auditor.scanning.pool import Pool
from auditor.scanning.worker import Order
class Mine: pass
try:
    with Pool(Order(Mine(), 5.0, 1 << 30, "header"), 1) as pool:
        list(pool.run([[Item(0, "a"), Item(1, "b")]]))
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith(
        "UsageError: expected a data source that other processes can import; received Mine of __main__; hint:"
    )
