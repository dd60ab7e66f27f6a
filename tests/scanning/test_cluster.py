import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.scanning import scan as scan_module
from auditor.scanning import scan_images
from tests.scanning.making import dataset, jpeg
from tests.scanning.sources import Hostile
from tests.scanning.test_scan import same

pytestmark = pytest.mark.slow
distributed = pytest.importorskip("distributed")


@pytest.fixture
def data(tmp_path: Path):
    return dataset(
        tmp_path / "data", {f"{i:03d}.jpg": jpeg(seed=i) for i in range(60)} | {"bad.jpg": b"hello"}
    )


@pytest.fixture
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_finds_what_this_machine_finds_even_when_it_loses_a_worker(data, cluster, monkeypatch):
    here = scan_images(data)
    monkeypatch.setattr(scan_module, "BATCH_IMAGES", 4)
    same(here, scan_images(data, engine="dask", scheduler=cluster.scheduler_address))

    def kill() -> None:
        time.sleep(0.5)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    again = scan_images(data, engine="dask", scheduler=cluster.scheduler_address)
    thread.join()
    same(here, again)


@pytest.mark.filterwarnings("ignore")
def test_a_deadly_file_costs_itself_on_a_cluster_too(tmp_path, cluster):
    deadly = dataset(tmp_path / "deadly", {"0.jpg": jpeg(), "1-crash.jpg": jpeg(), "2.jpg": jpeg()})
    scanned = scan_images(
        replace(deadly, source=Hostile(deadly.source)), engine="dask", scheduler=cluster.scheduler_address
    )
    assert scanned.images["defect"].tolist() == ["", "crashed", ""]


@pytest.mark.filterwarnings("ignore")
def test_no_scheduler_at_the_address(data, monkeypatch):
    monkeypatch.setattr("auditor.scanning.cluster.CONNECT_SECONDS", 0.5)
    with pytest.raises(UsageError, match=r"tcp://127\.0\.0\.1:9"):
        scan_images(data, engine="dask", scheduler="tcp://127.0.0.1:9")
