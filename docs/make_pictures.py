"""Take the pictures of the guide from the report of a demonstration: ``auditor demo && python docs/make_pictures.py auditor-out``."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parent / "pictures"
#: What is taken: the heading that the picture begins at, and its height in CSS pixels.
SHOTS = {
    "first-screen": ("", 900),
    "finding": ("Findings", 640),
    "gallery": ("Label suspects", 560),
    "shift": ("Distributions", 620),
    "baseline": ("Baseline", 700),
}
WIDTH = 1120
#: Colours of the palette: text and charts stay sharp, and a picture stays under 100 KB.
COLOURS = 64


def main(arguments: list[str]) -> int:
    """Take them from the output folder named."""
    report = Path(arguments[0] if arguments else "auditor-out") / "report.html"
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 900}, color_scheme="light", reduced_motion="reduce"
        )
        page.goto(report.resolve().as_uri())
        for name, (heading, height) in SHOTS.items():
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")
            top = 0.0
            if heading:
                target = page.locator("h2, h3, summary").filter(has_text=heading).first
                target.evaluate(
                    "e => { for (let d = e; d; d = d.parentElement) if (d.tagName == 'DETAILS') d.open = true }"
                )
                top = target.evaluate("e => e.getBoundingClientRect().top + scrollY - 16")
            shot = page.screenshot(full_page=True, clip={"x": 0, "y": top, "width": WIDTH, "height": height})
            image = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            image.save(PICTURES / f"{name}.png", optimize=True)
            print(name, (PICTURES / f"{name}.png").stat().st_size, "bytes")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
