"""A command's spawner is a fork of itself, wherever that is safe; every other one is a fresh interpreter."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are made on Linux alone")

HELPERS = """
import os, socket, subprocess, sys, tempfile, threading
from pathlib import Path
from auditor.process import settle
settle()
from auditor.scanning.worker_spawner import WorkerSpawner, prepare

def children():
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]

def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])

def start_worker(spawner):
    near, far = socket.socketpair()
    memory = tempfile.TemporaryFile()
    memory.write(bytes(16))
    memory.flush()
    return near, spawner.fork_worker(far.fileno(), memory.fileno())
"""


def script(body: str) -> str:
    return HELPERS + textwrap.dedent(body)


def run(body: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", script(body)], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_workers_come_from_a_fork_that_holds_nothing_of_the_caller_and_is_used_once() -> None:
    run("""
        secret = open("/dev/zero")
        prepare()
        subprocess.Popen = lambda *a, **k: sys.exit("a process was started")
        [spawner] = children()
        ready = WorkerSpawner.take()
        near, worker = start_worker(ready)
        assert parent(worker) == spawner
        kept = {int(fd): os.readlink(f"/proc/{spawner}/fd/{fd}") for fd in os.listdir(f"/proc/{spawner}/fd")}
        assert kept[0] == kept[1] == "/dev/null" and kept[2] == os.readlink("/proc/self/fd/2"), kept
        rest = [place for fd, place in kept.items() if fd > 2 and place != "/dev/null"]
        assert len(rest) == 1 and rest[0].startswith("socket:"), kept
        near.close()
        ready.close()
        assert children() == []
        try:
            WorkerSpawner.take()
        except SystemExit as stop:
            assert str(stop) == "a process was started"
        else:
            raise AssertionError("the second spawner is no process of its own")
    """)


def test_beside_another_thread_nothing_is_forked() -> None:
    run("""
        stop = threading.Event()
        threading.Thread(target=stop.wait).start()
        prepare()
        try:
            assert children() == []
        finally:
            stop.set()
    """)


def test_an_unused_spawner_is_waited_for_at_the_end() -> None:
    run("""
        prepare()
        [spawner] = children()
        import atexit
        from auditor.scanning import worker_spawner as module
        module._close_unused()
        assert children() == [] and not Path(f"/proc/{spawner}").exists()
    """)


def test_spawner_and_worker_end_with_a_killed_caller() -> None:
    body = script("""
        prepare()
        [spawner] = children()
        near, worker = start_worker(WorkerSpawner.take())
        print(spawner, worker, flush=True)
        sys.stdin.read()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", body], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as caller:
        assert caller.stdout is not None
        pids = [int(pid) for pid in caller.stdout.readline().split()]
        assert len(pids) == 2
        caller.send_signal(signal.SIGKILL)
    give_up = time.monotonic() + 20
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < give_up, "a process outlived its caller"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
