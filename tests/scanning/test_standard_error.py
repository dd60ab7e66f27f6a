"""The process's standard error belongs to the user: it is never redirected, and nothing is printed to it."""

import os
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from auditor.scanning import scan_images
from tests.scanning.making import dataset, encoded, jpeg, picture, png


def corrupt(seed: int) -> bytes:
    """Return a JPEG whose picture data ends early behind a proper end marker."""
    whole = jpeg(200, 160, seed)
    return whole[: len(whole) // 2] + b"\xff\xd9"


@pytest.fixture
def pictures(tmp_path):
    """JPEGs, every second of them corrupt, a GIF, and a PNG with a chunk that libpng warns of."""
    profile = b"\0\0\0\x07iCCPbad\0\0xx"
    profile += zlib.crc32(profile[4:]).to_bytes(4, "big")
    whole = png(32, 32, 1)
    files = {f"{i}.jpg": corrupt(i) if i % 2 else jpeg(200, 160, i) for i in range(12)}
    files["worker.gif"] = encoded(picture(), "GIF")  # of a format that workers alone decode
    files["profile.png"] = whole[:33] + profile + whole[33:]
    return dataset(tmp_path / "data", files)


def defects(data):
    images = scan_images(data).images
    return dict(zip(images["path"], images["defect"], strict=True))


def expected():
    return {
        "profile.png": "",
        "worker.gif": "",
        **{f"{i}.jpg": "cut-short" if i % 2 else "" for i in range(12)},
    }


def test_every_line_of_another_thread_arrives(pictures, capfd):
    done = threading.Event()
    written = []

    def write():
        while not done.is_set():
            os.write(2, b"%d\n" % len(written))
            written.append(len(written))
            time.sleep(0.0005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            assert defects(pictures) == expected()
    finally:
        done.set()
        writer.join()
    assert len(written) > 20
    assert capfd.readouterr().err.split() == [str(k) for k in written]


def test_scans_in_threads_see_the_same_defects(pictures):
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(defects, [pictures] * 12))
    assert found == [expected()] * 12


CODE = """
import sys
from auditor.readers import open_dataset
from auditor.scanning import scan_images
images = scan_images(open_dataset(sys.argv[1])).images
print(len(images), sorted(set(images["status"])))
"""


@pytest.mark.parametrize("closed", ["2>&-", "0<&-", "2>&- 0<&-"])
def test_closed_standard_streams_do_not_stop_a_scan(pictures, tmp_path, closed):
    command = f'"$0" -c "$1" "$2" {closed}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, CODE, tmp_path / "data"],
        stdout=subprocess.PIPE,
        timeout=120,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "14 ['ok']\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "0<&- >&- 2>&-"])
def test_closed_standard_streams_do_not_stop_a_command(pictures, tmp_path, closed):
    command = [sys.executable, "-m", "auditor", "scan", str(tmp_path / "data"), "-o", str(tmp_path / "out")]
    done = subprocess.run(["sh", "-c", f'"$0" "$@" {closed}', *command], timeout=120, check=False)
    assert done.returncode == 0
    assert (tmp_path / "out" / "report.html").stat().st_size > 0


@pytest.mark.parametrize("verb", ["fork", "start"])
def test_a_parent_that_ignores_its_children_does_not_stop_a_scan(pictures, tmp_path, verb):
    prepare = (
        "from auditor.process import settle; settle(); from auditor.scanning.worker_spawner import prepare; "
        "prepare()"
    )
    code = (
        f"import signal; signal.signal(signal.SIGCHLD, "
        f"signal.SIG_IGN)\n{prepare if verb == 'fork' else ''}\n{CODE}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "data"],
        capture_output=True,
        timeout=120,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "14 ['ok']\n", "")


def test_a_picture_that_libjpeg_warns_of_prints_nothing(pictures, capfd):
    assert defects(pictures) == expected()
    assert capfd.readouterr() == ("", "")
