"""Build the source archive and the wheel so that the same tree gives the same bytes: ``python .ci/build.py dist [--twice]``.

setuptools stamps archives with the clock and the builder's user. Here every file gets the time of the last
commit (or ``SOURCE_DATE_EPOCH``, if it is set) and no user; the wheel is then built from the archive, so that
whoever has that gets the same wheel.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def normalised(archive: bytes, epoch: int) -> bytes:
    """Return a .tar.gz with the same files in the order of their names, all of one time and of no user."""
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as old,
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=epoch) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda m: m.name):
            content = old.extractfile(member) if member.isfile() else None
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = epoch
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            new.addfile(member, content)
    return packed.getvalue()


def _run(*command: str | Path, **environment: str) -> None:
    done = subprocess.run(
        list(command), env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def build(target: Path, epoch: int) -> dict[str, str]:
    """Build both into a folder; returns the SHA-256 of each by its name."""
    os.umask(0o022)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _run(
            sys.executable,
            "-m",
            "build",
            "--sdist",
            "--outdir",
            work / "raw",
            ROOT,
            SOURCE_DATE_EPOCH=str(epoch),
        )
        (raw,) = (work / "raw").glob("*.tar.gz")
        archive = target / raw.name
        archive.write_bytes(normalised(raw.read_bytes(), epoch))
        with tarfile.open(archive) as files:
            files.extractall(work / "source", filter="data")
        (source,) = (work / "source").iterdir()
        _run(
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--outdir",
            work / "wheel",
            source,
            SOURCE_DATE_EPOCH=str(epoch),
        )
        (wheel,) = (work / "wheel").glob("*.whl")
        (target / wheel.name).write_bytes(wheel.read_bytes())
    return {
        name: hashlib.sha256((target / name).read_bytes()).hexdigest() for name in (archive.name, wheel.name)
    }


def main(arguments: list[str]) -> int:
    """Build, and with ``--twice`` build again and compare."""
    target = Path(next((a for a in arguments if not a.startswith("-")), "dist"))
    last = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    epoch = int(
        os.environ.get("SOURCE_DATE_EPOCH")
        or subprocess.run(last, capture_output=True, text=True, check=True).stdout
    )
    made = build(target, epoch)
    for name, digest in made.items():
        print(digest, name)
    if "--twice" in arguments:
        with tempfile.TemporaryDirectory() as again:
            if build(Path(again), epoch) != made:
                print("a second build gave other bytes", file=sys.stderr)
                return 1
        print("a second build gave the same bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
