import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditor import parquet
from auditor.dataset import FileStat, LocalFiles
from auditor.errors import OutputError, UsageError
from auditor.readers import open_dataset
from auditor.scanning import scan as scan_module
from auditor.scanning import scan_images, time_budget
from auditor.scanning.batch import Item
from auditor.scanning.schema import MEASURE_NAMES, SIGNATURE_BYTES, Facts
from tests.scanning.making import dataset, encoded, jpeg, picture, png
from tests.scanning.sources import Hostile


@pytest.fixture
def mixed(tmp_path):
    files = {f"{i:02d}.jpg": jpeg(20 + i, 30, i) for i in range(12)}
    files |= {f"{i:02d}.png": png(32, 32, i) for i in range(6)}
    files |= {
        "b.bmp": encoded(picture(), "BMP"),
        "cut.jpg": jpeg(90, 90)[:1000],
        "empty.png": b"",
        "text.jpg": b"hello",
        "wide.jpg": jpeg(700, 40),
    }
    return dataset(tmp_path / "data", files)


def same(one, other):
    pd.testing.assert_frame_equal(one.images, other.images)
    assert np.array_equal(one.signatures.array, other.signatures.array)


def test_the_table_has_the_promised_columns(mixed):
    scanned = scan_images(mixed)
    assert {"path", "label", "split", "group", *Facts._fields, *MEASURE_NAMES} <= set(scanned.images.columns)
    assert scanned.images.index.tolist() == list(range(len(mixed)))
    assert scanned.images["path"].tolist() == mixed.samples["path"].tolist()
    assert scanned.signatures.array.shape == (len(mixed), SIGNATURE_BYTES)
    broken = scanned.images[scanned.images["status"] == "unreadable"].set_index("path")
    assert broken["defect"].to_dict() == {
        "cut.jpg": "truncated",
        "empty.png": "empty",
        "text.jpg": "not-an-image",
    }
    assert broken[list(MEASURE_NAMES)].isna().all(axis=None)
    assert (scanned.signatures.array[broken.index.size :] != 0).any()


def test_the_result_does_not_depend_on_workers_or_order(mixed, monkeypatch):
    alone = scan_images(mixed)
    monkeypatch.setattr(scan_module, "ALONE_SECONDS", 0.0)
    monkeypatch.setattr(scan_module, "BATCH_IMAGES", 3)
    for jobs in (1, 2):
        same(alone, scan_images(mixed, jobs=jobs))
    same(alone, scan_images(mixed, jobs=2, time_budget=1.0, seed=5))


def test_no_workers_for_a_few_usual_images(tmp_path, monkeypatch):
    data = dataset(tmp_path, {f"{i}.jpg": jpeg(seed=i) for i in range(10)})
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("a process was started"))
    assert scan_images(data, jobs=2).images["status"].eq("ok").all()


def test_a_second_scan_reads_nothing(mixed, tmp_path):
    first = scan_images(mixed, store=tmp_path / "store")
    second = scan_images(mixed, store=tmp_path / "store")
    assert (first.read, second.read) == (len(mixed), 0)
    same(first, second)


def test_a_changed_file_is_read_again(mixed, tmp_path):
    store = tmp_path / "store"
    scan_images(mixed, store=store)
    changed = tmp_path / "data" / "03.jpg"
    changed.write_bytes(jpeg(99, 50, 77))
    os.utime(changed, (1_600_000_000, 1_600_000_000))
    again = scan_images(mixed, store=store)
    assert again.read == 1
    same(again, scan_images(mixed))


def test_a_touched_file_with_the_same_bytes_keeps_its_row(mixed, tmp_path):
    store = tmp_path / "store"
    first = scan_images(mixed, store=store)
    os.utime(tmp_path / "data" / "03.jpg", (1_600_000_000, 1_600_000_000))
    again = scan_images(mixed, store=store)
    assert again.read == 1
    same(first, again)


