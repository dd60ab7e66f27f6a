"""Take the pictures of the guide from the report of a demonstration.

``auditor demo && python docs/make_pictures.py auditor-out``.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parent / "pictures"
#: What is taken: the element that the picture begins at, opened, and its height in CSS pixels.
SHOTS = {
    "first-screen": ("body", 900),
    "finding": (".finding[data-code=split-leak]", 640),
    "gallery": (".finding[data-code=label-error]", 640),
    "shift": ("#distributions", 620),
    "baseline": ("#baseline", 700),
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
        for name, (selector, height) in SHOTS.items():
            page.evaluate("document.querySelectorAll('.finding').forEach(d => d.open = false)")
            target = page.locator(selector).first
            target.evaluate("e => { if (e.tagName == 'DETAILS') e.open = true }")
            top = target.evaluate("e => Math.max(e.getBoundingClientRect().top + scrollY - 16, 0)")
            shot = page.screenshot(full_page=True, clip={"x": 0, "y": top, "width": WIDTH, "height": height})
            image = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            image.save(PICTURES / f"{name}.png", optimize=True)
            print(name, (PICTURES / f"{name}.png").stat().st_size, "bytes")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
