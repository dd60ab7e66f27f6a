"""The report in a real browser: opened from a file, worked by mouse and keyboard."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.finding import Effect, Finding
from auditor.reports.compare import compare_records
from auditor.reports.compare_views import render_compare_html
from auditor.reports.decisions import read_decisions
from auditor.reports.html import render_html
from tests.reports.examples import CLASSES, record

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
CARDS = "#finding-list > .finding"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    written = tmp_path_factory.mktemp("report") / "report.html"
    written.write_text(render_html(record()), encoding="utf-8")
    return written


@pytest.fixture
def visit(browser, file):
    """Opens the report; afterwards there must have been no request, no error, and no dialog that a name opened."""
    contexts, wrong = [], []

    def opened(target=file, **options):
        context = browser.new_context(**{"viewport": {"width": 1240, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on(
            "request",
            lambda r: wrong.append(r.url) if not r.url.startswith(("file:", "data:", "blob:")) else None,
        )
        page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: wrong.append(str(e)))
        page.on("dialog", lambda d: (wrong.append(d.message), d.dismiss()))
        page.goto(target.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def shown(page) -> list[str]:
    return page.eval_on_selector_all(
        f"{CARDS}:not([hidden])", "cards => cards.map(card => card.dataset.code)"
    )


def test_filters_and_sorting(visit):
    page = visit()
    every = ["split-leak", "class-imbalance", "label-shift", "colour-mode", "label-error"]
    assert shown(page) == every
    page.click("text=warning 2")
    assert shown(page) == ["class-imbalance", "label-error"]
    assert page.inner_text("#found") == "2 of 5 findings"
    page.click("text=all 5")
    page.select_option("#filter-code", "label-shift")
    assert shown(page) == ["label-shift"]
    page.select_option("#filter-code", "")
    page.select_option("#filter-split", "test")
    assert shown(page) == ["label-shift"]
    page.select_option("#filter-split", "")
    page.select_option("#filter-class", CLASSES[2])
    assert "class-imbalance" in shown(page) and "colour-mode" not in shown(page)
    page.select_option("#filter-class", "")
    page.fill("#filter-text", "TOTAL variation")
    assert shown(page) == ["label-shift"]
    page.fill("#filter-text", "")
    page.select_option("#filter-sort", "check")
    assert shown(page) == sorted(every)
    page.select_option("#filter-sort", "images")
    assert shown(page)[:3] == ["split-leak", "label-error", "class-imbalance"]


def test_a_link_to_a_hidden_finding_shows_it(visit):
    page = visit()
    page.click("text=undecided 1")
    page.click(".steps a >> nth=0")
    assert page.is_visible("[id='finding-split-leak:train-val']")


def unfold(page, finding):
    """Open a finding, as a click on its row does."""
    page.click(f"{CARDS}:has([id='finding-{finding}']) > summary")
    return page.locator(f"[id='finding-{finding}']")


def test_findings_are_rows_that_open(visit):
    page = visit()
    assert page.locator(f"{CARDS}[open]").count() == 0
    heights = page.eval_on_selector_all(CARDS, "rows => rows.map(r => r.getBoundingClientRect().height)")
    assert max(heights) < 80
    page.focus(f"{CARDS} >> nth=0 >> summary >> nth=0")
    page.keyboard.press("Enter")
    assert page.is_visible("[id='finding-split-leak:train-val'] .fix")


def test_a_page_of_five_findings_is_short(visit):
    page = visit(viewport={"width": 1280, "height": 900})
    page.evaluate("document.querySelector('#baseline').remove()")  # its length follows what was trained
    page.evaluate("document.querySelector('#augmentation').remove()")
    assert page.evaluate("document.documentElement.scrollHeight") < 6000


def test_the_keyboard_walks_the_findings(visit):
    page = visit()
    page.focus(f"{CARDS} >> nth=0 >> summary >> nth=0")
    here = "document.activeElement.closest('.finding').dataset.code"
    page.keyboard.press("n")
    assert page.evaluate(here) == "class-imbalance"
    page.keyboard.press("p")
    assert page.evaluate(here) == "split-leak"


def saved(page, button):
    """Click until a file comes: the browser of a machine under load now and then starts no download at the first click."""
    from playwright.sync_api import TimeoutError

    for seconds in (10, 20):
        try:
            with page.expect_download(timeout=1000 * seconds) as download:
                page.click(button)
            return download.value
        except TimeoutError:
            continue
    with page.expect_download() as download:
        page.click(button)
    return download.value


def test_decisions_go_to_a_file_and_back(visit, tmp_path):
    page = visit()
    unfold(page, "label-error")
    first = page.locator("[id='finding-label-error'] figure[data-item]").nth(0)
    first.focus()
    page.keyboard.press("d")
    page.locator("[id='finding-label-error'] figure[data-item]").nth(1).locator(
        "button[data-decision=keep]"
    ).click()
    third = page.locator("[id='finding-label-error'] figure[data-item]").nth(2)
    third.focus()
    page.keyboard.press("r")
    assert page.input_value("dialog input") == "WBC"
    page.keyboard.press("Enter")
    odd = page.locator("[id='finding-label-error'] figure[data-item]").nth(3)
    odd.locator("button[data-decision=relabel]").click()
    page.fill("dialog input", CLASSES[3])
    page.click("dialog button[value=ok]")
    assert page.inner_text(".review output") == "1 to keep, 1 to drop, 2 to relabel"
    paths = record().images["path"][:4].tolist()
    for name, button in (("decisions.json", "save decisions.json"), ("decisions.csv", "save as CSV")):
        saved(page, f".review >> text={button}").save_as(tmp_path / name)
        made = read_decisions(tmp_path / name)
        assert made.fingerprint == record().dataset.fingerprint
        assert {d.path: (d.decision, d.new_label) for d in made.items} == {
            paths[0]: ("drop", ""), paths[1]: ("keep", ""), paths[2]: ("relabel", "WBC"), paths[3]: ("relabel", "=1+1"),
        }  # fmt: skip
    page.reload()
    assert page.inner_text(".review output") == "1 to keep, 1 to drop, 2 to relabel"
    page.click(".review >> text=clear")
    assert page.inner_text(".review output") == "nothing decided"
    page.click(".review >> text=undo")
    assert page.inner_text(".review output") == "1 to keep, 1 to drop, 2 to relabel"


def test_a_set_is_decided_at_once(visit):
    page = visit()
    unfold(page, "split-leak:train-val")
    page.locator(".set").nth(0).locator("text=keep first, drop others").click()
    assert page.locator(".set").nth(0).locator("figure").evaluate_all(
        "all => all.map(f => f.dataset.decided)"
    ) == ["keep", "drop"]
    page.click(".review >> text=undo")
    assert page.locator("figure[data-decided]").count() == 0


def test_suspects_are_relabelled_together(visit, tmp_path):
    page = visit()
    group = unfold(page, "label-error").locator(".shown").nth(0)
    group.locator("text=relabel all as WBC").click()
    assert set(group.locator("figure").evaluate_all("all => all.map(f => f.dataset.decided)")) == {"relabel"}
    assert page.inner_text(".review output") == f"{group.locator('figure').count()} to relabel"


def test_a_term_explains_itself_and_leads_to_the_glossary(visit):
    page = visit()
    term = unfold(page, "label-shift:train-test").locator("a.term").first
    assert len(term.get_attribute("title")) > 20
    term.focus()
    page.keyboard.press("Enter")
    entry = page.locator(page.evaluate("'#' + CSS.escape(decodeURIComponent(location.hash.slice(1)))"))
    assert entry.is_visible() and entry.evaluate("e => e.closest('#glossary') !== null")


def test_copying_and_printing(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    button = page.locator("[data-copy]").first
    button.click()
    button.filter(has_text="copied").wait_for()  # the clipboard answers later than the click
    assert page.evaluate("navigator.clipboard.readText()") == button.get_attribute("data-copy")
    page.evaluate("() => { window.printed = 0; window.print = () => { window.printed += 1; }; }")
    page.click("#print")
    assert page.evaluate("window.printed") == 1


def test_all_shown_of_a_finding_are_decided_at_once(visit, tmp_path):
    made = record()
    dark = Finding(
        code="dark",
        title="Some images are nearly black",
        summary="s",
        effect=Effect.counted("share", 0.3, warn_at=0.1, unit="share"),
        examples=made.images[["path", "label", "split"]].head(4).assign(score=1.0),
    )
    written = tmp_path / "dark.html"
    written.write_text(render_html(replace(made, findings=(dark,))), encoding="utf-8")
    page = visit(written)
    card = unfold(page, "dark")
    decided = "all => [...new Set(all.map(f => f.dataset.decided || ''))]"
    for text, decision in (("drop all shown", "drop"), ("keep all shown", "keep")):
        card.locator(f"text={text}").click()
        assert card.locator("figure[data-item]").evaluate_all(decided) == [decision]


def test_a_relabelling_can_be_called_off(visit):
    page = visit()
    figure = unfold(page, "label-error").locator("figure[data-item]").first
    for leave in (lambda: page.click("dialog >> text=Cancel"), lambda: page.keyboard.press("Escape")):
        figure.focus()
        page.keyboard.press("r")
        leave()
        assert page.locator("dialog").count() == 0 and page.locator("[data-decided]").count() == 0
        assert figure.evaluate("f => f === document.activeElement")


def test_the_first_key_skips_to_the_report(visit):
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_keys_have_a_legend(visit):
    legend = visit().locator(".keys").inner_text()
    assert all(what in legend for what in ("K keep", "D drop", "R relabel", "U take back"))


def test_it_reads_well_without_scripts(visit):
    page = visit(java_script_enabled=False)
    text = page.inner_text("main")
    for part in (
        "Not fit to train on yet",
        "Do these first",
        "What was read",
        "Glossary",
        "auditor split DATA",
    ):
        assert part in text
    assert page.locator("#controls").is_hidden() and page.locator("[data-copy]").first.is_hidden()


@pytest.mark.parametrize("width", [320, 390, 768, 1240])
def test_nothing_is_wider_than_the_window(visit, width):
    page = visit(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_and_light(visit):
    page = visit(color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    assert sum(int(v) for v in dark.strip("rgb()").split(",")) < 150
    page.click("#theme")
    light = page.evaluate(paper)
    assert sum(int(v) for v in light.strip("rgb()").split(",")) > 600
    page.reload()
    assert page.evaluate(paper) == light


def test_paper_shows_what_is_folded_and_no_controls(visit, tmp_path):
    page = visit()
    opened = page.locator("details[open]").count()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#controls").is_hidden() and page.locator(".decide").first.is_hidden()
    assert page.locator("#passed .list-row").first.is_visible()
    folded = page.locator(f"{CARDS}:not([open])")
    assert folded.count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == opened
    assert len(page.pdf(path=tmp_path / "report.pdf", format="A4")) > 10_000


def test_pictures_are_seen(visit):
    page = visit()
    unfold(page, "split-leak:train-val")
    box = page.locator(".thumb").first.bounding_box()
    assert box["width"] == box["height"] == 96
    colours = page.locator(".thumb").first.screenshot()
    assert len(colours) > 400  # a PNG of one colour is far smaller


def test_the_map_changes_its_colours(visit):
    page = visit()
    page.click("#map > details > summary")
    dot = "getComputedStyle(document.querySelector('#map-svg circle')).fill"
    before = page.evaluate(dot)
    page.click("text=colour by split")
    assert page.is_visible("#legend-by-split") and page.is_hidden("#legend-by-class")
    page.click("text=colour by class")
    assert page.evaluate(dot) == before


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, scheme, tmp_path):
    compared = tmp_path / "compare.html"
    compared.write_text(render_compare_html(compare_records(record(), record())), encoding="utf-8")
    for page in (visit(color_scheme=scheme), visit(compared, color_scheme=scheme)):
        page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]] == [], (
            json.dumps(found["violations"])[:2000]
        )