def test_rehash_reads_everything_and_finds_a_change_that_size_and_time_hide(tmp_path):
    flat = picture(width=8, height=8)
    data = dataset(tmp_path / "data", {"a.bmp": encoded(flat, "BMP"), "b.bmp": encoded(flat, "BMP")})
    scan_images(data, store=tmp_path / "store")
    other = bytearray(encoded(flat, "BMP"))
    other[-1] ^= 0xFF
    (tmp_path / "data" / "a.bmp").write_bytes(other)
    os.utime(tmp_path / "data" / "a.bmp", (1_500_000_000, 1_500_000_000))
    assert scan_images(data, store=tmp_path / "store").read == 0
    again = scan_images(data, store=tmp_path / "store", rehash=True)
    assert again.read == 2
    same(again, scan_images(data))


def test_a_fresh_file_is_not_trusted(tmp_path):
    data = dataset(tmp_path / "data", {"a.png": png()}, old=False)
    scan_images(data, store=tmp_path / "store")
    (tmp_path / "data" / "a.png").write_bytes(png(seed=3))
    same(scan_images(data, store=tmp_path / "store"), scan_images(data))


def test_a_store_of_another_place_is_not_trusted(tmp_path):
    one = dataset(tmp_path / "one", {"a.bmp": encoded(picture(seed=1), "BMP")})
    other = dataset(tmp_path / "other", {"a.bmp": encoded(picture(seed=2), "BMP")})
    scan_images(one, store=tmp_path / "store")
    same(scan_images(other, store=tmp_path / "store"), scan_images(other))


def test_broken_and_foreign_parts_are_left_out(mixed, tmp_path, monkeypatch):
    store = tmp_path / "store"
    first = scan_images(mixed, store=store)
    (store / "part-0-garbage.parquet").write_bytes(b"PAR1 no")
    (store / "part-1-half.tmp").write_bytes(b"half")
    same(first, scan_images(mixed, store=store))
    assert sorted(p.suffix for p in store.iterdir()) == [".parquet"]
    monkeypatch.setattr("auditor.scanning.store.SCANNER", 99)
    assert scan_images(mixed, store=store).read == len(mixed)


