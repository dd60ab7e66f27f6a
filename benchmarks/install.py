"""What installing auditor costs: CPU seconds and megabytes of the core, and what each extra adds.

    python benchmarks/install.py dist/auditor-0.1.0-py3-none-any.whl [--extras train cluster]

Each is installed into a virtual environment of its own that is removed again. Megabytes (2**20 bytes) are
those on disk, pip and setuptools taken off; bytecode that pip compiles counts, and is given apart.
"""

from __future__ import annotations

import argparse
import configparser
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

#: Extras for developing auditor.
OURS = {"test", "dev", "docs"}


def megabytes(folder: Path) -> tuple[float, float]:
    """Space that files take on disk, and of it the bytecode."""
    files = [
        (p.lstat().st_blocks * 512 / 2**20, "__pycache__" in p.parts)
        for p in folder.rglob("*")
        if p.is_file() and not p.is_symlink()
    ]
    return sum(size for size, _ in files), sum(size for size, compiled in files if compiled)


def install(requirement: str) -> tuple[float, float, float]:
    """CPU seconds, megabytes and megabytes of bytecode of one installation."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        before = megabytes(Path(folder) / "lib")
        started = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [f"{folder}/bin/pip", "install", "-q", "--disable-pip-version-check", requirement], check=True
        )
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        after = megabytes(Path(folder) / "lib")
    cpu = ended.ru_utime - started.ru_utime + ended.ru_stime - started.ru_stime
    return cpu, after[0] - before[0], after[1] - before[1]


def main() -> None:
    """Print a row of a table for the core and for each extra."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(Path(__file__).parents[1] / "setup.cfg", encoding="utf-8")
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("wheel", help="the wheel to install")
    arguments.add_argument("--extras", nargs="*", default=sorted(set(setup["options.extras_require"]) - OURS))
    chosen = arguments.parse_args()
    print("| installed | CPU s | MB | of it bytecode | adds MB |\n|---|---|---|---|---|")
    cpu, core, compiled = install(chosen.wheel)
    print(f"| core | {cpu:.0f} | {core:,.0f} | {compiled:,.0f} | |", flush=True)
    for extra in chosen.extras:
        cpu, size, compiled = install(f"{chosen.wheel}[{extra}]")
        print(f"| {extra} | {cpu:.0f} | {size:,.0f} | {compiled:,.0f} | {size - core:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
