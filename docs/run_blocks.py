"""Run every command and code block of the guide: ``python docs/run_blocks.py [PAGE ...]``.

Each page has a folder of its own with small made-up data under the names that pages use
(``docs/sandbox.py``). Its bash blocks run there with ``bash -euo pipefail``, its Python blocks one after the
other in one namespace. What a page shows as output is compared. Blocks of another language are parsed; so are
those that say why they cannot run. Benchmarks take minutes: for these it is checked that the script and its
options exist; and for ``pip install`` that the extras do.
"""

from __future__ import annotations

import configparser
import contextlib
import difflib
import io
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from blocks import Block, blocks, matches, pages, parse_fault
from sandbox import prepare

ROOT = Path(__file__).resolve().parents[1]
#: Seconds that one block may take; the longest needs under a minute on a quiet core.
TIMEOUT = 600


def _extras() -> set[str]:
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return set(setup["options.extras_require"])


def rehearsed(line: str) -> str | None:
    """Judge a line that is checked instead of run.

    Returns
    -------
    str or None
        What is wrong with it, blank if nothing is; None for a line that must run.
    """
    if found := re.match(r"python (benchmarks/\w+\.py)(.*)", line):
        script = ROOT / found[1]
        source = script.read_text(encoding="utf-8") if script.exists() else None
        if source is None:
            return f"there is no {found[1]}"
        unknown = [
            option
            for option in re.findall(r"(?<!\S)--[a-z][\w-]*", found[2].split("#")[0])
            if f'"{option}"' not in source
        ]
        return f"{found[1]} has no {', '.join(unknown)}" if unknown else ""
    if line.startswith("pip install"):
        named = {extra for group in re.findall(r"\[([\w,]+)\]", line) for extra in group.split(",")}
        unknown = sorted(named - _extras())
        return f"setup.cfg has no extra {', '.join(unknown)}" if unknown else ""
    return None


def run_bash(block: Block, folder: Path, environment: dict[str, str]) -> tuple[str, str]:
    """Run a bash block; returns what is wrong and what it printed."""
    kept = []
    for line in block.filled.splitlines():
        fault = rehearsed(line.strip())
        if fault:
            return fault, ""
        if fault is None:
            kept.append(line)
    command = ["bash", "-euo", "pipefail", "-c", "\n".join(kept)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    if done.returncode != block.status:
        return (
            f"status {block.status} expected, {done.returncode} "
            f"came\n{done.stdout[-1500:]}{done.stderr[-1500:]}",
            done.stdout,
        )
    return "", done.stdout


def run_python(block: Block, folder: Path, names: dict[str, Any]) -> tuple[str, str]:
    """Run a Python block in the page's namespace; returns what is wrong and what it printed."""
    printed = io.StringIO()
    try:
        code = compile("\n" * block.line + block.filled, block.page, "exec")
        with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
            exec(code, names)  # noqa: S102 - the guide's own code
    except (Exception, SystemExit):
        return traceback.format_exc(limit=-4), printed.getvalue()
    return "", printed.getvalue()


def judge(block: Block, folder: Path, environment: dict[str, str], names: dict[str, Any]) -> str:
    """Run or parse one block; returns what is wrong with it."""
    if block.reason or block.language not in ("bash", "python"):
        if block.language == "bash":
            return subprocess.run(
                ["bash", "-n"], input=block.code, capture_output=True, text=True, check=False
            ).stderr
        return parse_fault(block)
    fault, printed = (
        run_bash(block, folder, environment) if block.language == "bash" else run_python(block, folder, names)
    )
    if fault or block.output is None or matches(block.output, printed):
        return fault
    return "the page shows another output\n" + "\n".join(
        difflib.ndiff(block.output.splitlines(), printed.splitlines())
    )


def run_page(page: Path, folder: Path) -> list[tuple[Block, str, float]]:
    """Run the blocks of a page in a folder; a row per block with what is wrong and its seconds."""
    tools = prepare(folder)
    environment = os.environ | {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "COLUMNS": "140",
        "NO_COLOR": "1",
    }
    names: dict[str, Any] = {"__name__": "__main__"}
    rows = []
    for block in blocks(page.read_text(encoding="utf-8"), page.relative_to(ROOT).as_posix()):
        began = time.monotonic()
        rows.append((block, judge(block, folder, environment, names), time.monotonic() - began))
    return rows


def main(arguments: list[str]) -> int:
    """Run the pages named, or all."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(ROOT))
    chosen = [Path(a).resolve() for a in arguments] or pages(ROOT)
    passed = failed = unrun = 0
    for page in chosen:
        with tempfile.TemporaryDirectory() as folder:
            rows = run_page(page, Path(folder))
        for block, fault, _ in rows:
            passed, failed, unrun = passed + (not fault), failed + bool(fault), unrun + bool(block.reason)
            if fault:
                print(f"FAILED {block.place}\n{block.filled}--- {fault}\n")
        print(
            f"{page.relative_to(ROOT)}: {len(rows)} blocks, {sum(seconds for *_, seconds in rows):.0f} s",
            flush=True,
        )
    print(f"{unrun} of them only parsed, with the reason on the page")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