def test_a_part_with_a_flipped_bit_is_read_again(tmp_path):
    names = [f"{i}.png" for i in range(4)]
    data = dataset(tmp_path / "data", {name: png(8, 8, i) for i, name in enumerate(names)})
    for name in names:
        os.utime(tmp_path / "data" / name, (1_400_000_000, 1_400_000_000))
    store = tmp_path / "store"
    first = scan_images(data, store=store)
    assert scan_images(data, store=store).read == 0
    for place in np.random.default_rng(0).integers(0, 8 * 10_000, 40).tolist():
        (part,) = store.iterdir()
        content = bytearray(part.read_bytes())
        content[place // 8 % len(content)] ^= 1 << place % 8
        part.write_bytes(content)
        again = scan_images(data, store=store)
        assert again.read == len(names)
        same(first, again)


def test_what_is_no_part_is_left_alone(mixed, tmp_path):
    store = tmp_path / "store"
    (store / "part-0.tmp").mkdir(parents=True)
    (store / "part-1-a.parquet").mkdir()
    os.mkfifo(store / "part-2-b.parquet")
    (tmp_path / "mine.txt").write_text("mine")
    (store / "part-3-c.parquet").symlink_to(tmp_path / "mine.txt")
    same(scan_images(mixed), scan_images(mixed, store=store))
    same(scan_images(mixed), scan_images(mixed, store=store))
    assert (tmp_path / "mine.txt").read_text() == "mine" and len([*store.iterdir()]) == 5


def test_many_parts_are_merged(mixed, tmp_path, monkeypatch):
    monkeypatch.setattr("auditor.scanning.store.FLUSH_ROWS", 1)
    monkeypatch.setattr(scan_module, "BATCH_IMAGES", 1)
    first = scan_images(mixed, store=tmp_path / "store")
    assert len(list((tmp_path / "store").iterdir())) == 1
    same(first, scan_images(mixed, store=tmp_path / "store"))


def test_full_parts_stay_until_small_ones_hold_as_many_rows(tmp_path, monkeypatch):
    """Files that change again and again.

    What overruled rows cost is bounded, and the newest row of each file holds.
    """
    monkeypatch.setattr("auditor.scanning.store.FLUSH_ROWS", 1)
    monkeypatch.setattr("auditor.scanning.store.FULL_ROWS", 3)
    monkeypatch.setattr("auditor.scanning.store.MERGE_PARTS", 1)
    monkeypatch.setattr(scan_module, "BATCH_IMAGES", 1)
    names = [f"{i}.png" for i in range(7)]
    data = dataset(tmp_path / "data", {name: png(8, 8, i) for i, name in enumerate(names)})
    store, parts = tmp_path / "store", []
    for turn in range(10):
        for name in names[: 1 + turn % 2]:
            (tmp_path / "data" / name).write_bytes(png(8, 8, 100 + turn))
            os.utime(tmp_path / "data" / name, (1_400_000_000 + turn, 1_400_000_000 + turn))
        same(scan_images(data, store=store), scan_images(data))
        assert scan_images(data, store=store).read == 0
        parts.append({p.name for p in store.iterdir()})
        assert sum(len(parquet.read(p)) for p in store.iterdir()) <= 2 * len(data) + 3
    assert any(earlier & later for earlier, later in pairwise(parts))


def test_a_full_disk_is_one_clear_line(mixed, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("auditor.scanning.store.os.fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        scan_images(mixed, store=tmp_path / "store")
    assert list((tmp_path / "store").iterdir()) == []


def test_a_store_under_a_file_is_refused(mixed, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        scan_images(mixed, store=tmp_path / "file" / "store")


def test_a_file_that_vanishes_is_missing(mixed, tmp_path):
    (tmp_path / "data" / "00.jpg").unlink()
    images = scan_images(mixed).images
    assert images.set_index("path").loc["00.jpg", ["status", "reason", "defect"]].tolist() == [
        "unreadable",
        "missing",
        "missing",
    ]


@pytest.mark.parametrize("option", [{"engine": "spark"}, {"decoders": "some"}])
def test_unknown_options_are_refused(mixed, option):
    with pytest.raises(UsageError):
        scan_images(mixed, **option)


def test_a_time_budget_gives_a_sample_of_every_class_and_a_later_scan_goes_on(tmp_path, monkeypatch):
    files = {f"{'ab'[i % 10 == 0]}/{i:03d}.png": png(16, 16, i) for i in range(200)}
    dataset(tmp_path / "data", files)
    data = open_dataset(tmp_path / "data")
    monkeypatch.setattr(scan_module, "BATCH_IMAGES", 20)
    ticks = iter(range(1000))
    monkeypatch.setattr(scan_module.time, "monotonic", lambda: 10.0 * next(ticks))
    part = scan_images(data, store=tmp_path / "store", time_budget=1.0)
    monkeypatch.undo()
    assert 0 < part.measured < 200
    status = part.images["status"]
    assert (status == "unmeasured").sum() == 200 - part.measured
    shares = part.images[status == "ok"]["label"].value_counts(normalize=True)
    assert shares["b"] == pytest.approx(0.1, abs=0.05)
    whole = scan_images(data, store=tmp_path / "store")
    assert whole.measured == 200
    same(whole, scan_images(data))


@pytest.mark.parametrize(("seconds", "batches"), [(0.002, 60), (0.5, 4)])
def test_the_start_of_workers_is_not_taken_for_a_slow_machine(monkeypatch, seconds, batches):
    drawn = []

    def clock():  # two workers take 20 seconds to start, and then so many for each batch
        return 20.0 + seconds * (len(drawn) - 2) if len(drawn) >= 2 else 0.0

    monkeypatch.setattr(scan_module.time, "monotonic", clock)
    monkeypatch.setattr(time_budget, "READ_PER_IMAGE", 1e-3)
    # Checks take 1.9 seconds, or 37 on a machine twenty times as slow, which is told from the first second of
    # reading.
    for batch in time_budget.draw_until(40.0, iter([[Item(0, "", "", FileStat(0, 0))] * 10] * 60), 0, 2):
        drawn.append(batch)
    assert len(drawn) == batches


def test_progress_counts_every_image(mixed):
    told = []
    scan_images(mixed, on_progress=lambda *numbers: told.append(numbers))
    done, total, size, unreadable = told[-1]
    assert (done, total, unreadable) == (len(mixed), len(mixed), 3)
    assert size == sum((Path(mixed.source.root) / p).stat().st_size for p in mixed.samples["path"])


def test_a_deadly_file_costs_itself_through_the_whole_scan(tmp_path, monkeypatch):
    files = {f"{i:02d}.jpg": jpeg(seed=i) for i in range(9)} | {"04-crash.jpg": jpeg()}
    data = dataset(tmp_path, files)
    monkeypatch.setattr(scan_module, "ALONE_SECONDS", 0.0)
    scanned = scan_images(replace(data, source=Hostile(data.source)), jobs=2, store=tmp_path / "store")
    assert scanned.images.set_index("path")["defect"].loc[lambda d: d != ""].to_dict() == {
        "04-crash.jpg": "crashed"
    }
    again = scan_images(
        data, jobs=2, store=tmp_path / "store"
    )  # where nothing is wrong with it but what killed its worker then
    assert again.read == 1 and (again.images["status"] == "ok").all()


SCRIPT = """
import sys
from pathlib import Path
from auditor.readers import open_dataset
from auditor.scanning import scan as module
module.BATCH_IMAGES, module.ALONE_SECONDS = 4, {alone}
import auditor.scanning.store as store
store.FLUSH_ROWS = 4
module.scan_images(open_dataset(sys.argv[1]), store=Path(sys.argv[2]), jobs=2)
"""


@pytest.mark.slow
@pytest.mark.parametrize("alone", [0.0, 100.0])
def test_killed_at_random_moments_and_resumed(tmp_path, alone):
    dataset(tmp_path / "data", {f"c{i % 3}/{i:03d}.jpg": jpeg(300, 200, i) for i in range(60)})
    data = open_dataset(tmp_path / "data")
    command = [
        sys.executable,
        "-c",
        SCRIPT.format(alone=alone),
        str(tmp_path / "data"),
        str(tmp_path / "store"),
    ]
    rng = random.Random(0)
    for _ in range(10):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(rng.uniform(0.2, 1.6))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    same(scan_images(data, store=tmp_path / "store"), scan_images(data))


def test_every_file_of_the_odd_and_broken_is_a_row():
    odd = Path(__file__).resolve().parents[2] / "../shared/data/odd_and_broken"
    if not odd.is_dir():
        pytest.skip("the shared odd files are not here")
    paths = sorted(str(p.relative_to(odd)) for p in odd.rglob("*") if p.is_file())
    samples = pd.DataFrame({"path": paths, "label": "", "split": "", "group": ""}).astype(str)
    from auditor.dataset import Dataset

    data = Dataset(name="odd", kind="images", location=str(odd), samples=samples, source=LocalFiles(str(odd)))
    images = scan_images(data).images
    assert len(images) == len(paths)
    counts = images["status"].value_counts()
    assert counts["ok"] + counts["unreadable"] == len(paths)
    broken = images[images["status"] == "unreadable"]
    assert (broken["reason"] != "").all()
    assert (broken["defect"] != "").all()


@pytest.mark.parametrize(("slowness", "measured", "with_margin"), [(1.0, 30, 20), (3.0, 20, 20)])
def test_a_time_budget_leaves_time_for_the_checks_and_reads_something_in_any_case(
    tmp_path, monkeypatch, slowness, measured, with_margin
):
    data = dataset(tmp_path, {f"{i:03d}.png": png(8, 8, i) for i in range(60)})
    now = iter(range(1000))
    monkeypatch.setattr(scan_module.time, "monotonic", lambda: float(next(now)))  # a second per batch
    for name, value in {
        "BATCH_IMAGES": 10,
        "CHECKS_SECONDS": 2.0,
        "CHECKS_PER_IMAGE": 0.1,
        "READ_PER_IMAGE": 0.1 / slowness,
        "SECONDS_PER_BYTE": 0.0,
        "MARGIN": 1.0,
    }.items():
        monkeypatch.setattr(scan_module if name == "BATCH_IMAGES" else time_budget, name, value)
    # With k batches read the clock says 1 + k, and the checks need 2 + k more: 7 of 7.6 seconds with two, 9
    # with three. At a third of the speed, which the second batch tells, they need 12 after it.
    assert scan_images(data, jobs=1, time_budget=7.6 / 60).measured == measured
    assert scan_images(data, jobs=1, time_budget=0.1 / 60).measured == 10
    # What the caller took before counts, and a margin for the checks leaves less to read.
    assert scan_images(data, jobs=1, time_budget=7.6 / 60, began=float(next(now)) - 7.0).measured == 10
    monkeypatch.setattr(time_budget, "MARGIN", 1.5)
    assert scan_images(data, jobs=1, time_budget=7.6 / 60).measured == with_margin
