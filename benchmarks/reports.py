"""What the report costs at a million images: choosing pictures, rendering, writing, reading, comparing.

CPU seconds.

python benchmarks/reports.py [IMAGES]
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from auditor.record import Record
from auditor.reports import load_record, render_html, save_record
from auditor.reports.compare import compare_records
from auditor.reports.html import HEAVIEST
from auditor.reports.thumbnails import wanted
from auditor.scanning.schema import MEASURE_NAMES
from tests.reports.examples import picture, record

T = TypeVar("T")


def large(n: int) -> Record:
    """A record of ``n`` images in 1,000 classes, with evidence for a fifth of them."""
    rng = np.random.default_rng(0)
    labels = [f"class{c:03d}" for c in rng.integers(0, 1000, n)]
    table = pd.DataFrame({"path": [f"data/{c}/{i:07d}.jpg" for i, c in enumerate(labels)], "label": labels})
    table["split"] = rng.choice(["train", "val", "test"], n, p=[0.8, 0.1, 0.1])
    table = table.assign(group="", status="ok", reason="", bytes=1000)
    for name in ("sha256", "pixel_digest", "phash"):
        table[name] = [f"{i:032x}" for i in range(n)]
    table = table.assign(
        format="JPEG", mode="RGB", width=64, height=48, bits=8, orientation=1, animated=False
    )
    for name in MEASURE_NAMES:
        table[name] = rng.normal(size=n)
    fifth = n // 5
    examples = pd.DataFrame(
        {
            "path": table["path"][:fifth],
            "other_path": table["path"][fifth : 2 * fifth].to_numpy(),
            "score": 1.0,
        }
    )
    made = record()
    findings = tuple(replace(f, examples=examples if f.examples is not None else None) for f in made.findings)
    facts = replace(made.dataset, images=n, classes=tuple(sorted(set(labels))))
    return replace(made, images=table, findings=findings, dataset=facts)


def timed(name: str, work: Callable[[], T]) -> T:
    """Do something and print its CPU seconds."""
    start = time.process_time()
    result = work()
    print(f"{name:<50}{time.process_time() - start:8.1f} s", flush=True)
    return result


def opened(html: str, folder: Path) -> None:
    """Open the report in Chromium, where there is one and playwright, and print it as PDF.

    Seconds by the clock, the median of five.
    """
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or importlib.util.find_spec("playwright") is None:
        print("no Chromium or no playwright: the report was not opened")
        return
    from playwright.sync_api import sync_playwright

    file = folder / "report.html"
    file.write_text(html, encoding="utf-8")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        seconds = []
        for _ in range(5):
            page.goto("about:blank")
            start = time.perf_counter()
            page.goto(file.as_uri(), wait_until="load")
            page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")
            seconds.append(time.perf_counter() - start)
        print(f"{'opening it in Chromium':<50}{sorted(seconds)[2]:8.2f} s")
        start = time.perf_counter()
        pdf = page.pdf(format="A4", print_background=True)
        print(f"{'printing it':<50}{time.perf_counter() - start:8.2f} s, {len(pdf) / 1e6:.1f} MB")
        browser.close()


def main() -> None:
    """Measure each step."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    made = large(n)
    paths = timed("choosing the pictures", lambda: wanted(made))
    made = replace(made, thumbnails={p: picture(i) for i, p in enumerate(paths)})
    html = timed("rendering the report", lambda: render_html(made))
    size = len(html.encode())
    print(f"{'':<50}{size / 1e6:8.2f} MB with {len(paths)} pictures")
    if size > HEAVIEST:
        raise SystemExit("the report is too heavy")
    with tempfile.TemporaryDirectory() as folder:
        timed("writing the output folder", lambda: save_record(made, folder))
        timed("reading it back", lambda: load_record(folder))
        opened(html, Path(folder))
    rng = np.random.default_rng(1)
    made = replace(made, images=made.images.assign(group=[f"patient {i // 5}" for i in range(n)]))
    table = made.images.copy()
    table.loc[rng.choice(n, n // 110, replace=False), "label"] = "class001"
    table = table.drop(index=rng.choice(n, n // 200, replace=False)).reset_index(drop=True)
    comparison = timed(
        "comparing two versions, in groups of five images",
        lambda: compare_records(made, replace(made, images=table)),
    )
    print(f"{'':<50}{comparison.images.counts}")


if __name__ == "__main__":
    main()
